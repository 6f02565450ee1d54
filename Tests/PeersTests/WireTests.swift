import NIOCore
import Peers
import Raft
import Testing

@Suite("bytes on the wire")
struct WireTests {
  private static let hello = Hello(
    node: NodeID(0x0102), incarnation: incarnation, cluster: "portal", software: "0.9")
  private static let incarnation =
    Incarnation(bytes: 0xa0...0xaf) ?? .random()

  private static let helloBytes: [UInt8] =
    Array("tercet/p".utf8)
    + [0, 1, 0, 1]
    + [0, 0, 0, 0, 0, 0, 1, 2]
    + Array(0xa0...0xaf)
    + [6] + Array("portal".utf8)
    + [3] + Array("0.9".utf8)

  @Test("a hello of version 1 has these bytes, today and always")
  func goldenHello() throws {
    #expect(Self.hello.encoded() == Self.helloBytes)
    #expect(try Hello(decoding: Self.helloBytes) == Self.hello)
  }

  @Test("a frame has these bytes, today and always")
  func goldenFrame() {
    #expect(bytes(Frame(kind: .payload, payload: [7, 8])) == [0, 0, 0, 3, 3, 7, 8])
    #expect(bytes(Frame(kind: .hello, payload: [])) == [0, 0, 0, 1, 1])
    #expect(bytes(Frame(kind: .refusal, payload: [0x6e, 0x6f])) == [0, 0, 0, 3, 2, 0x6e, 0x6f])
  }

  @Test("a hello that a later version made longer is still read")
  func longerHello() throws {
    var later = Self.helloBytes + [1, 2, 3]
    later[11] = 9
    let hello = try Hello(decoding: later)
    #expect(hello.versions == 1...9)
    #expect(hello.node == Self.hello.node)
  }

  @Test("without a common version nothing else of the hello is looked at")
  func noCommonVersion() {
    let foreign = Array("tercet/p".utf8) + [0, 2, 0, 3]
    #expect(throws: LinkFailure.noCommonVersion(theirs: 2...3, ours: 1...1)) {
      try Hello(decoding: foreign)
    }
  }

  @Test(
    "the highest version that both speak is the common one",
    arguments: [
      (1...1, 1...1, 1), (1...3, 2...9, 3), (2...9, 1...3, 3), (1...9, 3...4, 4), (1...2, 3...4, nil),
      (3...4, 1...2, nil),
    ] as [(ClosedRange<UInt16>, ClosedRange<UInt16>, UInt16?)])
  func common(left: ClosedRange<UInt16>, right: ClosedRange<UInt16>, expected: UInt16?) {
    #expect(Hello.common(left, right) == expected)
  }

  @Test("a hello that is cut off anywhere is refused")
  func truncatedHello() {
    for count in 0..<Self.helloBytes.count {
      #expect(throws: LinkFailure.self) { try Hello(decoding: Array(Self.helloBytes.prefix(count))) }
    }
  }

  @Test("a hello with one byte changed is refused or reads as another hello, and never as the same")
  func changedHello() {
    for index in Self.helloBytes.indices {
      for bit in 0..<8 {
        var changed = Self.helloBytes
        changed[index] ^= 1 << bit
        #expect((try? Hello(decoding: changed)) != Self.hello)
      }
    }
  }

  @Test("text from afar cannot forge a line of the log")
  func unprintableText() {
    var forged = Self.helloBytes
    forged[forged.count - 1] = UInt8(ascii: "\n")
    #expect(throws: LinkFailure.malformedHello("its software version")) { try Hello(decoding: forged) }
    #expect(Hello.printable("a\nb\u{1b}é", limit: 10) == "a?b???")
  }

  @Test("frames are the same wherever the stream is cut in two")
  func everySplit() throws {
    let frames = [
      Frame(kind: .hello, payload: Self.helloBytes), Frame(kind: .payload, payload: []),
      Frame(kind: .payload, payload: [1]), Frame(kind: .payload, payload: Array(repeating: 9, count: 300)),
      Frame(kind: .refusal, payload: [2, 3]),
    ]
    let stream = frames.flatMap(bytes)
    for cut in 0...stream.count {
      var decoder = FrameDecoder(maximumPayloadBytes: 300)
      var decoded: [Frame] = []
      for part in [stream[..<cut], stream[cut...]] {
        decoder.append(ByteBuffer(bytes: part))
        while let frame = try decoder.next() { decoded.append(frame) }
      }
      #expect(decoded == frames)
    }
  }

  @Test("frames are the same when each byte comes alone")
  func byteByByte() throws {
    let frames = (0..<40).map { Frame(kind: .payload, payload: Array(repeating: UInt8($0), count: $0)) }
    var decoder = FrameDecoder(maximumPayloadBytes: 40)
    var decoded: [Frame] = []
    for byte in frames.flatMap(bytes) {
      decoder.append(ByteBuffer(bytes: [byte]))
      while let frame = try decoder.next() { decoded.append(frame) }
    }
    #expect(decoded == frames)
  }

  @Test("a length above the limit is refused before anything of the frame has come")
  func oversized() {
    for (length, payload) in [
      ([0, 0, 0, 12], 11), ([0x40, 0, 0, 0], (1 << 30) - 1), ([255, 255, 255, 255], Int(UInt32.max) - 1),
    ]
      as [([UInt8], Int)]
    {
      var decoder = FrameDecoder(maximumPayloadBytes: 10)
      decoder.append(ByteBuffer(bytes: length))
      #expect(throws: LinkFailure.oversizedFrame(bytes: payload, limit: 10)) { try decoder.next() }
    }
  }

  @Test("a frame of exactly the limit is taken")
  func exactLimit() throws {
    var decoder = FrameDecoder(maximumPayloadBytes: 10)
    let frame = Frame(kind: .payload, payload: Array(0..<10))
    decoder.append(frame.encoded())
    #expect(try decoder.next() == frame)
    #expect(try decoder.next() == nil)
  }

  @Test(
    "a frame without a kind, or of an unknown kind, ends the stream",
    arguments: [[0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 4], [0, 0, 0, 9, 255]] as [[UInt8]])
  func malformed(stream: [UInt8]) {
    var decoder = FrameDecoder(maximumPayloadBytes: 10)
    decoder.append(ByteBuffer(bytes: stream))
    let error = #expect(throws: LinkFailure.self) { try decoder.next() }
    #expect(error?.code == "malformed-frame")
  }

  @Test("random bytes give frames within the limit or an error, and never a trap")
  func fuzz() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      var decoder = FrameDecoder(maximumPayloadBytes: 64)
      stream: for _ in 0..<20 {
        decoder.append(ByteBuffer(bytes: Self.randomChunk(using: &random)))
        do {
          while let frame = try decoder.next() { #expect(frame.payload.count <= 64) }
        } catch {
          break stream
        }
      }
      _ = try? Hello(decoding: Self.helloBytes.prefix(12) + Self.randomChunk(using: &random))
    }
  }

  /// Short lengths now and then, so that whole frames come up too.
  private static func randomChunk(using random: inout SeededGenerator) -> [UInt8] {
    let noise = (0..<Int.random(in: 0...40, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    guard Bool.random(using: &random) else { return noise }
    return [0, 0, 0, UInt8.random(in: 0...70, using: &random), UInt8.random(in: 0...4, using: &random)]
      + noise
  }

  private func bytes(_ frame: Frame) -> [UInt8] { Array(frame.encoded().readableBytesView) }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

import Cluster
import Testing
import WireFormat

/// What holds for the encoding of every type.
@Suite("Encoding")
struct CodingTests {
  @Test("a value comes back as it was written", arguments: CodedType.all)
  func roundTrip(_ type: CodedType) throws {
    for seed in 0..<100 as Range<UInt64> {
      try expectRoundTrip(type.value(seed: seed, style: .any), seed)
    }
  }

  @Test("no field is forgotten: a value without any default comes back", arguments: CodedType.all)
  func everyField(_ type: CodedType) throws {
    for seed in 0..<40 as Range<UInt64> {
      let value = type.value(seed: seed, style: .full)
      #expect(defaults(in: value) == [], "the generator leaves fields at their default, seed \(seed)")
      try expectRoundTrip(value, seed)
    }
  }

  @Test("equal values give equal bytes", arguments: CodedType.all)
  func canonical(_ type: CodedType) throws {
    for seed in 0..<20 as Range<UInt64> {
      let value = type.value(seed: seed, style: .any)
      let twin = type.value(seed: seed, style: .any)
      #expect(value.encoded() == twin.encoded(), "seed \(seed)")
      #expect(try reread(value).encoded() == value.encoded(), "seed \(seed)")
    }
  }

  @Test("bytes that are cut off are refused or read, never a trap", arguments: CodedType.all)
  func truncation(_ type: CodedType) {
    for seed in 0..<4 as Range<UInt64> {
      let value = type.value(seed: seed, style: .full)
      let bytes = value.encoded()
      for count in 0..<min(bytes.count, 2_000) { expectTotal(value, Array(bytes[..<count])) }
    }
  }

  @Test("10,000 mutations of valid bytes are refused or read, never a trap", arguments: CodedType.all)
  func mutation(_ type: CodedType) {
    var generator = SplitMix64(seed: 1)
    for seed in 0..<50 as Range<UInt64> {
      let value = type.value(seed: seed, style: seed.isMultiple(of: 2) ? .any : .full)
      let bytes = value.encoded()
      for _ in 0..<200 { expectTotal(value, mutated(bytes, &generator)) }
    }
  }

  @Test(
    "a field that this version does not know is refused, but in what is not kept", arguments: CodedType.all)
  func unknownField(_ type: CodedType) throws {
    let value = type.value(seed: 7, style: .full)
    var writer = WireWriter()
    value.encode(into: &writer)
    writer.field(1_000, 1 as UInt64)
    if ["Report", "TaskReport", "CacheReport", "DatabaseObservation"].contains(type.name) {
      #expect(try reread(value, writer.bytes).encoded() == value.encoded())
    } else {
      #expect(throws: WireError.self) { try reread(value, writer.bytes) }
    }
  }

  private func expectRoundTrip(_ value: some Coded, _ seed: UInt64) throws {
    #expect(try reread(value) == value, "seed \(seed)")
  }

  /// Foreign bytes throw, or read as a value that is itself written and read alike.
  private func expectTotal<Value: Coded>(_ original: Value, _ bytes: [UInt8]) {
    guard let value = try? Value(decoding: bytes) else { return }
    #expect((try? Value(decoding: value.encoded())) == value, "from \(bytes)")
  }

  private func mutated(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0...Int.random(in: 0..<3, using: &generator) {
      let position = Int.random(in: 0...bytes.count, using: &generator)
      let byte = UInt8.random(in: 0...255, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes.insert(byte, at: position)
      case 1 where position < bytes.count: bytes.remove(at: position)
      case 2 where position < bytes.count: bytes[position] = byte
      case _ where position < bytes.count: bytes[position] ^= 1 << (byte & 7)
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}

private func reread<Value: Coded>(_ value: Value, _ bytes: [UInt8]? = nil) throws -> Value {
  try Value(decoding: bytes ?? value.encoded())
}

/// The paths of all fields in a value that are zero, false, empty or absent.
private func defaults(in value: Any, at path: String = "") -> [String] {
  let mirror = Mirror(reflecting: value)
  let isDefault: Bool =
    switch value {
    case let number as any FixedWidthInteger: number.nonzeroBitCount == 0
    case let text as String: text.isEmpty
    case let flag as Bool: !flag
    case let raw as any RawRepresentable<UInt64>: raw.rawValue == 0
    default:
      switch mirror.displayStyle {
      case .optional, .collection: mirror.children.isEmpty
      default: false
      }
    }
  if isDefault { return [path] }
  if value is String { return [] }
  return mirror.children.flatMap { defaults(in: $0.value, at: "\(path).\($0.label ?? "_")") }
}

import Cluster
import Raft

/// Draws values of the module's types from a seed: equal seeds draw equal values.
struct RandomValues {
  enum Style {
    /// Zeros, empty texts, absent values and the extremes of numbers are as likely as anything else.
    case any
    /// No field has its default: nothing is zero, false, empty or absent.
    case full
  }

  var generator: SplitMix64
  let style: Style

  init(seed: UInt64, style: Style = .any) {
    generator = SplitMix64(seed: seed)
    self.style = style
  }

  // MARK: Numbers

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

  mutating func uint() -> UInt64 {
    let value = generator.next() >> UInt64(below(64))
    return style == .full ? max(1, value) : [0, 1, .max, value, value, value][below(6)]
  }

  mutating func int64() -> Int64 {
    let value = Int64(bitPattern: generator.next()) >> Int64(below(63))
    return style == .full ? max(1, value) : [0, .min, .max, value, value, value][below(6)]
  }

  mutating func int() -> Int { Int(int64()) }
  mutating func bool() -> Bool { style == .full || below(2) == 0 }
  mutating func duration() -> Duration { Duration(nanoseconds: int64()) }
  mutating func taskID() -> TaskID { TaskID(max(1, uint())) }
  mutating func lsn() -> LSN { LSN(uint()) }

  // MARK: Texts

  private static let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789-_./{}=: äß漢🐘\0\n")

  mutating func name() -> String {
    let letters = (0...below(12)).map { _ in Self.letters[below(Self.letters.count)] }
    return String(letters)
  }

  mutating func text() -> String {
    if style == .any, below(4) == 0 { return "" }
    return below(8) == 0 ? String(repeating: name(), count: 40) : name()
  }

  // MARK: Composites

  mutating func optional<Value>(_ make: (inout RandomValues) -> Value) -> Value? {
    style == .full || below(2) == 0 ? make(&self) : nil
  }

  mutating func list<Value>(_ make: (inout RandomValues) -> Value) -> [Value] {
    let count = style == .full ? 1 + below(2) : below(4)
    return (0..<count).map { _ in make(&self) }
  }

  mutating func texts() -> [String] { list { $0.text() } }

  /// A plain enumeration's case, by its raw value.
  mutating func raw<Value: RawRepresentable<UInt64>>(_ count: Int) -> Value {
    let lowest = style == .full ? 1 : 0
    return Value(rawValue: UInt64(lowest + below(count - lowest)))!
  }

  mutating func settings() -> [Setting] {
    let drawn = list { Setting($0.text(), $0.text()) }.sorted()
    return drawn.enumerated().filter { $0 == 0 || drawn[$0 - 1].name != $1.name }.map(\.element)
  }

  mutating func serviceName() -> ServiceName { ServiceName(stack: text(), service: text()) }
  mutating func requestID() -> RequestID { RequestID(high: uint(), low: uint()) }
}

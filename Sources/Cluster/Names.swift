/// Cluster: the state that every manager holds alike — what the log says is wanted — and the words in which
/// managers, drivers and operators speak of it. Pure: values and total functions only.

/// A service inside its stack; written `stack/service`.
public struct ServiceName: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  public var stack: String
  public var service: String

  public init(stack: String, service: String) {
    self.stack = stack
    self.service = service
  }

  /// Reads `stack/service`; nil when the text has another form or a part is not a valid name.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ isValidName(String($0)) }) else { return nil }
    self.init(stack: String(parts[0]), service: String(parts[1]))
  }

  public var description: String { "\(stack)/\(service)" }

  public static func < (left: ServiceName, right: ServiceName) -> Bool {
    (left.stack, left.service) < (right.stack, right.service)
  }
}

/// Whether a text may name a stack, service, node, zone, database or cache: 1 to 63 letters, digits, `-`, `_`
/// or `.`, the first a letter or digit. The rule of Docker's own names, so that a name can be part of a
/// container's or a folder's.
public func isValidName(_ text: String) -> Bool {
  func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
  let bytes = Array(text.utf8)
  guard let first = bytes.first, isAlphanumeric(first), bytes.count <= 63 else { return false }
  return bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
}

/// One container slot of a service, filled once: a replacement has an identity of its own. Unique over the
/// cluster's life, rising with the log.
public struct TaskID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(UInt64.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  public static func < (left: TaskID, right: TaskID) -> Bool { left.rawValue < right.rawValue }
  public var description: String { String(rawValue, radix: 36) }
}

/// The identity of a client's request: 128 random bits drawn by the client. An intent with it is applied once,
/// however often it is sent.
public struct RequestID: Hashable, Codable, Sendable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

/// A name with a value: a label, an environment variable, a server parameter. Lists of them are sorted by name
/// and hold each name once, so that equal meanings are equal values.
public struct Setting: Hashable, Comparable, Codable, Sendable {
  public var name: String
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  public static func < (left: Setting, right: Setting) -> Bool { left.name < right.name }

  /// Whether a name sounds like that of a secret: a guess on the safe side, for what is shown or logged.
  public static func soundsSecret(_ name: String) -> Bool {
    let upper = name.uppercased()
    // The working folder, not a password.
    guard upper != "PWD", upper != "OLDPWD" else { return false }
    return ["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "PRIVATE"].contains {
      upper.contains($0)
    }
  }
}

extension [Setting] {
  /// The value under a name.
  public subscript(name: String) -> String? { first { $0.name == name }?.value }
}

public import Cluster

/// `POST /v1/intents`: what an operator wants.
///
/// The request's identity makes it safe to send again, to the same or another manager, until an answer comes:
/// the intent is applied once, and the answer is the same.
public struct IntentRequest: Hashable, Codable, Sendable {
  /// 32 hexadecimal digits, drawn at random by the client for each new wish.
  public var requestID: RequestID
  public var intent: OperatorIntent

  public init(requestID: RequestID, intent: OperatorIntent) {
    self.requestID = requestID
    self.intent = intent
  }

  private enum CodingKeys: String, CodingKey {
    case requestID, intent
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let text = try container.decode(String.self, forKey: .requestID)
    guard let requestID = RequestID(hexadecimal: text) else {
      throw DecodingError.dataCorruptedError(
        forKey: .requestID, in: container, debugDescription: "it must be 32 hexadecimal digits")
    }
    self.requestID = requestID
    intent = try container.decode(OperatorIntent.self, forKey: .intent)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(requestID.hexadecimal, forKey: .requestID)
    try container.encode(intent, forKey: .intent)
  }
}

/// The answer to an intent that was applied, now or before.
public struct IntentReply: Hashable, Codable, Sendable {
  public enum Outcome: String, Hashable, Codable, Sendable {
    /// It is in force. Status 200.
    case accepted
    /// The cluster was so already. Status 200.
    case unchanged
    /// It cannot be. Status 409.
    case refused
  }

  /// The entry that carried it.
  public var index: UInt64
  public var outcome: Outcome
  /// Why it was refused.
  public var reason: String?
  /// It had been applied before, at `index`.
  public var repeated: Bool

  init(_ applied: Applied) {
    index = applied.index
    repeated = applied.isRepeated
    switch applied.outcome {
    case .accepted: outcome = .accepted
    case .unchanged: outcome = .unchanged
    case .refused(let why):
      outcome = .refused
      reason = why
    }
  }
}

extension RequestID {
  /// Reads 32 hexadecimal digits in either case.
  public init?(hexadecimal text: String) {
    guard text.utf8.count == 32, text.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }

  /// 32 lowercase hexadecimal digits.
  public var hexadecimal: String {
    [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// A new identity from the machine's source of randomness.
  public static func random() -> RequestID {
    RequestID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
  }
}

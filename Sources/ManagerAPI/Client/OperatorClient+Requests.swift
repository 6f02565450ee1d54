public import Cluster
import NIOCore

// What operators ask once.

extension OperatorClient {
  /// Brings an intent into force.
  ///
  /// - Returns: where it stands in the log.
  /// - Throws: `ClientError.refused` when it cannot be; `.noQuorum` when nobody could say: then it may yet be
  ///   applied; `.unable` when managers said why not now.
  public func submit(
    _ intent: OperatorIntent, request: RequestID = .random()
  ) async throws(ClientError) -> IntentReply {
    let body = ByteBuffer(string: JSON.text(IntentRequest(requestID: request, intent: intent)))
    let reply = try await document(IntentReply.self, Question("/v1/intents", body: body))
    if reply.outcome == .refused { throw .refused(reason: reply.reason ?? "no reason was given") }
    return reply
  }

  /// What a manager knows.
  ///
  /// - Parameter isCurrent: whether it must show all that was done before; then it needs a quorum.
  public func status(isCurrent: Bool = false) async throws(ClientError) -> ClusterStatus {
    let query = Self.query([("current", isCurrent ? "1" : nil)])
    return try await document(ClusterStatus.self, Question("/v1/status" + query))
  }

  /// All services, or those of one stack.
  public func services(ofStack stack: String? = nil) async throws(ClientError) -> ServiceList {
    try await document(ServiceList.self, Question("/v1/services" + Self.query([("stack", stack)])))
  }

  /// The stack as it is deployed; nil when there is none of the name.
  public func stack(named name: String) async throws(ClientError) -> Stack? {
    do throws(ClientError) {
      return try await document(Stack.self, Question("/v1/stacks/" + Self.escaped(name)))
    } catch {
      if case .rejected(.notFound, _) = error { return nil }
      throw error
    }
  }

  /// The last intents, or those after an index.
  public func history(after index: UInt64 = 0) async throws(ClientError) -> HistoryPage {
    try await document(HistoryPage.self, Question("/v1/history?after=\(index)"))
  }

  private func document<Document: Decodable>(
    _ type: Document.Type, _ question: Question
  ) async throws(ClientError) -> Document {
    let bytes = try await ask(question)
    do {
      return try JSON.decode(type, from: bytes)
    } catch {
      throw .unreadable(error)
    }
  }

  static func query(_ parameters: [(name: String, value: String?)]) -> String {
    let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
  }

  /// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
  static func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      let character = Character(UnicodeScalar(byte))
      if character.isASCII, character.isLetter || character.isNumber || "-._~".contains(character) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

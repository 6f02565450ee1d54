internal import Foundation
internal import NIOCore
internal import NIOFoundationCompat
internal import Raft

/// One request to the engine.
package struct EngineRequest: Sendable {
  package enum Method: String {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
  }

  var method: Method
  /// The path and query, percent-encoded, without the version.
  var target: String
  /// What it is for, as it goes after "cannot": `start the container example_web.1.a3f`.
  var what: String
  var body: Data?
  var contentType = "application/json"
  var headers: [(name: String, value: String)] = []
  var timeout: Duration = .seconds(10)

  package init(_ method: Method, _ path: String, query: KeyValuePairs<String, String> = [:], what: String) {
    self.method = method
    self.what = what
    let parameters = query.map { "\($0.key)=\(percentEncoded($0.value))" }.joined(separator: "&")
    target = parameters.isEmpty ? path : "\(path)?\(parameters)"
  }

  package func body(_ value: some Encodable) throws -> EngineRequest {
    var request = self
    request.body = try JSONEncoder().encode(value)
    return request
  }

  func timeout(_ timeout: Duration) -> EngineRequest {
    var request = self
    request.timeout = timeout
    return request
  }
}

/// The engine's whole answer to a request.
package struct EngineAnswer {
  let request: EngineRequest
  let status: Int
  let body: ByteBuffer

  private static let maximumReason = 500

  var isSuccess: Bool { (200..<300).contains(status) }

  /// What the engine says to a failure: a JSON object with a message.
  var reason: String {
    let message = try? JSONDecoder().decode(MessageAnswer.self, from: body).message
    return String((message ?? String(buffer: body)).prefix(Self.maximumReason))
  }

  var refusal: DockerError { .refusal(what: request.what, status: status, reason: reason) }

  /// - Throws: an error for a status that is neither success nor among the given ones.
  @discardableResult
  package func accept(_ others: Int...) throws -> EngineAnswer {
    guard isSuccess || others.contains(status) else { throw refusal }
    return self
  }

  /// - Throws: an error for a failure, and for an answer of another form.
  package func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try accept()
    do { return try JSONDecoder().decode(type, from: body) } catch {
      throw DockerError.unexpectedAnswer(what: request.what, reason: "\(error)")
    }
  }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
func percentEncoded(_ text: String) -> String {
  var result = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = String(byte, radix: 16, uppercase: true)
      result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
    }
  }
  return result
}

/// The engine's filters: a JSON object of lists.
package func filters(_ filters: [String: [String]]) -> String {
  guard let data = try? JSONEncoder().encode(filters) else {
    preconditionFailure("a dictionary of texts can always be written as JSON")
  }
  return String(decoding: data, as: UTF8.self)
}

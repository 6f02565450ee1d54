import NIOCore
import NIOHTTP1

/// An answer of the door: small, whole, known before it is written.
struct DoorResponse: Sendable {
  var status: HTTPResponseStatus
  var headers: [(name: String, value: String)] = []
  var body = ""

  static let ok = DoorResponse(status: .ok)

  /// A sentence for people.
  static func text(
    _ status: HTTPResponseStatus, _ sentence: String, headers: [(name: String, value: String)] = []
  ) -> DoorResponse {
    DoorResponse(
      status: status, headers: [("content-type", "text/plain; charset=utf-8")] + headers,
      body: sentence + "\n")
  }

  static func failure(_ error: GatewayError) -> DoorResponse {
    if case .refused(let reason) = error { return .text(.conflict, reason) }
    // 503 is what makes Plone's purger, and every load balancer, try again; 202 would not. Who is too fast is told so.
    return .text(
      error == .overloaded ? .tooManyRequests : .serviceUnavailable, error.description,
      headers: [("retry-after", "1")])
  }

  static func methodNotAllowed(_ allowed: String) -> DoorResponse {
    .text(.methodNotAllowed, "this path takes \(allowed)", headers: [("allow", allowed)])
  }

  /// The head with all that follows from the request: length, and whether the connection goes on.
  func head(keepAlive: Bool, version: HTTPVersion) -> HTTPResponseHead {
    var fields = HTTPHeaders()
    fields.reserveCapacity(headers.count + 2)
    for (name, value) in headers { fields.add(name: name, value: value) }
    fields.add(name: "content-length", value: String(body.utf8.count))
    if !keepAlive {
      fields.add(name: "connection", value: "close")
    } else if version.major == 1 && version.minor == 0 {
      fields.add(name: "connection", value: "keep-alive")
    }
    return HTTPResponseHead(version: .http1_1, status: status, headers: fields)
  }
}

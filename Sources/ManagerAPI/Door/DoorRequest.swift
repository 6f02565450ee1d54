import NIOCore
import NIOHTTP1

/// What a client asks of the door beside a purge.
struct DoorRequest: Sendable {
  let method: HTTPMethod
  let path: String
  /// Empty for all but batches.
  let body: ByteBuffer
  /// Of repeated names the first counts; values are not percent-decoded, as no name of ours needs it.
  private let query: [(name: Substring, value: Substring)]

  init(method: HTTPMethod, target: String, body: ByteBuffer = ByteBuffer()) {
    self.method = method
    self.body = body
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (sides[0], sides.count > 1 ? sides[1] : "")
    }
  }

  func parameter(_ name: String) -> String? {
    query.first { $0.name == name }.map { String($0.value) }
  }
}

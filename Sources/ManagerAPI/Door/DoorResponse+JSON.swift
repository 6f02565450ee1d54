import NIOHTTP1

extension DoorResponse {
  /// A document of the API.
  static func json(_ status: HTTPResponseStatus, _ document: some Encodable) -> DoorResponse {
    DoorResponse(
      status: status, headers: [("content-type", "application/json")], body: JSON.text(document) + "\n")
  }
}

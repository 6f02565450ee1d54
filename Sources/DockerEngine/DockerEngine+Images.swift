internal import Foundation
internal import Logging
internal import NIOCore
internal import NIOFoundationCompat
internal import Raft

extension DockerEngine {
  /// Pulls the image when the node has none of its name: one that exists only here is used as it is.
  func ensureImage(_ image: String) async throws {
    let look = EngineRequest(
      .get, "/images/\(percentEncoded(image))/json", what: "look at the image \(image)")
    if try await client.send(look).accept(404).isSuccess { return }
    try await flights.run("image \(image)") { [self] in try await pull(image) }
  }

  private func pull(_ image: String) async throws {
    let started = ContinuousClock.now
    logger.info("pulling an image", metadata: ["image": "\(image)"])
    var request = EngineRequest(
      .post, "/images/create", query: ["fromImage": Self.withTag(image)], what: "pull the image \(image)"
    ).timeout(.seconds(600))
    if let header = credentials.header(forImage: image) {
      request.headers.append((name: "X-Registry-Auth", value: header))
    }
    let answer = try await client.send(request)
    guard answer.isSuccess else { throw Self.refusal(image, answer.reason) }
    // The status was sent before the pull began: a failure is a line of the answer.
    for line in answer.body.readableBytesView.split(separator: UInt8(ascii: "\n")) {
      if let error = try? JSONDecoder().decode(PullLine.self, from: Data(line)).error {
        throw Self.refusal(image, error)
      }
    }
    logger.info(
      "pulled an image", metadata: ["image": "\(image)", "after": "\(ContinuousClock.now - started)"])
  }

  private static func refusal(_ image: String, _ reason: String) -> DockerError {
    let lowered = reason.lowercased()
    if lowered.contains("no space left on device") {
      return .noSpace(what: "pull the image \(image)", reason: reason)
    }
    let isMissing = ["not found", "manifest unknown", "no such image", "access denied", "does not exist"]
      .contains { lowered.contains($0) }
    return isMissing
      ? .imageNotFound(image: image, reason: reason) : .pullFailed(image: image, reason: reason)
  }

  /// A name without a tag means `latest` to people, and all tags to the engine.
  package static func withTag(_ image: String) -> String {
    let last = image.split(separator: "/").last ?? ""
    return last.contains(":") || image.contains("@") ? image : image + ":latest"
  }
}

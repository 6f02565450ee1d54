import Cluster
import NIOCore
import NIOHTTP1

extension Door {
  /// `POST /v1/purge`: all of it stands in the log, or nothing of it.
  func take(_ request: DoorRequest) async -> DoorResponse {
    let batch: PurgeBatch
    do {
      batch = try JSON.decode(PurgeBatch.self, from: request.body)
    } catch let error as DecodingError {
      return .text(.badRequest, error.place)
    } catch {
      return .text(.badRequest, "the body cannot be read: \(error)")
    }
    let purges: [Purge]
    do throws(PurgeBatch.Refusal) {
      purges = try batch.purges(names: names, sites: configuration.sites)
    } catch {
      return .text(.badRequest, error.description)
    }
    do throws(GatewayError) {
      return try await bring(purges, request: batch.requestID)
    } catch {
      metrics.refused(purges.count, error)
      return .failure(error)
    }
  }

  private func bring(_ purges: [Purge], request: RequestID?) async throws(GatewayError) -> DoorResponse {
    let origin = "door/\(configuration.node)"
    guard let request else {
      try await gateway.purge(purges, origin: origin)
      return .json(.ok, PurgeReply(purges: purges.count))
    }
    let applied = try await gateway.submit(.purge(purges), request: request, origin: origin)
    if case .refused(let reason) = applied.outcome { return .text(.conflict, reason) }
    return .json(
      .ok, PurgeReply(purges: purges.count, index: applied.index, repeated: applied.isRepeated))
  }
}

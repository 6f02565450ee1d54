import Cluster
import Logging

/// Exact purges of addresses.
extension VarnishCache {
  /// The longest silence when answers come at once, in milliseconds.
  private static let atOnceMilliseconds = 25

  /// Returns why everything was forgotten, if it was.
  func purgeExactly(_ targets: [PurgeRequest]) async throws(VarnishError) -> String? {
    guard let endpoint = configuration.purges, !targets.isEmpty else { return nil }
    let rest = try await purgeAtOnce(targets)
    return rest.isEmpty ? nil : try await purgePlainly(rest, at: endpoint)
  }

  /// Purges with one look at each address, which is all there is to do where none is being fetched. Returns those that
  /// have to be purged in another way.
  private func purgeAtOnce(_ targets: [PurgeRequest]) async throws(VarnishError) -> [PurgeRequest] {
    // A page that is known to be on its way would only hold the others up.
    let awaited = await secondPass.awaited(among: targets)
    var rest = awaited.isEmpty ? [] : targets.filter(awaited.contains)
    let bundles = PurgeBundle.bundles(of: rest.isEmpty ? targets : targets.filter { !awaited.contains($0) })
    let answers = try await sendAtOnce(bundles.map { $0.request(.atOnce) })
    var unsettled: [PurgeRequest] = []
    for (bundle, answer) in zip(bundles, answers) {
      switch bundle.outcome(by: answer) {
      case .settled: break
      case .purged: unsettled += bundle.targets
      case .refused: rest += bundle.targets
      }
    }
    await secondPass.add(unsettled, behind: carriedThrough)
    return rest + bundles.dropFirst(answers.count).flatMap(\.targets)
  }

  /// Returns the answers that come at once: none to the first whose page is being fetched, and to those behind it.
  private func sendAtOnce(_ requests: [PurgeText]) async throws(VarnishError) -> [Int] {
    do throws(VarnishError) {
      if let line = purgesAtOnce, line.isActive {
        do { return try await line.sendForNow(requests) } catch .connectionLost { await line.close() }
      }
      let new = try await connector.openPurgeLine(timeoutMilliseconds: Self.atOnceMilliseconds)
      let line = await keep(new, or: purgesAtOnce)
      purgesAtOnce = line
      return try await line.sendForNow(requests)
    } catch {
      switch error {
      case .timedOut, .connectionLost: return []
      default: throw error
      }
    }
  }

  private func purgePlainly(
    _ targets: [PurgeRequest], at endpoint: Endpoint
  ) async throws(VarnishError) -> String? {
    let answered = try await answers(to: targets)
    let refused = answered.filter { $0.status != 200 }
    var reason: String?
    if let (target, status) = refused.first {
      guard try await takesOthers(beside: answered.map(\.status)) else {
        throw .purgeRefused(endpoint, path: target.path, status: status)
      }
      reason = try await banRefused(refused)
    }
    await secondPass.add(answered.filter { $0.status == 200 }.map(\.target), behind: carriedThrough)
    return reason
  }

  /// What Varnish says of each address. Those of a bundle that it does not take whole are sent one by one.
  private func answers(
    to targets: [PurgeRequest]
  ) async throws(VarnishError) -> [(target: PurgeRequest, status: Int)] {
    var bundles = PurgeBundle.bundles(of: targets)
    var answered: [(target: PurgeRequest, status: Int)] = []
    while !bundles.isEmpty {
      var apart: [PurgeBundle] = []
      for (bundle, answer) in zip(bundles, try await statuses(of: bundles.map { $0.request() })) {
        if let status = bundle.status(by: answer) {
          answered += bundle.targets.map { ($0, status) }
        } else {
          apart += bundle.apart
        }
      }
      bundles = apart
    }
    return answered
  }

  /// Where Varnish takes other purges, an address that it refuses must not hold them up: a ban forgets it as well,
  /// though it costs more.
  private func banRefused(
    _ refused: [(target: PurgeRequest, status: Int)]
  ) async throws(VarnishError) -> String? {
    for (target, status) in refused {
      logger.warning(
        "banned an address that Varnish does not purge",
        metadata: [
          "cache": "\(configuration.name)", "host": "\(target.host)", "path": "\(target.path)",
          "status": "\(status)",
        ])
    }
    var work = Work([])
    work.exact = refused.map(\.target)
    work.banAddresses()
    let reason = try await carryOut(work.bans)
    await doAgain(work, behind: carriedThrough)
    return reason
  }
}

import ArgumentParser
import Cluster
import ManagerAPI

struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Shows the caches, or makes all of them forget everything.",
    subcommands: [List.self, Flush.self])

  struct List: ClusterCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls",
      abstract: "Lists the caches and how far each has come.",
      discussion: """
        POSITION is the entry of the log up to which all purges are applied; LACKS how many came after it, OLDEST for \
        how long the first of them has been waiting; HITS the share of requests answered since Varnish began. Below \
        stands what does not work, and when a cache was emptied because its Varnish did not take a purge.

        Examples:
          tercet cache ls
          tercet cache ls --json
        """)

    @OptionGroup var cluster: ClusterOptions

    func run(with client: OperatorClient) async throws {
      let status = try await client.status()
      AgeWarning.show(status.answeredBy, status.unconfirmedMilliseconds)
      let caches = status.caches
      Terminal.standardOutput.line(cluster.json ? JSON.text(caches) : Self.table(caches).text)
      guard !cluster.json else { return }
      for problem in Self.problems(status) { Terminal.standardOutput.line("! \(problem)") }
    }

    /// What the caches' nodes say of them.
    static func problems(_ status: ClusterStatus) -> [String] {
      status.nodes.flatMap(\.problems).filter { problem in
        status.caches.contains { problem.hasPrefix("cache \($0.name): ") }
      }
    }

    static func table(_ caches: [CacheStatus]) -> TextTable {
      var table = TextTable([
        "cache", "node", "state", "position", "lacks", "oldest", "bans", "hits", "objects",
      ])
      for cache in caches {
        table.add([
          cache.name, cache.node, cache.reachable ? "reachable" : "unreachable", String(cache.position),
          cache.lag.map(String.init) ?? "everything", cache.age, cache.bans.map(String.init) ?? "-",
          cache.counts?.hitRatio ?? "-", cache.counts.map { String($0.objects) } ?? "-",
        ])
      }
      return table
    }
  }

  struct Flush: ClusterCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes all caches forget everything.",
      discussion: """
        Every page has to be fetched anew: expect load on the sites.

        Example:
          tercet cache flush
        """)

    @Flag(name: [.customShort("y"), .customLong("yes")], help: "Do not ask.")
    var isConfirmed = false

    @OptionGroup var waiting: PurgeWaiting
    @OptionGroup var cluster: ClusterOptions

    func run(with client: OperatorClient) async throws {
      if !isConfirmed { try Question.confirm("Forget all pages in all caches?") }
      try await waiting.purge([.everything], with: client, cluster)
    }
  }
}

extension CacheStatus {
  /// How long the oldest purge that it lacks has been waiting.
  var age: String {
    guard lag != 0 else { return "-" }
    guard let staleMilliseconds else { return "unknown" }
    return staleMilliseconds < 1_000 ? "\(staleMilliseconds)ms" : Ps.age(0, now: Int64(staleMilliseconds))
  }
}

extension CacheCounts {
  /// The share of requests answered from what the cache holds, such as `93.4%`; nil before the first request.
  fileprivate var hitRatio: String? {
    let requests = hits + misses
    guard requests > 0 else { return nil }
    let permille = hits * 1_000 / requests
    return "\(permille / 10).\(permille % 10)%"
  }
}

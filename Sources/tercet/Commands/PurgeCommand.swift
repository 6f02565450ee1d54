import ArgumentParser
import Cluster
import ManagerAPI

struct PurgeCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Makes all caches forget addresses.",
    discussion: """
      A purge is kept for caches that cannot be reached, and applied in its turn as soon as they can. One that \
      serves meanwhile may serve the old page: /cache at its zone's door answers 503 once it has lacked a purge \
      for too long. Waits until all caches that can be reached have applied it, and names those that are behind; \
      with --wait for all caches.

      Examples:
        tercet purge https://www.example.org/news
        tercet purge /news                      # under every host
        tercet purge --ban 'obj.http.x-url ~ ^/news/'
        tercet purge --key front-page --wait
      """)

  @Argument(help: ArgumentHelp("Addresses: whole, or a path alone for every host.", valueName: "address"))
  var addresses: [String] = []

  @Option(
    help: ArgumentHelp("Forget all that a ban expression matches (man vcl).", valueName: "expression"))
  var ban: [String] = []

  @Option(help: ArgumentHelp("Forget all pages tagged so (xkey, X-Ids-Involved).", valueName: "key"))
  var key: [String] = []

  @Option(
    help: ArgumentHelp(
      "The same, but each page is served for its grace while it is fetched anew.", valueName: "key"))
  var softKey: [String] = []

  @OptionGroup var waiting: PurgeWaiting
  @OptionGroup var cluster: ClusterOptions

  func validate() throws {
    guard !addresses.isEmpty || !ban.isEmpty || !key.isEmpty || !softKey.isEmpty else {
      throw ValidationError("name an address, a --ban or a --key")
    }
    for address in addresses where Self.purge(address) == nil {
      throw ValidationError("'\(address)' is neither http://HOST/PATH nor a path that begins with /")
    }
    if let complaint = purges.lazy.compactMap(\.complaint).first { throw ValidationError(complaint) }
  }

  private var purges: [Purge] {
    addresses.compactMap(Self.purge) + ban.map { .ban(expression: $0) }
      + key.map { .key(name: $0, soft: false) } + softKey.map { .key(name: $0, soft: true) }
  }

  func run(with client: OperatorClient) async throws {
    try await waiting.purge(purges, with: client, cluster)
  }

  static func purge(_ address: String) -> Purge? {
    if address.hasPrefix("/") { return .address(host: nil, path: address) }
    let lowered = address.lowercased()
    guard let scheme = ["http://", "https://"].first(where: lowered.hasPrefix) else { return nil }
    let rest = address.dropFirst(scheme.count)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    guard end > rest.startIndex else { return nil }
    let path = rest[end...]
    return .address(host: String(rest[..<end]), path: path.hasPrefix("/") ? String(path) : "/" + path)
  }
}

/// How commands that purge wait for the caches.
struct PurgeWaiting: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Wait for all caches, or for none; without it for those that can be reached.")
  var wait: Bool?

  @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
  var timeout = TimeLimit(duration: .seconds(30), description: "30s")

  /// Purges, waits, and names the caches that are behind.
  func purge(_ purges: [Purge], with client: OperatorClient, _ cluster: ClusterOptions) async throws {
    var waiting = WaitOptions()
    waiting.detach = wait == false
    waiting.timeout = timeout
    // No stack has this name: of the progress only the caches count.
    let noStack = "-"
    var goal: PurgeGoal?
    let report = try await Change(client: client, cluster: cluster, waiting: waiting, stack: noStack).make(
      .purge(purges), interrupted: "the purge goes on"
    ) { reply in
      let made = PurgeGoal(index: reply.index, waitsForAll: wait == true)
      goal = made
      return made
    }
    guard let report, let goal else { return }
    for cache in goal.behind(in: report) {
      StandardError.line("tercet: cache \(cache) is \(PurgeGoal.unreachable)")
    }
  }
}

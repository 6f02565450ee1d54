import ArgumentParser
import Cluster
import Foundation
import ManagerAPI

struct PurgeCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Makes all caches forget addresses.",
    discussion: """
      A purge is kept for caches that are away and applied before they serve again. Waits until all caches \
      that can be reached have applied it, and names those that are behind.

      Examples:
        tercet purge https://www.example.org/news
        tercet purge /news                      (under every host)
        tercet purge --ban 'obj.http.x-url ~ ^/news/'
      """)

  @Argument(help: ArgumentHelp("Addresses: whole, or a path alone for every host.", valueName: "address"))
  var addresses: [String] = []

  @Option(
    help: ArgumentHelp("Forget all that a ban expression matches (man vcl).", valueName: "expression"))
  var ban: [String] = []

  @Flag(inversion: .prefixedNo, help: "Wait until the caches have applied it.")
  var wait = true

  @Option(help: ArgumentHelp("How long to wait.", valueName: "time"))
  var timeout = TimeLimit(duration: .seconds(30), description: "30s")

  @OptionGroup var cluster: ClusterOptions

  func validate() throws {
    guard !addresses.isEmpty || !ban.isEmpty else { throw ValidationError("name an address or a --ban") }
    for address in addresses where Self.purge(address) == nil {
      throw ValidationError("'\(address)' is neither http://HOST/PATH nor a path that begins with /")
    }
  }

  func run(with client: OperatorClient) async throws {
    let purges = addresses.compactMap(Self.purge) + ban.map { Purge.ban(expression: $0) }
    var waiting = WaitOptions()
    waiting.detach = !wait
    waiting.timeout = timeout
    // No stack has this name: of the progress only the caches count.
    let noStack = "-"
    var goal: PurgeGoal?
    let report = try await Change(client: client, cluster: cluster, waiting: waiting, stack: noStack).make(
      .purge(purges), interrupted: "the purge goes on"
    ) { reply in
      let made = PurgeGoal(index: reply.index)
      goal = made
      return made
    }
    guard let report, let goal else { return }
    for cache in goal.behind(in: report) {
      StandardError.line("tercet: cache \(cache) is not reachable; it will be purged before it serves again")
    }
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

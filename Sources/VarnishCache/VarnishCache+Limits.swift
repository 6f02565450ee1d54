import Logging

extension VarnishCache {
  /// As Varnish comes, its lurker looks at a ban after a minute, and the list of bans has no end.
  private static let limits = [("ban_lurker_age", "1"), ("ban_cutoff", "5000")]

  /// Bounds Varnish's list of bans where nobody has: the purges of a cache in a container are all bans, and each is
  /// tested at every hit. What Varnish was started with stays. It is done at each connection, for Varnish forgets it
  /// when it ends.
  func limitBans(_ line: CommandLine) async throws(VarnishError) {
    let shown = try await line.send(Self.limits.map { Command.showParameter($0.0) })
    for ((name, value), reply) in zip(Self.limits, shown) where reply.isSuccess && reply.isDefault {
      let answer = try await line.send([.setParameter(name, value)])[0]
      let metadata: Logger.Metadata = [
        "cache": "\(configuration.name)", "parameter": "\(name)", "value": "\(value)",
      ]
      if answer.isSuccess {
        logger.info("set a parameter of Varnish that keeps its list of bans short", metadata: metadata)
      } else {
        logger.warning(
          "Varnish does not let its list of bans be kept short; start varnishd with -p \(name)=\(value)",
          metadata: metadata)
      }
    }
  }
}

extension CommandReply {
  /// Whether `param.show` tells of a value that nobody chose.
  fileprivate var isDefault: Bool {
    text.split(separator: "\n").contains { $0.contains("Value is:") && $0.hasSuffix("(default)") }
  }
}

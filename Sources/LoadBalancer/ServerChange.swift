import Cluster

/// A difference in servers alone, which the running worker can be told.
struct ServerChange {
  /// In HAProxy's words, "frontend/server".
  var added: [(place: String, server: Balancing.Server)]
  var removed: [String]

  /// Nil when frontends differ too, or a server has changed its address: that takes a reload.
  init?(from old: Balancing, to new: Balancing) {
    guard old.frontends.map(\.withoutServers) == new.frontends.map(\.withoutServers) else { return nil }
    added = []
    removed = []
    for (old, new) in zip(old.frontends, new.frontends) {
      let before = Dictionary(uniqueKeysWithValues: old.servers.map { ($0.name, $0) })
      for server in new.servers where before[server.name] != server {
        guard before[server.name] == nil else { return nil }
        added.append(("\(new.name)/\(server.name)", server))
      }
      let names = Set(new.servers.map(\.name))
      removed += old.servers.filter { !names.contains($0.name) }.map { "\(old.name)/\($0.name)" }
    }
  }
}

extension Balancing.Frontend {
  /// All that takes a reload, if it differs.
  fileprivate var withoutServers: Self {
    Self(name: name, port: port, servers: [], elsewhere: elsewhere)
  }
}

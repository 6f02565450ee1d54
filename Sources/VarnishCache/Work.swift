import Cluster

/// What one step asks of a Varnish, by the way it is done.
struct Work {
  var exact: [PurgeRequest] = []
  var bans: [Ban] = []
  var keys: [String] = []
  var softKeys: [String] = []

  /// Bans that an earlier version took into the log, and this one does not say to Varnish.
  var refusals: [BanExpression.Malformed] = []

  /// Forgets everything.
  static let flush: Work = {
    var work = Work([])
    work.bans = [Ban(expression: .everything)]
    return work
  }()

  /// What no request could carry is in no cache, and is not here.
  init(_ purges: [Purge]) {
    var paths: [String] = []
    for purge in purges {
      switch purge {
      case .address(let host, let path):
        guard isAddress(path), host.map(isPrintable) ?? true else { continue }
        if let host, path.utf8.count <= Self.longestExact {
          exact.append(PurgeRequest(host: host, path: path))
        } else if let host {
          bans += Ban.addresses([path], host: host)
        } else {
          paths.append(path)
        }
      case .ban(let expression):
        do {
          bans.append(Ban(expression: try BanExpression(parsing: expression)))
        } catch {
          refusals.append(error)
        }
      case .key(let key, let soft):
        guard isPrintable(key) else { continue }
        if soft { softKeys.append(key) } else { keys.append(key) }
      }
    }
    bans += Ban.addresses(paths, host: nil)
    if !refusals.isEmpty { bans.append(Ban(expression: .everything)) }
  }

  /// Adds the bans and tags of other work, each once.
  mutating func merge(_ other: Work) {
    bans += other.bans.filter { !bans.contains($0) }
    keys.add(other.keys)
    softKeys.add(other.softKeys)
  }

  /// A request line that Varnish has room for.
  private static let longestExact = 8_000

  /// Turns exact purges into bans.
  mutating func banAddresses() {
    var byHost: [(host: String, paths: [String])] = []
    for target in exact {
      if let place = byHost.firstIndex(where: { $0.host == target.host }) {
        byHost[place].paths.append(target.path)
      } else {
        byHost.append((target.host, [target.path]))
      }
    }
    bans += byHost.flatMap { Ban.addresses($0.paths, host: $0.host) }
    exact = []
  }
}

extension [String] {
  /// Adds those that are not there yet, by their bytes: two spellings of one word are two tags.
  fileprivate mutating func add(_ others: [String]) {
    var known = Set(map { [UInt8]($0.utf8) })
    self += others.filter { known.insert([UInt8]($0.utf8)).inserted }
  }
}

private func isAddress(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") && isPrintable(path) }

private func isPrintable(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
}

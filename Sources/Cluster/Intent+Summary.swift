import Raft

extension Intent {
  /// In words, without secrets, such as `scale example/web to 4`: one line of at most `maximumSummaryLength`
  /// characters.
  public var summary: String { words.asOneLine(atMost: Self.maximumSummaryLength) }

  /// In Unicode scalars.
  public static let maximumSummaryLength = 200

  private var words: String {
    switch self {
    case .deploy(let stack): "deploy \(stack.summary)"
    case .remove(let stack): "remove \(stack)"
    case .scale(let service, let replicas): "scale \(service) to \(replicas)"
    case .promote(let database): "promote database \(database)"
    case .purge(let purges): "purge \(Self.summary(of: purges))"
    case .drain(let node): "drain \(node)"
    case .activate(let node): "activate \(node)"
    case .forget(let node): "forget node \(node)"
    case .register(let description): "register node \(description.name) in zone \(description.zone)"
    case .health(let node, .ready): "node \(node) is back"
    case .health(let node, .lost): "node \(node) is lost"
    case .assign(let remove, let add): Self.summary(removing: remove, adding: add)
    case .rollout(let service, let revision, let event):
      "rollout of \(service) to \(revision): \(event.summary)"
    case .database(let step): "database \(step.database): \(step.mode.summary)"
    case .managers(let change): change.summary
    case .managerStep(let step): step.summary
    case .recovery(let recovery): recovery.summary
    case .raise(let level): "all managers understand feature level \(level.rawValue)"
    case .cachePositions(let positions):
      "caches: " + positions.list { "\($0.cache) at \($0.position)" }
    }
  }

  private static func summary(of purges: [Purge]) -> String {
    var (addresses, bans, keys) = (0, 0, 0)
    for purge in purges {
      switch purge {
      case .address: addresses += 1
      case .ban: bans += 1
      case .key: keys += 1
      }
    }
    let parts = [
      (addresses, "address", "addresses"), (bans, "ban", "bans"), (keys, "key", "keys"),
    ].filter { $0.0 > 0 }.map { counted($0, $1, $2) }
    return parts.isEmpty ? counted(0, "address", "addresses") : parts.joined(separator: " and ")
  }

  private static func summary(removing removed: [TaskID], adding added: [Assignment]) -> String {
    var parts: [String] = []
    if !added.isEmpty { parts.append("run " + added.list { "\($0.service).\($0.slot) on \($0.node)" }) }
    if !removed.isEmpty { parts.append("stop " + removed.list(\.description)) }
    return parts.isEmpty ? "assign nothing" : parts.joined(separator: "; ")
  }
}

extension Stack {
  /// Such as `example (web ×2, agent everywhere, database shop)`.
  fileprivate var summary: String {
    let parts = services.map(\.summary) + databases.map { "database \($0.name)" }
    return "\(name) (\(parts.isEmpty ? "empty" : parts.list { $0 }))"
  }
}

extension Service {
  fileprivate var summary: String {
    switch mode {
    case .replicated(let count): "\(name) ×\(count)"
    case .global: "\(name) everywhere"
    }
  }
}

extension RolloutEvent {
  fileprivate var summary: String {
    switch self {
    case .failed(let count): counted(count, "task", "tasks") + " failed"
    case .completed: "completed"
    case .paused(let reason): "paused, \(reason)"
    case .rollBack(let reason): "rolled back, \(reason)"
    }
  }
}

private func counted(_ count: Int, _ one: String, _ many: String) -> String {
  "\(count) \(count == 1 ? one : many)"
}

extension Array {
  /// The first elements in words and how many more there are.
  fileprivate func list(_ words: (Element) -> String) -> String {
    let shown = 8
    let rest = count > shown ? [" and \(count - shown) more"] : []
    return prefix(shown).map(words).joined(separator: ", ") + rest.joined()
  }
}

extension String {
  /// Without control characters, so that a line of the history cannot steer a terminal, and cut to a length.
  fileprivate func asOneLine(atMost limit: Int) -> String {
    // Nearly all are so.
    if utf8.count <= limit, utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return self }
    let isTooLong = unicodeScalars.dropFirst(limit).first != nil
    var line = UnicodeScalarView()
    for scalar in unicodeScalars.prefix(isTooLong ? limit - 1 : limit) {
      line.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return isTooLong ? String(line) + "…" : String(line)
  }
}

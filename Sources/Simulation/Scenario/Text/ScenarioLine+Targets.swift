extension ScenarioLine {
  /// The targets that are found out when something befalls them.
  private static let roles: [(name: String, target: Target)] = [
    ("@leader", .leader), ("@follower", .follower), ("@primary", .primary), ("@secondary", .secondary),
    ("@last-killed", .lastKilled), ("@decider", .decider),
  ]

  /// `m1`, `a`, `zone a`, `all`, `@leader`.
  mutating func target() throws(ScenarioError) -> Target {
    let expected = "a machine, a zone, `all` or a role such as `@leader`"
    let word = try word(expected)
    switch word.text {
    case "all": return .all
    case "zone":
      let zone = try self.word("a zone")
      guard names.zones.contains(zone.text) else {
        throw unknown(zone, expected: "a zone of this file", among: names.zones)
      }
      return .zone(zone.text)
    default:
      if let role = Self.roles.first(where: { $0.name == word.text }) { return role.target }
      guard names.nodes.contains(word.text) || names.zones.contains(word.text) else {
        let known = names.nodes + names.zones.filter { !names.nodes.contains($0) } + ["all"]
        throw unknown(word, expected: expected, among: known + Self.roles.map(\.name))
      }
      return .named(word.text)
    }
  }

  struct Link {
    var from: Target
    var to: Target
    var direction: Direction
  }

  /// `a->b`, `a<->b`
  mutating func link() throws(ScenarioError) -> Link {
    let start = column
    let from = try target()
    let direction = try arrow()
    let to = try target()
    guard from != to else {
      throw error(at: start, "a link has two different ends, found `\(from.text)` at both")
    }
    return Link(from: from, to: to, direction: direction)
  }
}

extension Target {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .all: "all"
    case .named(let name): name
    case .zone(let name): "zone \(name)"
    case .leader: "@leader"
    case .follower: "@follower"
    case .primary: "@primary"
    case .secondary: "@secondary"
    case .lastKilled: "@last-killed"
    case .decider: "@decider"
    }
  }
}

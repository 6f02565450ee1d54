import Cluster
import Raft

/// One line of a service's or database's description, by the stack file's own key.
struct Attribute: Equatable {
  let key: String
  let value: String
  /// The value is never shown.
  let isSecret: Bool

  init(_ key: String, _ value: String, isSecret: Bool = false) {
    self.key = key
    self.value = value
    self.isSecret = isSecret
  }

  static let mask = "(hidden)"

  var shown: String { isSecret ? Self.mask : value }
}

extension Attribute {
  /// A list of settings, one attribute each.
  static func settings(_ prefix: String, _ settings: [Setting]) -> [Attribute] {
    settings.map {
      Attribute("\(prefix).\($0.name)", $0.value, isSecret: isSecret(name: $0.name, value: $0.value))
    }
  }

  static func list(_ key: String, _ values: [String]) -> [Attribute] {
    values.isEmpty ? [] : [Attribute(key, values.joined(separator: ", "))]
  }

  static func optional(_ key: String, _ value: String?) -> [Attribute] {
    value.map { [Attribute(key, $0)] } ?? []
  }

  /// A guess on the safe side: by the name, or because the value carries a password inside.
  static func isSecret(name: String, value: String) -> Bool {
    Setting.soundsSecret(name) || carriesSecret(value)
  }

  /// Whether a text has a password or the like inside: in an address, as an option, or as the word after one.
  static func carriesSecret(_ value: String) -> Bool {
    let lower = value.lowercased()
    if lower.contains("://") && lower.contains("@") { return true }
    return ["pass", "secret", "token", "key", "credential"].contains { word in
      lower.ranges(of: word).contains { range in
        let rest = lower[range.upperBound...].drop { $0.isLetter || "_-".contains($0) }
        return rest.first == "=" || rest.first == ":"
          || rest.first == " " && lower.isOption(at: range.lowerBound)
      }
    }
  }

  /// Words of a command line, hidden as a whole when one of them carries a secret.
  static func words(_ key: String, _ words: [String]) -> Attribute {
    let text = words.map { $0.contains(" ") || $0.isEmpty ? "'\($0)'" : $0 }.joined(separator: " ")
    return Attribute(key, text, isSecret: carriesSecret(text))
  }
}

extension String {
  /// Whether the word around a place begins with a dash: `--admin-password`.
  fileprivate func isOption(at place: Index) -> Bool {
    self[..<place].reversed().prefix { !$0.isWhitespace }.last == "-"
  }
}

extension Service {
  /// Everything that the file can say of it and that is not empty, in the file's order of thought.
  var attributes: [Attribute] {
    [Attribute("image", template.image)] + modeAttributes + template.attributes + placementAttributes
      + restartAttributes + policy("update_config", update) + policy("rollback_config", rollback)
      + Attribute.settings("deploy.labels", labels)
  }

  /// What a service has about which the file says nothing. There is always an image.
  static var defaults: [Attribute] {
    Service(name: "", template: TaskTemplate(image: "")).attributes.filter { $0.key != "image" }
  }

  private var modeAttributes: [Attribute] {
    switch mode {
    case .global: [Attribute("mode", "global")]
    case .replicated(let count): [Attribute("replicas", "\(count)")]
    }
  }

  private var placementAttributes: [Attribute] {
    Attribute.list("placement.constraints", placement.constraints.map(\.description))
      + Attribute.list("placement.spread", placement.spread)
      + (placement.maximumPerNode > 0
        ? [Attribute("placement.max_replicas_per_node", "\(placement.maximumPerNode)")] : [])
  }

  private var restartAttributes: [Attribute] {
    let condition =
      switch restart.condition {
      case .any: "any"
      case .onFailure: "on-failure"
      case .none: "none"
      }
    return [
      Attribute("restart_policy.condition", condition),
      Attribute("restart_policy.delay", restart.delay.text),
      Attribute(
        "restart_policy.max_attempts",
        restart.maximumAttempts == 0 ? "no limit" : "\(restart.maximumAttempts)"),
      Attribute("restart_policy.window", restart.window.text),
    ]
  }

  private func policy(_ prefix: String, _ policy: UpdatePolicy) -> [Attribute] {
    let action =
      switch policy.failureAction {
      case .pause: "pause"
      case .proceed: "continue"
      case .rollBack: "rollback"
      }
    return [
      Attribute("\(prefix).parallelism", policy.parallelism == 0 ? "all at once" : "\(policy.parallelism)"),
      Attribute("\(prefix).delay", policy.delay.text),
      Attribute("\(prefix).order", policy.order == .stopFirst ? "stop-first" : "start-first"),
      Attribute("\(prefix).monitor", policy.monitor.text),
      Attribute("\(prefix).failure_action", action),
      Attribute("\(prefix).max_failure_ratio", "\(Double(policy.maximumFailurePermille) / 1_000)"),
    ]
  }
}

extension DatabaseSpecification {
  var attributes: [Attribute] {
    [
      Attribute("zones", zones.joined(separator: ", ")), Attribute("port", "\(port)"),
      Attribute("owner", owner), Attribute("password", password, isSecret: true),
      Attribute("relax_after", relaxAfter?.text ?? "never"),
    ] + Attribute.list("clients", clientNetworks) + Attribute.settings("parameters", parameters)
  }
}

extension Duration {
  /// As stack files write it: `1m30s`, `500ms`.
  var text: String {
    if nanoseconds % 1_000_000_000 != 0 { return "\(milliseconds)ms" }
    let seconds = nanoseconds / 1_000_000_000
    guard seconds >= 60 else { return "\(seconds)s" }
    return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds / 60)m\(seconds % 60)s"
  }
}

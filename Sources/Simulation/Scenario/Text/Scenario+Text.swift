import Raft

extension Scenario {
  /// The scenario as a file says it: reading it again gives the same scenario.
  ///
  /// Names, images and paths are written as they are; they must be such as a file can say.
  public var text: String {
    var lines = ["scenario \(name) v1", field("nodes", nodes.map { "\($0.name)@\($0.zone)" })]
    lines.append(field("begin", [start.rawValue]))
    if allowsMisses { lines.append(field("misses", ["allowed"])) }
    lines += settings.map { field("set", [$0.text]) }
    lines += links.map { field("link", [$0.direction.text($0.from, $0.to), $0.quality.text]) }
    if load != Load() { lines.append(field("load", [load.text])) }
    lines += [""] + stepLines + [""]
    lines += fields("always", always.map(\.rawValue))
    if let eventually { lines.append(field("eventually", [eventually.text])) }
    lines += fields("reach", reach.map(\.text))
    lines += fields("expect", expect.map(\.rawValue))
    return lines.split(separator: "", omittingEmptySubsequences: true).map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  /// The incidents of all steps stand in one column, unless a trigger is very long.
  private var stepLines: [String] {
    let width = steps.map(\.trigger.text.count).filter { $0 <= 44 }.max() ?? 0
    return steps.map { step in
      step.trigger.text.padded(to: width) + "  " + step.incidents.map(\.text).joined(separator: "; ")
    }
  }

  private func field(_ name: String, _ values: [String]) -> String {
    name.padded(to: "eventually".count) + "  " + values.joined(separator: " ")
  }

  /// As many lines as it takes; none without values.
  private func fields(_ name: String, _ values: [String]) -> [String] {
    var lines: [String] = []
    for value in values {
      if let last = lines.last, last.count + 1 + value.count <= 100 {
        lines[lines.count - 1] = last + " " + value
      } else {
        lines.append(field(name, [value]))
      }
    }
    return lines
  }
}

extension Scenario.Load {
  /// As scenario files write it.
  public var text: String {
    let shares = mix.map { "\($0.kind.rawValue):\($0.weight)" }.joined(separator: " ")
    return "clients \(clients) rate \(requestsPerSecond)/s mix \(shares) until \(Quantity.text(until))"
  }
}

extension Scenario.Trigger {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .at(let time): "at \(Quantity.text(time))"
    case .when(let condition, let limit): "when \(condition.text) within \(Quantity.text(limit))"
    case .then(let delay): "then +\(Quantity.text(delay))"
    }
  }
}

extension Scenario.Eventually {
  /// As scenario files write it.
  public var text: String {
    "within \(Quantity.text(within)) after heal "
      + (goals == Scenario.Goal.allCases
        ? "everything" : goals.map(\.rawValue).joined(separator: " "))
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

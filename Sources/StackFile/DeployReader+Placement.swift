internal import Cluster

extension DeployReader {
  static func readPlacement(_ element: Element, into placement: inout Placement) {
    guard let record = Record(element, ServiceKeys.placement) else { return }
    placement.constraints = (record["constraints"]?.list() ?? []).compactMap(constraint)
    placement.spread = (record["preferences"]?.list() ?? []).compactMap(spread)
    placement.maximumPerNode = record["max_replicas_per_node"]?.integer(0...10_000) ?? 0
  }

  private static func constraint(_ element: Element) -> Constraint? {
    guard let text = element.nonEmptyText() else { return nil }
    guard let comparison = text.firstRange(of: "==") ?? text.firstRange(of: "!=") else {
      element.error("`\(text)` is no constraint", remedy: "write it as node.labels.name == value, or with !=")
      return nil
    }
    let name = trimmed(text[..<comparison.lowerBound])
    let value = trimmed(text[comparison.upperBound...])
    guard !value.isEmpty else {
      element.error("the constraint compares `\(name)` with nothing")
      return nil
    }
    guard let attribute = attribute(name) else {
      element.error(
        "`\(name)` is nothing that a node is known by",
        remedy: "use node.id, node.hostname, node.role, node.zone, node.labels.…, node.platform.os or .arch")
      return nil
    }
    if attribute == .role, !["manager", "worker"].contains(value) {
      element.error("`\(value)` is neither `manager` nor `worker`")
    }
    return Constraint(attribute: attribute, isEqual: text[comparison] == "==", value: value)
  }

  private static func attribute(_ name: String) -> Constraint.Attribute? {
    switch name {
    case "node.id": .id
    case "node.hostname": .hostname
    case "node.role": .role
    case "node.zone": .zone
    case "node.platform.os": .operatingSystem
    case "node.platform.arch": .architecture
    default: label(name).map { .label($0) }
    }
  }

  private static func spread(_ element: Element) -> String? {
    guard let record = Record(element, Keys(known: ["spread"])), let spread = record["spread"],
      let text = spread.nonEmptyText()
    else { return nil }
    if let label = label(text) { return label }
    if ["node.id", "node.hostname", "node.zone"].contains(text) {
      spread.warning("tasks are spread over zones and nodes in any case")
    } else {
      spread.error("`\(text)` is nothing to spread over", remedy: "write it as node.labels.name")
    }
    return nil
  }

  private static func label(_ name: String) -> String? {
    let prefix = "node.labels."
    return name.hasPrefix(prefix) && name.count > prefix.count ? String(name.dropFirst(prefix.count)) : nil
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}

/// The top-level `networks`, and the full names by which nodes know them: `STACK_NAME`, or the name itself where the
/// network is external or names itself.
struct NetworkDefinitions {
  private let fullNames: [String: String]
  /// The network of services that name none.
  let defaultName: String

  private static let keys = Keys(
    known: ["name", "driver", "external", "attachable", "internal"],
    ignored: [
      "driver_opts": "the network is a bridge on each node, made with Docker's defaults",
      "ipam": "each node chooses the addresses of its own bridge",
      "labels": "the network has Tercet's own labels",
      "enable_ipv6": "the network is a bridge on each node, made with Docker's defaults",
      "enable_ipv4": "the network is a bridge on each node, made with Docker's defaults",
    ])

  init(_ element: Element?, stackName: String) {
    var fullNames = ["default": "\(stackName)_default"]
    for field in element?.fields() ?? [] where !field.key.hasPrefix("x-") {
      fullNames[field.key] = Self.fullName(of: field, stackName: stackName)
    }
    self.fullNames = fullNames
    defaultName = fullNames["default"] ?? "\(stackName)_default"
  }

  func fullName(_ name: String) -> String? { fullNames[name] }

  private static func fullName(of field: Field, stackName: String) -> String {
    let standard = "\(stackName)_\(field.key)"
    guard !field.value.isNull, let record = Record(field.value, keys) else { return standard }
    let name = record["name"]?.nonEmptyText()
    if let external = External(record["external"]), external.isExternal {
      let name = external.name ?? name ?? field.key
      if ["host", "none"].contains(name) {
        field.keyElement.error(
          "Docker's network `\(name)` is not supported", remedy: "publish ports with `mode: host` instead")
      }
      return name
    }
    checkDriver(record)
    if record["internal"]?.bool() == true {
      record.keyElement("internal")?.warning(
        "the key has no effect: containers on this network reach the outside, and published ports reach them")
    }
    return name ?? standard
  }

  private static func checkDriver(_ record: Record) {
    guard let element = record["driver"], let driver = element.text() else { return }
    switch driver {
    case "bridge", "default", "": break
    case "overlay":
      element.warning(
        "an overlay becomes a bridge on each node: names resolve to the containers of the same node",
        remedy: "reach services of other nodes through published ports")
    default: element.error("the driver `\(driver)` is not supported", remedy: "use `bridge`")
    }
  }
}

/// `external: true`, or the older `external: {name: …}`.
struct External {
  let isExternal: Bool
  let name: String?

  init?(_ element: Element?) {
    guard let element else { return nil }
    if element.isMapping {
      isExternal = true
      name = Record(element, Keys(known: ["name"]))?["name"]?.nonEmptyText()
    } else {
      guard let value = element.bool() else { return nil }
      isExternal = value
      name = nil
    }
  }
}

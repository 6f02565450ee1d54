internal import Cluster

/// The top-level `volumes`: the full names by which nodes know them, `STACK_NAME` or the name itself where the volume
/// is external or names itself, and the options they are made with.
struct VolumeDefinitions {
  struct Volume {
    let fullName: String
    let driverOptions: [Setting]
  }

  private let volumes: [String: Volume]

  private static let keys = Keys(
    known: ["name", "driver", "driver_opts", "external"],
    ignored: ["labels": "the volume has Tercet's own labels"])

  init(_ element: Element?, stackName: String) {
    var volumes: [String: Volume] = [:]
    for field in element?.fields() ?? [] where !field.key.hasPrefix("x-") {
      volumes[field.key] = Self.volume(field, stackName: stackName)
    }
    self.volumes = volumes
  }

  func volume(_ name: String) -> Volume? { volumes[name] }

  private static func volume(_ field: Field, stackName: String) -> Volume {
    let standard = "\(stackName)_\(field.key)"
    guard !field.value.isNull, let record = Record(field.value, keys) else {
      return Volume(fullName: standard, driverOptions: [])
    }
    let name = record["name"]?.nonEmptyText()
    if let external = External(record["external"]), external.isExternal {
      return Volume(fullName: external.name ?? name ?? field.key, driverOptions: [])
    }
    if let element = record["driver"], let driver = element.text(), driver != "local" {
      element.error(
        "the driver `\(driver)` is not supported", remedy: "use `local`, with driver_opts for NFS")
    }
    return Volume(fullName: name ?? standard, driverOptions: record["driver_opts"]?.settings() ?? [])
  }
}

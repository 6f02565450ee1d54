internal import Cluster

/// A service's `volumes`, in Docker's short form (`data:/var/lib/data:ro`) and long form.
struct MountReader {
  let volumes: VolumeDefinitions

  func read(_ element: Element) -> [Mount] {
    (element.list() ?? []).compactMap { $0.isMapping ? long($0) : short($0) }
  }

  // MARK: Short form

  private func short(_ element: Element) -> Mount? {
    guard let text = element.nonEmptyText() else { return nil }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 3, !parts.contains("") else {
      element.error("`\(text)` is no mount", remedy: "write it as source:/path or source:/path:ro")
      return nil
    }
    guard parts.count > 1 else {
      return mount(.volume(driverOptions: []), source: "", target: text, at: element)
    }
    let isReadOnly = parts.count == 3 && readOptions(parts[2], at: element)
    if "./~".contains(parts[0].prefix(1)) {
      return bind(parts[0], target: parts[1], isReadOnly: isReadOnly, at: element)
    }
    return volume(parts[0], target: parts[1], isReadOnly: isReadOnly, at: element)
  }

  /// - Returns: whether the mount is read-only.
  private func readOptions(_ text: String, at element: Element) -> Bool {
    var isReadOnly = false
    for option in text.split(separator: ",") {
      switch option {
      case "ro": isReadOnly = true
      case "rw", "cached", "delegated", "consistent": break
      case "z", "Z", "nocopy", "private", "rprivate", "shared", "rshared", "slave", "rslave":
        element.warning("the option `\(option)` has no effect")
      default: element.error("unknown option `\(option)`", remedy: "the options are `ro` and `rw`")
      }
    }
    return isReadOnly
  }

  // MARK: Long form

  private static let keys = Keys(
    known: ["type", "source", "target", "read_only", "tmpfs", "consistency"],
    ignored: [
      "bind": "the mount has Docker's defaults, and its path must exist on the node",
      "volume": "the mount has Docker's defaults",
    ])

  private enum Kind { case bind, volume, temporary }

  private func long(_ element: Element) -> Mount? {
    guard let record = Record(element, Self.keys) else { return nil }
    guard let typeElement = record["type"], let targetElement = record["target"] else {
      element.error("a mount needs `type` and `target`")
      return nil
    }
    let kinds: KeyValuePairs = ["bind": Kind.bind, "volume": .volume, "tmpfs": .temporary]
    guard let kind = typeElement.choice(kinds), let target = targetElement.nonEmptyText() else { return nil }
    let source = record["source"]?.nonEmptyText()
    let isReadOnly = record["read_only"]?.bool() ?? false
    switch (kind, source) {
    case (.bind, nil):
      element.error("a bind mount needs a `source`: the path on the node")
      return nil
    case (.bind, let source?): return bind(source, target: target, isReadOnly: isReadOnly, at: element)
    case (.volume, nil):
      return mount(
        .volume(driverOptions: []), source: "", target: target, isReadOnly: isReadOnly, at: element)
    case (.volume, let source?): return volume(source, target: target, isReadOnly: isReadOnly, at: element)
    case (.temporary, _):
      record["tmpfs"]?.warning(
        "the options have no effect", remedy: "write it under `tmpfs`, as /path:size=64m")
      return mount(.temporary, source: "", target: target, isReadOnly: isReadOnly, at: element)
    }
  }

  // MARK: Both

  private func volume(_ name: String, target: String, isReadOnly: Bool, at element: Element) -> Mount? {
    guard let volume = volumes.volume(name) else {
      element.error(
        "the volume `\(name)` is not defined",
        remedy: "add it to the top-level `volumes`, or write an absolute path")
      return nil
    }
    return mount(
      .volume(driverOptions: volume.driverOptions), source: volume.fullName, target: target,
      isReadOnly: isReadOnly,
      at: element)
  }

  private func bind(_ source: String, target: String, isReadOnly: Bool, at element: Element) -> Mount? {
    guard let path = absolute(source, from: element.reading.surroundings.folder) else {
      element.error(
        "the path `\(source)` is not absolute", remedy: "write the path as it is on the nodes, from the root")
      return nil
    }
    return mount(.bind, source: path, target: target, isReadOnly: isReadOnly, at: element)
  }

  private func absolute(_ path: String, from folder: String?) -> String? {
    if path.hasPrefix("/") { return path }
    guard let folder, !path.hasPrefix("~") else { return nil }
    var parts = folder.split(separator: "/")
    for part in path.split(separator: "/") {
      switch part {
      case ".": break
      case "..": _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }

  private func mount(
    _ kind: Mount.Kind, source: String, target: String, isReadOnly: Bool = false, at element: Element
  ) -> Mount? {
    guard target.hasPrefix("/") else {
      element.error("the container's path `\(target)` is not absolute", remedy: "begin it with a slash")
      return nil
    }
    return Mount(kind: kind, source: source, target: target, isReadOnly: isReadOnly)
  }
}

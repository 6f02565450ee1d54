internal import Cluster
internal import Raft

/// Reads one service; what belongs to its container is in `ServiceReader+Container`.
struct ServiceReader {
  let name: String
  let definitions: StackReader.Definitions

  func read(_ element: Element) -> Service? {
    guard let record = Record(element, ServiceKeys.service) else { return nil }
    let image = record["image"]
    if image == nil {
      element.error(
        "the service has no image",
        remedy: "build the image, push it where the nodes reach it, and name it here")
    }
    var template = TaskTemplate(image: image?.nonEmptyText() ?? "")
    readContainer(record, into: &template)
    var service = Service(name: name, template: template)
    if let restart = record["restart"] { readRestart(restart, into: &service.restart) }
    if let deploy = record["deploy"] { DeployReader.read(deploy, into: &service) }
    return service
  }

  /// Compose's own `restart`, in the words of `deploy.restart_policy`.
  private func readRestart(_ element: Element, into policy: inout RestartPolicy) {
    guard let text = element.text() else { return }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    switch parts.first {
    case "no": policy.condition = .none
    case "always", "unless-stopped": policy.condition = .any
    case "on-failure":
      policy.condition = .onFailure
      guard parts.count == 2 else { return }
      guard let attempts = Int(parts[1]), attempts >= 0 else {
        element.error("`\(parts[1])` is no number of attempts")
        return
      }
      policy.maximumAttempts = attempts
    default:
      element.error("`\(text)` is none of `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:3`")
    }
  }
}

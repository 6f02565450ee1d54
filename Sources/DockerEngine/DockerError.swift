/// Why the engine did not do what was asked: what happened, where, and what to do. Never tells an environment.
public enum DockerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No socket at this path.
  case socketMissing(path: String)
  case permissionDenied(path: String)
  /// The engine does not answer, or ended the connection.
  case unavailable(path: String, reason: String)
  case timedOut(what: String, seconds: Int)
  /// The engine speaks only versions of its interface that this driver does not.
  case unsupportedVersion(String)
  case imageNotFound(image: String, reason: String)
  case pullFailed(image: String, reason: String)
  case portInUse(what: String, reason: String)
  case noSpace(what: String, reason: String)
  /// The container's name belongs to a container that is not this task's.
  case nameTaken(container: String)
  /// Any other answer that is not success, with the engine's own words.
  case refused(what: String, status: Int, reason: String)
  /// The engine's answer has another form than its documentation says.
  case unexpectedAnswer(what: String, reason: String)

  public var description: String {
    switch self {
    case .socketMissing(let path):
      "Docker's socket \(path) does not exist: start the engine, or correct the path in the configuration"
    case .permissionDenied(let path):
      "no permission to use Docker's socket \(path): run tercetd as root or as a member of the group `docker`"
    case .unavailable(let path, let reason):
      "Docker's engine at \(path) does not answer (\(reason)): look at `systemctl status docker`"
    case .timedOut(let what, let seconds):
      "cannot \(what): Docker's engine gave no answer within \(seconds) s; it is overloaded or stuck"
    case .unsupportedVersion(let version):
      "Docker's engine speaks version \(version) of its interface: at least 1.40 (Docker 19.03) is needed"
    case .imageNotFound(let image, let reason):
      "there is no image \(image) (\(reason)): check its name and tag, and whether this node may pull it"
    case .pullFailed(let image, let reason):
      "cannot pull the image \(image) (\(reason)): check that this node reaches the registry"
    case .portInUse(let what, let reason):
      "cannot \(what): a port is in use on this node (\(reason)); end what uses it, or publish another port"
    case .noSpace(let what, let reason):
      "cannot \(what): the disk is full (\(reason)); make room, for example with `docker system prune`"
    case .nameTaken(let container):
      "the container's name \(container) belongs to a container of somebody else: rename or remove that one"
    case .refused(let what, let status, let reason):
      "cannot \(what): Docker's engine answered \(status): \(reason)"
    case .unexpectedAnswer(let what, let reason):
      "cannot \(what): Docker's engine answered in an unknown form (\(reason))"
    }
  }

  /// Reads the engine's words, which are all it tells beside the status.
  package static func refusal(what: String, status: Int, reason: String) -> DockerError {
    let lowered = reason.lowercased()
    if lowered.contains("no space left on device") { return .noSpace(what: what, reason: reason) }
    if lowered.contains("port is already allocated") || lowered.contains("address already in use") {
      return .portInUse(what: what, reason: reason)
    }
    return .refused(what: what, status: status, reason: reason)
  }
}

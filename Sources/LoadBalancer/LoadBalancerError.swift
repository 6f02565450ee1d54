/// Why HAProxy could not be driven.
public enum LoadBalancerError: Error, Hashable, Sendable, CustomStringConvertible {
  case invalid(String)
  case unreachable(socket: String, reason: String)
  case timedOut(socket: String, milliseconds: Int)
  case unexpectedAnswer(socket: String, String)
  case commandRefused(String, answer: String)
  case fileUnwritable(path: String, reason: String)
  case programUnusable(String, reason: String)
  case fileRefused(path: String, output: String)
  case reloadFailed(socket: String)
  case portsTaken([Int])

  public var description: String {
    switch self {
    case .invalid(let reason): "cannot be balanced: \(reason)"
    case .unreachable(let socket, let reason):
      "HAProxy cannot be reached at \(socket): \(reason); check that it runs with -W and -S, and who may use the "
        + "socket"
    case .timedOut(let socket, let milliseconds):
      "HAProxy at \(socket) has not done what it was asked to within \(milliseconds) ms"
    case .unexpectedAnswer(let socket, let answer):
      "what answers at \(socket) is not HAProxy 2.6 or later: \(answer.prefix(200))"
    case .commandRefused(let command, let answer): "HAProxy refuses '\(command)': \(answer)"
    case .fileUnwritable(let path, let reason):
      "cannot write \(path): \(reason); check the folder's owner and mode"
    case .programUnusable(let program, let reason):
      "cannot check HAProxy's configuration with '\(program)': \(reason); install haproxy on this machine"
    case .fileRefused(let path, let output): "HAProxy does not take the configuration in \(path): \(output)"
    case .reloadFailed(let socket):
      "HAProxy at \(socket) could not start with the new configuration and goes on with the old one; its log tells "
        + "why, most often a port that another program has"
    case .portsTaken(let ports):
      "another program has port \(ports.map(String.init).joined(separator: ", ")) on this machine, which a service "
        + "publishes; end it, or publish another port; all else is balanced"
    }
  }
}

/// One server as HAProxy sees it.
public struct ServerState: Hashable, Sendable {
  public var frontend: String
  public var name: String
  /// HAProxy's own word: `UP`, `UP 1/2`, `DOWN`, `DRAIN`, `MAINT`, …
  public var status: String
  /// Whether the last check of it went well; false before the first.
  public var passedCheck: Bool
  /// Requests under way, and those that wait for it.
  public var currentSessions: Int
  public var queuedSessions: Int
  /// Requests ever sent to it by the current worker.
  public var totalSessions: Int

  /// It takes new requests, and not merely because it has not been checked yet.
  public var isServing: Bool { status.hasPrefix("UP") && passedCheck }

  var isBusy: Bool { currentSessions + queuedSessions > 0 }

  /// In HAProxy's words.
  var place: String { "\(frontend)/\(name)" }

  /// Asks for the servers of all backends (management guide, "show stat").
  static let question = "show stat -1 4 -1"

  /// The end of the names of the backends that lead to other nodes; the servers there are not ours.
  static let elsewhere = ".elsewhere"

  /// Reads the answer: comma-separated values under a line of names.
  static func read(_ answer: String, from socket: String) throws(LoadBalancerError) -> [ServerState] {
    let lines = answer.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    guard let head = lines.first, head.first == "# pxname" else {
      throw .unexpectedAnswer(socket: socket, answer)
    }
    var columns: [Substring: Int] = [:]
    for (index, name) in head.enumerated() { columns[name] = index }
    var servers: [ServerState] = []
    for line in lines.dropFirst() {
      func value(_ name: Substring) -> Substring {
        guard let index = columns[name], index < line.count else { return "" }
        return line[index]
      }
      guard !value("# pxname").hasSuffix(elsewhere) else { continue }
      servers.append(
        ServerState(
          frontend: String(value("# pxname")), name: String(value("svname")), status: String(value("status")),
          passedCheck: passed(value("check_status")), currentSessions: Int(value("scur")) ?? 0,
          queuedSessions: Int(value("qcur")) ?? 0, totalSessions: Int(value("stot")) ?? 0))
    }
    return servers.sorted { ($0.frontend, $0.name) < ($1.frontend, $1.name) }
  }

  /// `L4OK`, `L7OK`…; while the next check is under way a star stands before the last result.
  private static func passed(_ status: Substring) -> Bool {
    let words = status.split(separator: " ")
    return words.last?.hasPrefix("L") == true && words.last?.hasSuffix("OK") == true
  }
}

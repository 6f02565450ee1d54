/// Why a step on a database server failed: what happened, where, and what to do. Holds no secret.
public enum PostgresError: Error, Hashable, CustomStringConvertible {
  /// A program of Postgres is not in the configured folder.
  case toolMissing(path: String)
  case userMissing(String)
  case rootWithoutUser
  /// The server's user cannot enter a folder above the data.
  case folderClosed(folder: String, user: String)
  /// The action is older than one carried out before.
  case staleEpoch(database: String, epoch: UInt64, seen: UInt64)
  /// A later step for the same database has taken the place of this one.
  case overtaken(database: String)
  case invalid(field: String, reason: String)
  case parameterRefused(name: String, reason: String)
  /// In force only once the primary has been started anew.
  case restartNeeded(database: String, parameters: [String])
  case noData(folder: String)
  /// Something lies in the data folder that was not made for this database.
  case dataInTheWay(folder: String, reason: String)
  case foreignData(folder: String, expected: UInt64, found: UInt64)
  case unreadableData(folder: String, reason: String)
  /// The server or its folder has another role than the step needs.
  case wrongRole(database: String, reason: String)
  case notRunning(database: String)
  case startFailed(database: String, log: String)
  case stillStarting(database: String, folder: String)
  /// It had to be ended without a shutdown checkpoint.
  case stoppedHard(database: String, reason: String)
  case toolFailed(tool: String, status: String, message: String)
  case connectionFailed(String)
  case queryFailed(code: String, message: String)
  case timeout(String)
  case file(operation: String, path: String, code: Int32)

  public var description: String {
    switch self {
    case .toolMissing(let path):
      "\(path) is missing: install Postgres 15 (on Debian: apt install postgresql-15) or correct the folder of its binaries in the configuration"
    case .userMissing(let user):
      "there is no user “\(user)” on this machine: install postgresql-15, which makes it, or name another user in the configuration"
    case .rootWithoutUser:
      "Postgres refuses to run as root: name the user of the database servers in the configuration, such as postgres"
    case .folderClosed(let folder, let user):
      "user “\(user)” cannot enter \(folder), which is above the database's folder: name another data folder for Postgres in the configuration, such as /var/lib/tercet-postgres"
    case .staleEpoch(let database, let epoch, let seen):
      "database \(database): a step of epoch \(epoch) is refused, because epoch \(seen) has begun on this node"
    case .overtaken(let database):
      "database \(database): the step was given up, because a later one has come or the manager stops"
    case .invalid(let field, let reason):
      "\(field) \(reason)"
    case .parameterRefused(let name, let reason):
      "Postgres parameter “\(name)” is refused: \(reason)"
    case .restartNeeded(let database, let parameters):
      "database \(database): \(parameters.joined(separator: ", ")) will be in force once its server has been started anew: `tercet promote \(database)` does it, without losing a commit; a database in one zone needs a restart of its server"
    case .noData(let folder):
      "\(folder) holds no database: it must be initialized or cloned first"
    case .dataInTheWay(let folder, let reason):
      "\(folder) is in the way: \(reason). Move it elsewhere if a new, empty database is really wanted"
    case .foreignData(let folder, let expected, let found):
      "\(folder) holds another database: its system identifier is \(found), expected is \(expected). Nothing was started; move the folder elsewhere to have it cloned anew"
    case .unreadableData(let folder, let reason):
      "\(folder) does not hold usable Postgres data: \(reason). Move it elsewhere to have it cloned anew"
    case .wrongRole(let database, let reason):
      "database \(database): \(reason)"
    case .notRunning(let database):
      "database \(database): its server does not run"
    case .startFailed(let database, let log):
      "database \(database): its server did not start\(Self.advice(for: log)): \(log)"
    case .stillStarting(let database, let folder):
      "database \(database): its server is still starting, as after a crash with much to replay; it goes on. See \(folder)"
    case .stoppedHard(let database, let reason):
      "database \(database): its server did not shut down and was ended without a checkpoint (\(reason)); it recovers at its next start"
    case .toolFailed(let tool, let status, let message):
      "\(tool) failed (\(status))\(Self.advice(for: message)): \(message)"
    case .connectionFailed(let message):
      "cannot connect to the database server: \(message)"
    case .queryFailed(let code, let message):
      "the database server refused (SQLSTATE \(code))\(Self.advice(for: message)): \(message)"
    case .timeout(let what):
      "timeout: \(what)"
    case .file(let operation, let path, let code):
      "cannot \(operation) \(path): \(message(ofCode: code))\(code == 28 ? ": free space on its disk" : "")"
    }
  }

  /// Names the remedy of what goes wrong most often.
  private static func advice(for message: String) -> String {
    if message.contains("No space left on device") { return ", the disk is full: free space on it" }
    if message.contains("Address already in use") {
      return
        ", its port is taken: stop the other program (Debian starts a cluster of its own on 5432) or choose another port"
    }
    if message.contains("has wrong ownership") || message.contains("Permission denied") {
      return ", files have a wrong owner or mode"
    }
    return ""
  }
}

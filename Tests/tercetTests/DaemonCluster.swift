import Foundation
import Glibc
import ManagerAPI

/// A cluster of real daemons as `tercet bootstrap` makes it, for the length of one test. They manage nothing but the
/// log, and listen on the usual ports at addresses of the loopback that are theirs alone.
actor DaemonCluster {
  static let founders = ["a", "b", "c"]

  /// All that the cluster writes lies in it.
  private let folder: String
  /// The first three numbers of the managers' addresses.
  private let network = "127.\(Int.random(in: 1...254)).\(Int.random(in: 0...254))"
  private var daemons: [String: Process] = [:]

  /// Runs `body` with three managers that know a leader, and ends all daemons whatever happens.
  static func run(_ body: (DaemonCluster) async throws -> Void) async throws {
    try await withFolder { folder in
      let cluster = DaemonCluster(folder: folder)
      do {
        try await cluster.begin()
        try await body(cluster)
      } catch {
        await cluster.end()
        throw error
      }
      await cluster.end()
    }
  }

  private init(folder: String) { self.folder = folder }

  nonisolated func address(_ number: Int) -> String { "\(network).\(number)" }

  nonisolated func dataFolder(_ name: String) -> String { "\(folder)/data-\(name)" }

  /// A manager's folder, as bootstrap names those of the founders.
  nonisolated func home(_ name: String) -> String { "\(folder)/cluster/\(name)" }

  /// What makes a manager's folder needs: the authority, and where the folder and the log are to be.
  nonisolated func joining(_ name: String) -> [String] {
    ["--authority", home("authority"), "--output", home(name), "--data-folder", dataFolder(name)]
  }

  /// The cluster's name as bootstrap made it unique.
  nonisolated var identity: String {
    get throws {
      let text = try String(contentsOfFile: "\(home("operator"))/operator.yaml", encoding: .utf8)
      return text.firstMatch(of: #/(?m)^cluster: (.+)$/#).map { String($0.1) } ?? ""
    }
  }

  private func begin() async throws {
    let managers = Self.founders.enumerated().flatMap { ordinal, name in
      ["--manager", "\(name)@\(name)=\(address(ordinal + 1))"]
    }
    let made = try await CommandLineTool.run(
      ["bootstrap", "--output", "\(folder)/cluster", "--cluster", "shop", "--data-folder", "\(folder)/data"]
        + managers)
    guard made.code == 0 else { throw DaemonFailure(description: made.errors) }
    for name in Self.founders {
      // On their machines all of them have the same one.
      let file = "\(home(name))/tercetd.yaml"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacing("dataFolder: \"\(folder)/data\"", with: "dataFolder: \"\(dataFolder(name))\"")
        .write(toFile: file, atomically: false, encoding: .utf8)
      try start(name)
    }
    try await untilManagers { $0.count == 3 && $0.allSatisfy { $0.isWell && $0.part == "voter" } }
  }
}

// MARK: Daemons

extension DaemonCluster {
  /// - Parameter home: the name of the manager's folder, if it is not the manager's own.
  func start(_ name: String, from home: String? = nil) throws {
    let log = "\(folder)/\(name).log"
    let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw DaemonFailure(description: "\(log) cannot be written") }
    let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try CommandLineTool.path("tercetd"))
    process.arguments = ["--configuration", "\(self.home(home ?? name))/tercetd.yaml"]
    process.standardOutput = output
    process.standardError = output
    try process.run()
    daemons[name] = process
  }

  /// Stops a manager as systemd does.
  func stop(_ name: String) async throws {
    guard let process = daemons.removeValue(forKey: name) else { return }
    process.terminate()
    do {
      try await eventually { !process.isRunning }
    } catch {
      kill(process.processIdentifier, SIGKILL)
      throw error
    }
  }

  func wipe(_ name: String) throws { try FileManager.default.removeItem(atPath: dataFolder(name)) }

  private func end() async {
    for process in daemons.values { kill(process.processIdentifier, SIGKILL) }
    for process in daemons.values { try? await eventually { !process.isRunning } }
  }

  /// What the managers logged, each one's last lines.
  private var logs: String {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".log") }.sorted().map { file in
      let lines = ((try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? "").split(
        separator: "\n")
      return "\(file):\n" + lines.suffix(15).joined(separator: "\n")
    }.joined(separator: "\n")
  }
}

// MARK: Looking and waiting

extension DaemonCluster {
  @discardableResult
  nonisolated func tercet(_ arguments: String...) async throws -> CommandLineTool {
    try await tercet(arguments)
  }

  nonisolated func tercet(_ arguments: [String]) async throws -> CommandLineTool {
    try await CommandLineTool.run(arguments, environment: ["TERCET_HOME": home("operator")])
  }

  /// Waits until `tercet manager ls` shows what is expected.
  func untilManagers(_ condition: ([ClusterStatus.Manager]) -> Bool) async throws {
    var last = ""
    do {
      try await eventually {
        let tool = try await tercet("manager", "ls", "--json")
        last = tool.output + tool.errors
        guard tool.code == 0 else { return false }
        return condition(try JSONDecoder().decode([ClusterStatus.Manager].self, from: Data(tool.output.utf8)))
      }
    } catch {
      throw DaemonFailure(description: "not in time; the managers last seen:\n\(last)\n\(logs)")
    }
  }

  /// `tercetd recover` on a manager's log.
  nonisolated func recover(_ name: String, _ arguments: [String] = []) async throws -> CommandLineTool {
    try await CommandLineTool.run(
      ["recover", "--configuration", "\(home(name))/tercetd.yaml"] + arguments, program: "tercetd")
  }

  /// Waits until a manager has logged something so many times.
  func untilLogged(_ words: String, by name: String, times: Int) async throws {
    do {
      try await eventually {
        try String(contentsOfFile: "\(folder)/\(name).log", encoding: .utf8).ranges(of: words).count >= times
      }
    } catch {
      throw DaemonFailure(description: "\(name) has not logged '\(words)' \(times) times\n\(logs)")
    }
  }

  /// Waits until the voters are these identities, and all of them are well.
  func untilVoters(_ ids: [UInt64]) async throws {
    try await untilManagers { managers in
      managers.map(\.id) == ids && managers.allSatisfy { $0.isWell && $0.part == "voter" }
    }
  }
}

extension ClusterStatus.Manager {
  var isWell: Bool { reachable && complaint == nil }
}

struct DaemonFailure: Error, CustomStringConvertible {
  let description: String
}

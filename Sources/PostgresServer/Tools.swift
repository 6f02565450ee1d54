internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Runs Postgres' programs as the servers' user, in the C locale, with no descriptor of this process.
package struct Tools: Sendable {
  let binaries: String
  let owner: Owner?

  package init(binaries: String, owner: Owner?) {
    self.binaries = binaries
    self.owner = owner
  }

  /// The servers' user: nil when it is this process's own.
  package static func owner(user: String?) throws -> Owner? {
    guard geteuid() == 0 else { return nil }
    guard let user else { throw PostgresError.rootWithoutUser }
    return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { texts in
      var entry = passwd()
      var found: UnsafeMutablePointer<passwd>?
      guard getpwnam_r(user, &entry, texts.baseAddress!, texts.count, &found) == 0, found != nil else {
        throw PostgresError.userMissing(user)
      }
      return Owner(user: entry.pw_uid, group: entry.pw_gid)
    }
  }

  /// Runs a program to its end and returns what it wrote; any other status than 0 is an error with the last
  /// lines it wrote to standard error.
  @discardableResult
  package func run(_ tool: String, _ arguments: [String], in folder: String) async throws -> String {
    let result = try await Subprocess.run(
      try configuration(tool, arguments, in: folder), output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 20))
    try Task.checkCancellation()
    guard result.terminationStatus.isSuccess else {
      throw failure(tool, result.terminationStatus, result.standardError + result.standardOutput)
    }
    return result.standardOutput
  }

  /// Runs a program and hands each line of its standard error on as it comes.
  func run(
    _ tool: String, _ arguments: [String], in folder: String,
    progress: @escaping @Sendable (String) -> Void
  ) async throws {
    let result = try await Subprocess.run(
      try configuration(tool, arguments, in: folder), input: .none, output: .sequence,
      error: .combinedWithOutput
    ) { execution in
      var last: [String] = []
      for try await line in execution.standardOutput.strings() {
        for part in line.split(whereSeparator: { $0 == "\r" || $0 == "\n" }) {
          progress(String(part))
          last = Array((last + [String(part)]).suffix(6))
        }
      }
      return last
    }
    try Task.checkCancellation()
    guard result.terminationStatus.isSuccess else {
      throw failure(tool, result.terminationStatus, result.closureResult.joined(separator: "\n"))
    }
  }

  private func configuration(
    _ tool: String, _ arguments: [String], in folder: String
  ) throws -> Subprocess.Configuration {
    let path = binaries + "/" + tool
    guard access(path, X_OK) == 0 else { throw PostgresError.toolMissing(path: path) }
    var options = PlatformOptions()
    // A session of its own: neither a signal to this process's group nor its end reaches the server.
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
    let command = commandPrefix + [path] + arguments
    return Subprocess.Configuration(
      executable: .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
      environment: .custom(["LC_ALL": "C", "PATH": "/usr/bin:/bin"]), workingDirectory: FilePath(folder),
      platformOptions: options)
  }

  /// Changes the user by util-linux' setpriv, which is on every Debian. Subprocess' own `userID` forks without
  /// glibc's knowledge; setuid then waits in the child for a thread that was just being made, for ever.
  private var commandPrefix: [String] {
    guard let owner else { return [] }
    return [
      "/usr/bin/setpriv", "--reuid", "\(owner.user)", "--regid", "\(owner.group)", "--clear-groups", "--",
    ]
  }

  private func failure(_ tool: String, _ status: TerminationStatus, _ output: String) -> PostgresError {
    let lines = output.split(separator: "\n").suffix(6).joined(separator: "; ")
    let ending =
      switch status {
      case .exited(let code): "status \(code)"
      case .signaled(let signal): "signal \(signal)"
      }
    return .toolFailed(tool: tool, status: ending, message: lines)
  }
}

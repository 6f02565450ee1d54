import Foundation
import Subprocess
import SystemPackage

/// What a program said, and how it ended.
struct Finished: Sendable {
  /// 128 and more: a signal.
  var status: Int32
  var output: String
  var errors: String

  /// The lines of the output without those that are empty.
  var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// A program that ended otherwise than a test needs it to.
struct ShellError: Error, CustomStringConvertible {
  var description: String
}

/// Programs as a person at a terminal would start them.
enum Shell {
  /// Runs a program to its end; a cancelled task asks it to end, and soon insists.
  static func run(_ command: [String], environment: [String: String] = [:]) async throws -> Finished {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
    let variables = Dictionary(
      uniqueKeysWithValues: environment.map { (Environment.Key(rawValue: $0)!, Optional($1)) })
    let result = try await Subprocess.run(
      .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
      environment: .inherit.updating(variables), platformOptions: options,
      output: .string(limit: 16 << 20), error: .string(limit: 16 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return Finished(status: status, output: result.standardOutput, errors: result.standardError)
  }

  /// Runs a program that has to succeed, and returns what it wrote.
  @discardableResult
  static func succeed(_ command: [String], environment: [String: String] = [:]) async throws -> Finished {
    let finished = try await run(command, environment: environment)
    guard finished.status == 0 else {
      throw ShellError(
        description: """
          \(command.joined(separator: " ")) ended with \(finished.status): \
          \(finished.errors.suffix(2_000)) \(finished.output.suffix(2_000))
          """)
    }
    return finished
  }
}

/// Waits for a condition, looking again and again, and says what was waited for when it does not come.
func eventually(
  _ what: String, within limit: Duration, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      throw ShellError(description: "not within \(limit): \(what)")
    }
    try await Task.sleep(for: .milliseconds(50))
  }
}

/// How long something took.
func measured<Value>(_ body: () async throws -> Value) async rethrows -> (Value, Duration) {
  let began = ContinuousClock.now
  let value = try await body()
  return (value, ContinuousClock.now - began)
}

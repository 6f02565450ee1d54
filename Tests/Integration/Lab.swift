import Foundation
import Testing

/// The three zones of `deploy/lab`, under a name of their own: a lab that someone else runs is not touched.
enum Lab {
  enum Zone: String, CaseIterable, Sendable {
    case a, b, c

    /// In the zone's own network.
    var address: String {
      switch self {
      case .a: "\(network).0.11"
      case .b: "\(network).0.12"
      case .c: "\(network).0.13"
      }
    }

    static let data: [Zone] = [.a, .b]

    var others: [Zone] { Zone.allCases.filter { $0 != self } }
  }

  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  static let network = variable("TERCET_LAB_NET", or: "10.211")
  static let folder = variable("TERCET_LAB", or: "/var/tmp/tercet-test")

  /// Those that were built with these tests.
  static let programs = variable(
    "TERCET_BIN", or: URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path)

  private static let environment = [
    "TERCET_LAB_NAME": variable("TERCET_LAB_NAME", or: "tercet-test"), "TERCET_LAB": folder,
    "TERCET_LAB_NET": network, "TERCET_BIN": programs,
  ]

  private static func variable(_ name: String, or standard: String) -> String {
    ProcessInfo.processInfo.environment[name] ?? standard
  }

  /// One of `deploy/lab`'s commands, such as `cut a`.
  @discardableResult
  static func run(_ arguments: String...) async throws -> Finished {
    try await Shell.succeed(["\(repository)/deploy/lab"] + arguments, environment: environment)
  }

  /// A script of this repository, on this lab.
  static func script(_ path: String, _ arguments: String...) async throws -> Finished {
    try await Shell.run(["\(repository)/\(path)"] + arguments, environment: environment)
  }

  /// A command in a zone, whatever becomes of it.
  static func attempt(in zone: Zone, _ command: [String]) async throws -> Finished {
    try await Shell.run(
      ["\(repository)/deploy/lab", "exec", zone.rawValue] + command, environment: environment)
  }

  /// A command in a zone, which has to succeed.
  @discardableResult
  static func exec(in zone: Zone, _ command: String...) async throws -> Finished {
    let finished = try await attempt(in: zone, command)
    guard finished.status == 0 else {
      throw ShellError(
        description: """
          in zone \(zone): \(command.joined(separator: " ")) ended with \(finished.status): \
          \(finished.errors.suffix(2_000)) \(finished.output.suffix(2_000))
          """)
    }
    return finished
  }

  /// A bash script in a zone, which has to succeed.
  @discardableResult
  static func bash(in zone: Zone, _ script: String) async throws -> Finished {
    try await exec(in: zone, "bash", "-c", script)
  }

  /// A manager's log so far.
  static func log(of zone: Zone) -> String {
    (try? String(contentsOfFile: "\(folder)/\(zone)/log/tercetd.log", encoding: .utf8)) ?? ""
  }
}

/// Puts the lab up before the suite's first test, with the example stack deployed, and takes it down after the last.
struct LabTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
  ) async throws {
    do {
      try await Lab.run("up")
      try await Shop.deploy()
      try await body()
    } catch {
      try await Lab.run("down")
      throw error
    }
    try await Lab.run("down")
  }
}

extension Trait where Self == LabTrait {
  static var lab: LabTrait { LabTrait() }
}

/// All tests on real servers: one lab, one test after the other.
@Suite(.lab, .serialized, .timeLimit(.minutes(5)))
enum ThreeZones {}

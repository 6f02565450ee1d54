import ArgumentParser
import Cluster
import Foundation
import ManagerAPI

struct Logs: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what a service's containers wrote, on all nodes.",
    discussion: """
      Lines are in the order of their time. Nodes that cannot be reached are named; the others' lines are shown.

      Examples:
        tercet logs shop/web --tail 100
        tercet logs shop/web --follow --since 10m
      """)

  @Argument(help: ArgumentHelp("The service.", valueName: "stack/service"))
  var service: ServiceArgument

  @Flag(name: .shortAndLong, help: "Go on with what is written from now on.")
  var follow = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only the last so many lines of each container; without it and --since, 1000.", valueName: "n"))
  var tail: Int?

  @Option(help: ArgumentHelp("Lines of so long ago or less, such as 90s, 10m or 2h.", valueName: "time"))
  var since: TimeLimit?

  @OptionGroup var cluster: ClusterOptions

  func validate() throws {
    if let tail, tail < 0 { throw ValidationError("--tail must be a whole number of 0 or more, not \(tail)") }
  }

  func run(with client: OperatorClient) async throws {
    let known = try await client.services(ofStack: service.name.stack).services
    guard known.contains(where: { $0.name == service.name.description }) else {
      throw CommandFailure(.error, "there is no service \(service.name)")
    }
    let failures = follow ? await following(client) : await merged(client)
    for (manager, error) in failures {
      StandardError.line("tercet: lines of \(manager) are missing: \(error)")
    }
    if failures.count == client.managers.count { throw CommandFailure(.error, nil) }
  }

  private typealias Failures = [(manager: String, error: String)]

  private func lines(_ client: OperatorClient, _ manager: OperatorClient.Manager) -> AsyncThrowingStream<
    LogLine, any Error
  > {
    let start = since.map {
      Int64((Date().timeIntervalSince1970 - Double($0.duration.components.seconds)) * 1_000)
    }
    return client.logs(
      of: service.name, at: manager, tail: tail ?? (since == nil ? Self.usualTail : nil),
      sinceMilliseconds: start, follows: follow)
  }

  /// Lines are held until all nodes have sent theirs, to be shown in the order of their time.
  private static let usualTail = 1_000

  private func merged(_ client: OperatorClient) async -> Failures {
    var all: [LogLine] = []
    var failures: Failures = []
    await withTaskGroup(of: (String, [LogLine], String?).self) { group in
      for manager in client.managers {
        group.addTask { await collected(client, manager) }
      }
      for await (manager, lines, error) in group {
        all += lines
        if let error { failures.append((manager, error)) }
      }
    }
    for line in all.sorted(by: LogText.precedes) { show(line) }
    return failures.sorted { $0.manager < $1.manager }
  }

  private func collected(
    _ client: OperatorClient, _ manager: OperatorClient.Manager
  ) async -> (String, [LogLine], String?) {
    var lines: [LogLine] = []
    do {
      for try await line in self.lines(client, manager) { lines.append(line) }
      return (manager.name, lines, nil)
    } catch {
      return (manager.name, lines, "\(error)")
    }
  }

  /// Lines come as they are written; their order over nodes is that of their arrival.
  private func following(_ client: OperatorClient) async -> Failures {
    var failures: Failures = []
    await withTaskGroup(of: (String, String).self) { group in
      for manager in client.managers {
        group.addTask {
          do {
            for try await line in lines(client, manager) { show(line) }
            return (manager.name, "the manager ended the stream")
          } catch {
            return (manager.name, "\(error)")
          }
        }
      }
      for await (manager, error) in group {
        StandardError.line("tercet: lines of \(manager) are missing: \(error)")
        failures.append((manager, error))
      }
    }
    return failures.count == client.managers.count ? failures : []
  }

  private func show(_ line: LogLine) {
    Terminal.standardOutput.line(cluster.json ? JSON.text(line) : LogText.text(line))
  }
}

enum LogText {
  static func text(_ line: LogLine) -> String {
    "\(ClockTime.text(line.wallClockMilliseconds))  \(line.node).\(line.slot)  \(line.text)"
  }

  static func precedes(_ left: LogLine, _ right: LogLine) -> Bool {
    (left.wallClockMilliseconds, left.node, left.slot) < (right.wallClockMilliseconds, right.node, right.slot)
  }
}

/// `STACK/SERVICE`.
struct ServiceArgument: ExpressibleByArgument {
  let name: ServiceName

  init?(argument: String) {
    guard let name = ServiceName(argument) else { return nil }
    self.name = name
  }
}

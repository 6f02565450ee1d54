import ArgumentParser
import Foundation
import ManagerAPI

struct LogCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Shows who wanted what, and what became of it.",
    discussion: """
      Examples:
        tercet log --limit 50
        tercet log --follow
      """)

  @Flag(name: .shortAndLong, help: "Go on with what happens from now on.")
  var follow = false

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How many of the last intents to show.", valueName: "n"))
  var limit = 20

  @OptionGroup var cluster: ClusterOptions

  func validate() throws {
    guard limit >= 0 else {
      throw ValidationError("--limit must be a whole number of 0 or more, not \(limit)")
    }
  }

  func run(with client: OperatorClient) async throws {
    let page = try await client.history()
    AgeWarning.show(page.answeredBy, page.unconfirmedMilliseconds)
    for record in page.records.suffix(limit) { show(record) }
    guard follow else { return }
    for try await record in client.followHistory(after: page.appliedIndex) { show(record) }
  }

  private func show(_ record: HistoryPage.Record) {
    Terminal.standardOutput.line(cluster.json ? JSON.text(record) : Self.text(record))
  }

  static func text(_ record: HistoryPage.Record) -> String {
    let time = ClockTime.text(record.wallClockMilliseconds)
    let outcome =
      switch record.outcome {
      case .accepted: ""
      case .unchanged: " (nothing to change)"
      case .refused: " (refused: \(record.reason ?? ""))"
      }
    return "\(time)  \(record.index)  \(record.origin)  \(record.summary)\(outcome)"
  }
}

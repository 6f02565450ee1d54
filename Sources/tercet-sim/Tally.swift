import Foundation
import Raft
import Simulation
import StandardStreams

/// Adds up what many runs came to, and prints what went wrong as soon as it is known.
struct Tally {
  private(set) var failed = 0
  private var runs = 0
  private var simulated = Duration.zero
  private var events: UInt64 = 0
  private var counters = Counters()
  private var faults: [String: Int] = [:]
  private let start = ContinuousClock().now
  private let usedBefore = Machinery.processorSeconds
  private var told = ContinuousClock().now

  mutating func add(_ outcome: ScenarioRun.Outcome, again command: () -> String) {
    runs += 1
    simulated = simulated + outcome.time
    events += outcome.events
    counters = counters + outcome.counters
    faults.merge(outcome.faults, uniquingKeysWith: +)
    guard let failure = outcome.failure else { return }
    failed += 1
    console.line(
      """
      FAILED \(outcome.scenario), seed \(outcome.seed), after \(outcome.time.milliseconds) ms simulated\
      \(Commit.current.map { ", commit \($0)" } ?? "")
        \(failure)
        again: \(command())
      """)
  }

  /// A line a minute, for whoever waits.
  mutating func tellProgress() {
    let now = ContinuousClock().now
    guard now - told >= .seconds(60) else { return }
    told = now
    console.complaint(
      "\(runs) worlds so far, \(perSecond(Double(simulated.seconds), elapsed)) simulated seconds a second, "
        + "\(failed) failed")
  }

  func printSummary() {
    let kinds = faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    if !kinds.isEmpty { console.line("faults: " + kinds.joined(separator: ", ")) }
    let parts = [
      "\(runs) runs", "\(simulated.seconds) simulated seconds", "\(counters[.faults]) faults",
      "\(counters[.elections]) elections", "\(counters[.failovers]) failovers",
      "\(counters[.switchovers]) switchovers", "\(counters[.rows]) rows", "\(counters[.purges]) purges",
      "\(counters[.intents]) intents",
      "\(perSecond(Double(simulated.seconds), elapsed)) simulated seconds a second", "\(failed) failed",
    ]
    console.line(parts.joined(separator: ", "))
  }

  /// By processor time: what others run on the machine does not count.
  func printSpeed() {
    let used = Machinery.processorSeconds - usedBefore
    let rows = [
      ("simulated seconds a second", perSecond(Double(simulated.seconds), used), "1000"),
      ("events a second, all checks on", perSecond(Double(events), used), "500000"),
      ("seeds a minute", perSecond(Double(runs) * 60, used), "300"),
    ]
    console.line(
      "on one processor:".padding(toLength: 34, withPad: " ", startingAt: 0) + "    measured      target")
    for (name, measured, target) in rows {
      let label = name.padding(toLength: 34, withPad: " ", startingAt: 0)
      console.line(label + padded(measured) + padded(target))
    }
  }

  private var elapsed: Double { (ContinuousClock().now - start) / .seconds(1) }

  private func perSecond(_ count: Double, _ seconds: Double) -> String {
    String(Int(count / max(seconds, 0.001)))
  }

  private func padded(_ text: String) -> String {
    String(repeating: " ", count: max(0, 12 - text.count)) + text
  }
}

extension Duration {
  var seconds: Int { milliseconds / 1_000 }
}

extension ScenarioRun.Outcome {
  var traceText: String { String(traceHash, radix: 16) }
}

/// The source's commit, so that a failure can be shown again later.
enum Commit {
  /// From the checkout in which the program is run; nil outside of one.
  static var current: String? {
    guard let head = try? String(contentsOfFile: ".git/HEAD", encoding: .utf8) else { return nil }
    let text = head.trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.hasPrefix("ref: ") else { return String(text.prefix(12)) }
    let hash = try? String(contentsOfFile: ".git/" + text.dropFirst(5), encoding: .utf8)
    return hash.map { String($0.prefix(12)) }
  }
}

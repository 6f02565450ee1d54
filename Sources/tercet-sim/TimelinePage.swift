import Cluster
import Foundation
import Manager
import Raft
import Simulation
import WireFormat

/// The timeline of one run as a page: what happened as data, and a small script that draws it.
struct TimelinePage {
  let run: ScenarioRun
  let outcome: ScenarioRun.Outcome

  /// What the script reads. Times are milliseconds since the world began.
  private struct Content: Encodable {
    struct Machine: Encodable {
      var name: String
      var zone: String
    }

    struct Event: Encodable {
      var time: Double
      var machine: Int?
      /// The other machine, of a link.
      var other: Int?
      var kind: String
      var text: String
    }

    struct Message: Encodable {
      var sent: Double
      /// Nil if it got lost.
      var arrives: Double?
      var from: Int
      var to: Int
      var kind: String
      var text: String
    }

    var title: String
    var verdict: String
    var isBroken: Bool
    var end: Double
    var machines: [Machine]
    var events: [Event]
    var messages: [Message]
  }

  func html() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    // Inside a script element nothing may look like its end.
    let data = String(decoding: try encoder.encode(content), as: UTF8.self)
      .replacingOccurrences(of: "<", with: "\\u003c")
    return Self.page.replacingOccurrences(of: "/*content*/null", with: data)
  }

  private var content: Content {
    let chronicle = run.world.chronicle
    return Content(
      title: "\(outcome.scenario), seed \(outcome.seed)",
      verdict: outcome.failure.map { "\($0)" } ?? "every promise was kept",
      isBroken: outcome.failure != nil,
      end: Self.milliseconds(run.world.now),
      machines: run.world.machines.map { Content.Machine(name: $0.name, zone: $0.zone) },
      events: (chronicle?.lines ?? []).map { line in
        Content.Event(
          time: Self.milliseconds(line.time), machine: line.machine, other: line.kind.other,
          kind: line.kind.name,
          text: line.kind.text)
      },
      messages: (chronicle?.messages ?? []).compactMap(Self.message))
  }

  private static func milliseconds(_ instant: Instant) -> Double { Double(instant.nanoseconds) / 1e6 }

  /// Votes, entries and snapshots; heartbeats and reports would hide them.
  private static func message(_ message: Chronicle.Message) -> Content.Message? {
    guard case .raft(let raft)? = try? PeerMessage(decoding: message.frame), let drawn = raft.body.drawn
    else { return nil }
    return Content.Message(
      sent: milliseconds(message.time), arrives: message.arrives.map(milliseconds), from: message.from,
      to: message.to, kind: drawn.kind, text: "term \(raft.term): \(drawn.text)")
  }
}

extension Message.Body {
  /// The kind under which a message is drawn, and what it says; nil for those that are not drawn.
  fileprivate var drawn: (kind: String, text: String)? {
    switch self {
    case .append(let append):
      append.entries.isEmpty
        ? nil
        : (
          "entries",
          "entries \(append.entries[0].index) to \(append.entries[0].index + UInt64(append.entries.count) - 1)"
        )
    case .appendRejected(let previous, let hint, _):
      ("refusal", "does not have entry \(previous), may agree at \(hint.index)")
    case .preVoteRequest(let last): ("vote", "would you vote for me? my log ends at \(last.index)")
    case .preVoteReply(_, let granted): ("vote", granted ? "would vote for you" : "would not vote for you")
    case .voteRequest(let last, _): ("vote", "vote for me: my log ends at \(last.index)")
    case .voteReply(let granted): ("vote", granted ? "votes for you" : "does not vote for you")
    case .snapshotChunk(let chunk):
      ("snapshot", "snapshot at \(chunk.position.index), from byte \(chunk.offset)")
    case .timeoutNow: ("vote", "take over leadership")
    default: nil
    }
  }
}

extension Chronicle.Kind {
  /// The kind under which the page draws it.
  fileprivate var name: String {
    switch self {
    case .started: "started"
    case .ended: "ended"
    case .leads: "leads"
    case .halted: "halted"
    case .said: "said"
    case .asked: "asked"
    case .acts: "acts"
    case .acted(_, .done), .acted(_, .replaced): "acted"
    case .acted(_, .partial), .acted(_, .failed): "failed"
    case .befell(let incident): incident.isFault ? "befell" : "step"
    case .violation: "violation"
    case .applied: "applied"
    case .paused: "paused"
    case .resumed: "resumed"
    case .cut: "cut"
    case .mended: "mended"
    }
  }

  fileprivate var other: Int? {
    switch self {
    case .cut(let other), .mended(let other): other
    default: nil
    }
  }
}

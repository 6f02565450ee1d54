import Cluster
import PlantedBugs
import Raft
import WireFormat

// MARK: Clients

extension Manager {
  mutating func submit(_ submissions: [Submission], at now: Instant, into effects: inout [Effect]) {
    for submission in submissions {
      if let answer = state.requests[submission.request] {
        let applied = Applied(index: answer.index, outcome: answer.outcome, isRepeated: true)
        effects.append(.answer(submission.token, .applied(applied)))
      } else if let reason = refusal(of: submission.intent, at: now) {
        refuse(submission.token, reason, into: &effects)
      } else if requests.isFull {
        effects.append(.answer(submission.token, fullness))
      } else {
        let proposal = propose(submission.intent, request: submission.request, origin: submission.origin)
        take(submission, command: proposal.encoded(), at: now, into: &effects)
      }
    }
  }

  /// Why an intent is not proposed.
  private mutating func refusal(of intent: Intent, at now: Instant) -> String? {
    if let complaint = complaintOfLevel(intent) { return complaint }
    return switch intent {
    case .managers(let change): refusal(of: change, at: now)
    case .purge(let purges): State.complaint(of: purges)
    default: nil
    }
  }

  /// What is said when too much waits: without a leader it waits for a majority, and that is the reason.
  private var fullness: Answer { raft.leader == nil ? .noQuorum : .overloaded }

  private mutating func take(
    _ submission: Submission, command: [UInt8], at now: Instant, into effects: inout [Effect]
  ) {
    if let complaint = complaint(ofBytes: command.count) {
      refuse(submission.token, complaint, into: &effects)
      return
    }
    requests.add(submission.request, tokens: [submission.token], command: command, isPurge: false, at: now)
  }

  /// Why a command of that size is not taken.
  private func complaint(ofBytes bytes: Int) -> String? {
    let limit = configuration.raft.maximumCommandBytes
    return bytes <= limit ? nil : "it takes \(bytes) bytes; an intent has at most \(limit)"
  }

  private func refuse(_ token: UInt64, _ reason: String, into effects: inout [Effect]) {
    let refused = Applied(index: state.appliedIndex, outcome: .refused(reason: reason))
    effects.append(.answer(token, .applied(refused)))
  }

  /// Commands brought to the leader in one frame.
  private static let broughtBytes = 1 << 20

  mutating func purge(_ requested: [PurgeRequest], at now: Instant, into effects: inout [Effect]) {
    for request in requested {
      // What would be refused in the log is refused here: in an entry that others share it would take theirs down
      // with it.
      if let complaint = State.complaint(of: request.purges) {
        refuse(request.token, complaint, into: &effects)
      } else if purges.isFull || requests.isFull {
        effects.append(.answer(request.token, fullness))
      } else {
        purges.add(request, until: now + configuration.requestTimeout)
      }
    }
  }

  /// Sends gathered purges on their way, as few entries as possible.
  mutating func flushPurges(at now: Instant, into effects: inout [Effect]) {
    while !purges.isEmpty, requests.purgeBatches < PurgeBuffer.maximumInFlight {
      let entry = purges.takeEntry()
      var tokens = entry.tokens
      if planted(.purgeAcknowledgedEarly) {
        for token in tokens { effects.append(.answer(token, .purged)) }
        tokens = []
      }
      let request = requests.drawIdentity()
      var proposal = propose(.purge(entry.purges), request: request, origin: entry.origin)
      proposal.isShared = true
      let command = proposal.encoded()
      // Only one that is alone can be so large: others join it while they stay far below the limit together.
      if let complaint = complaint(ofBytes: command.count) {
        for token in tokens { refuse(token, complaint, into: &effects) }
      } else {
        requests.add(request, tokens: tokens, command: command, isPurge: true, at: now)
      }
    }
  }

  func propose(_ intent: Intent, request: RequestID?, origin: String) -> Proposal {
    Proposal(request: request, origin: origin, wallClockMilliseconds: wallClockMilliseconds, intent: intent)
  }

  mutating func ask(_ token: UInt64, at now: Instant, into effects: inout [Effect]) {
    barriers.append(
      Barrier(token: token, deadline: now + configuration.requestTimeout, stage: .idle(until: now)))
  }

  /// Sends what is due to the leader, asks for what readers need, and gives up what has waited too long.
  mutating func serveWaiting(at now: Instant, into effects: inout [Effect]) {
    if let leader = raft.leader {
      let (due, commands) = requests.due(at: now)
      if !due.isEmpty { bring(due, commands, to: leader, at: now, into: &effects) }
    }
    for token in requests.expired(at: now) + purges.expired(at: now) {
      effects.append(.answer(token, .noQuorum))
    }
    serveBarriers(at: now, into: &effects)
  }

  private mutating func bring(
    _ due: [RequestID], _ commands: [[UInt8]], to leader: NodeID, at now: Instant,
    into effects: inout [Effect]
  ) {
    if leader == configuration.id {
      append(commands, of: due, at: now, into: &effects)
      return
    }
    var (frame, bytes): ([[UInt8]], Int) = ([], 0)
    for command in commands {
      if !frame.isEmpty, bytes + command.count > Self.broughtBytes {
        effects.append(.send(to: leader, PeerMessage.propose(frame).encoded()))
        (frame, bytes) = ([], 0)
      }
      frame.append(command)
      bytes += command.count
    }
    effects.append(.send(to: leader, PeerMessage.propose(frame).encoded()))
  }

  /// As the leader: takes commands into the log. Returns false if they were not taken because too much waits.
  @discardableResult
  mutating func append(
    _ commands: [[UInt8]], of due: [RequestID], at now: Instant, into effects: inout [Effect]
  ) -> Bool {
    guard stepRaft(.propose(token: 0, commands: commands), at: now, into: &effects) == .overloaded else {
      // Without leadership they wait for whoever leads next.
      return true
    }
    for request in due {
      for token in requests.remove(request) { effects.append(.answer(token, .overloaded)) }
    }
    return false
  }

  private mutating func serveBarriers(at now: Instant, into effects: inout [Effect]) {
    guard !barriers.isEmpty else { return }
    for place in barriers.indices {
      if case .idle(let until) = barriers[place].stage, until <= now, raft.leader != nil {
        barriers[place].stage = .asked
        if planted(.barrierWithoutRead) { barriers[place].stage = .ready(0) }
        stepRaft(.read(token: barriers[place].token), at: now, into: &effects)
      }
    }
    barriers.removeAll { barrier in
      if case .ready(let index) = barrier.stage, index <= state.appliedIndex {
        effects.append(.answer(barrier.token, .current))
        return true
      }
      if barrier.deadline <= now {
        effects.append(.answer(barrier.token, .noQuorum))
        return true
      }
      return false
    }
  }

  mutating func setBarrier(_ token: UInt64, _ stage: Barrier.Stage) {
    guard let place = barriers.firstIndex(where: { $0.token == token }) else { return }
    barriers[place].stage = stage
  }
}

import Cluster
import Control
import PlantedBugs
import Raft
import WireFormat

// MARK: Other managers

extension Manager {
  mutating func receive(
    _ frames: [[UInt8]], from peer: NodeID, disk: Incarnation, at now: Instant, into effects: inout [Effect]
  ) {
    guard let sender = manager(peer) else {
      receive(frames, fromUnknown: peer, disk: disk, at: now, into: &effects)
      return
    }
    guard !isGivenUp(peer) else {
      introduce(to: peer, wantsAnswer: false, into: &effects)
      return
    }
    guard isTaken(disk, of: peer) else {
      meet(stranger: disk, of: sender, at: now, into: &effects)
      return
    }
    heard[sender.name] = now
    var commands: [[UInt8]] = []
    // Any of them may make this manager stand aside, or stop it: what follows is not for it any more.
    for frame in frames where takesPart {
      do {
        switch try PeerMessage(decoding: frame) {
        case .raft(let message):
          if message.from == peer, message.to == configuration.id {
            stepRaft(.message(message), at: now, into: &effects)
          }
        case .propose(let proposed): commands += proposed
        case .overloaded(let refused):
          for request in refused {
            for token in requests.remove(request) { effects.append(.answer(token, .overloaded)) }
          }
        case .report(let report): take(report, from: sender, at: now)
        case .identity(let identity): take(identity, from: sender, disk: disk, at: now, into: &effects)
        case .understands(let level): levels[peer] = .init(level: level, lastHeard: now)
        // It is known already: it was not heard for a while.
        case .introduction: break
        }
      } catch {
        effects.append(.note("a frame from manager \(sender.name) was ignored: \(error)"))
      }
    }
    if !commands.isEmpty, takesPart { appendForwarded(commands, from: peer, at: now, into: &effects) }
  }

  /// Commands that another manager brings because it takes this one for the leader. If that is no longer so they
  /// are dropped: the other one brings them to the next.
  private mutating func appendForwarded(
    _ commands: [[UInt8]], from peer: NodeID, at now: Instant, into effects: inout [Effect]
  ) {
    // What is not a proposal of this version must not get into the log: no manager could apply it.
    let proposals = commands.map { command -> Proposal? in
      guard command.count <= configuration.raft.maximumCommandBytes,
        let proposal = try? Proposal(decoding: command),
        proposal.hasPossibleTime, complaint(aboutLevel: proposal.intent.understoodFrom) == nil
      else { return nil }
      return proposal
    }
    let sound = zip(commands, proposals).filter { $0.1 != nil }.map(\.0)
    if sound.count < commands.count {
      effects.append(.note("manager \(peer) brought \(commands.count - sound.count) unreadable proposals"))
    }
    guard !sound.isEmpty else { return }
    if !append(sound, of: [], at: now, into: &effects) {
      let refused = proposals.compactMap { $0?.request }
      effects.append(.send(to: peer, PeerMessage.overloaded(refused).encoded()))
    }
  }

  private mutating func take(_ report: Report, from sender: Peer, at now: Instant) {
    guard report.description.name == sender.name else { return }
    // Another process may run another program: it says itself what that understands, right behind its report.
    if reports[sender.name]?.process != report.process { levels[sender.id] = nil }
    if let known = reports[sender.name] {
      // A delayed report of the same process is older news; a smaller number after a restart is not.
      let isOlder = report.sequence <= known.sequence && report.process == known.process
      if isOlder, !planted(.oldReportsBelieved) { return }
      if known.saysTheSame(as: report) {
        reports[sender.name] = report
        return
      }
    }
    reports[sender.name] = report
    hasNews = true
  }

  // MARK: Reports

  /// Those of the other nodes that were heard lately: they are still so.
  func freshReports(at now: Instant) -> [Report] {
    reports.compactMap { name, report in
      guard name != configuration.node.name, let last = heard[name],
        now - last < configuration.control.nodeLostAfter
      else { return nil }
      return report
    }
  }

  /// What a node said that is gone for good: nobody shall see it any more.
  mutating func forgetSilent(_ node: String, at now: Instant) {
    guard node != configuration.node.name,
      now - (heard[node] ?? .origin) >= configuration.control.nodeLostAfter
    else { return }
    reports[node] = nil
    heard[node] = nil
  }

  /// Tells all managers how this node is: at once when that changed, otherwise now and then.
  mutating func report(at now: Instant, into effects: inout [Effect]) {
    var report = Report(
      description: configuration.node, process: requests.process, sequence: reportSequence + 1,
      appliedIndex: state.appliedIndex)
    reconciler.fill(&report, state)
    if raft.isLeader {
      report.problems += controllers.problems + [membershipProblem, levelProblem(at: now)].compactMap { $0 }
    }
    let isNews = sentReport.map { !$0.saysTheSame(as: report) } ?? true
    guard isNews || now >= nextReport else { return }
    reportSequence += 1
    nextReport = now + configuration.reportInterval
    sentReport = report
    reports[configuration.node.name] = report
    heard[configuration.node.name] = now
    if isNews { needsLook = true }
    var frames = [PeerMessage.report(report).encoded()]
    if configuration.featureLevel > .first {
      frames.append(PeerMessage.understands(configuration.featureLevel).encoded())
    }
    for peer in others {
      for frame in frames { effects.append(.send(to: peer.id, frame)) }
    }
  }
}

extension Report {
  /// Whether two reports differ in nothing that anyone decides by.
  func saysTheSame(as other: Report) -> Bool {
    var same = other
    same.sequence = sequence
    same.appliedIndex = appliedIndex
    return same == self
  }
}

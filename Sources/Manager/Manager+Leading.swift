import Cluster
import Control
import PlantedBugs
public import Raft
import WireFormat

// MARK: The leader

extension Manager {
  /// Lets the controllers decide, once everything they decided before is in the state.
  mutating func lead(at now: Instant, into effects: inout [Effect]) {
    heard[configuration.node.name] = now
    considerTransfer(at: now, into: &effects)
    steerMembership(at: now, into: &effects)
    raiseFeatureLevel(at: now, into: &effects)
    let awaitsDecision =
      decidedThrough != 0 && !planted(.decidesOnOldState) && !planted(.databaseEpochIgnored)
    guard raft.isCurrent, !awaitsDecision, now >= decideAfter,
      needsLook || hasNews || now >= controllers.nextLook
    else { return }
    let intents = controllers.decide(
      Situation(
        state: state, reports: reports, heard: heard, listeningSince: listeningSince,
        leadingSince: leadingSince, now: now))
    guard !intents.isEmpty else { return }
    let origin = "controller/\(configuration.node.name)"
    let commands = intents.map { propose($0, request: nil, origin: origin).encoded() }
    isDeciding = true
    stepRaft(.propose(token: 0, commands: commands), at: now, into: &effects)
    isDeciding = false
  }

  /// Moves leadership to a node that only decides, so that losing a zone with data needs no election; and away
  /// from a node that is to be emptied.
  private mutating func considerTransfer(at now: Instant, into effects: inout [Effect]) {
    guard let better = betterLeader(at: now) else {
      preferredSince = .never
      return
    }
    if preferredSince == .never { preferredSince = now }
    if now - preferredSince >= configuration.transferAfter {
      preferredSince = .never
      stepRaft(.transfer(to: better), at: now, into: &effects)
    }
  }

  private func betterLeader(at now: Instant) -> NodeID? {
    let own = rank(configuration.node.name)
    guard own > 0 else { return nil }
    let last = raft.lastPosition.index
    let candidates = raft.members.filter { member in
      guard raft.membership.voters.contains(member.id), let peer = manager(member.id) else {
        return false
      }
      return member.matched + 1_000 >= last && now - member.lastHeard < configuration.control.nodeLostAfter
        && rank(peer.name) < own
    }
    return candidates.min { left, right in
      let names = (manager(left.id)?.name ?? "", manager(right.id)?.name ?? "")
      return (rank(names.0), left.id) < (rank(names.1), right.id)
    }?.id
  }

  /// The lower, the better a place for the leader.
  private func rank(_ node: String) -> Int {
    guard let known = state.nodes[node] else { return 1 }
    if known.availability == .drained { return 2 }
    return known.description.onlyDecides ? 0 : 1
  }
}

// MARK: What operators are shown

extension Manager {
  public func view(at now: Instant) -> ClusterView {
    let managers = roster.map { peer in
      let isSelf = peer.id == configuration.id
      let silence = now - (heard[peer.name] ?? .origin)
      return ClusterView.ManagerStatus(
        id: peer.id, name: peer.name, zone: peer.zone,
        isReachable: isSelf || (heard[peer.name] != nil && silence < configuration.control.nodeLostAfter),
        appliedIndex: isSelf ? state.appliedIndex : reports[peer.name]?.appliedIndex,
        complaint: complaint(about: peer, at: now), isVoter: raft.membership.isVoter(peer.id),
        address: state.managers.joined[peer.id]?.member.address)
    }
    let received = reports.map { name, report in
      let age = name == configuration.node.name ? Duration.zero : now - (heard[name] ?? .origin)
      return ClusterView.ReceivedReport(report: report, age: age)
    }
    return ClusterView(
      node: configuration.node.name,
      leadership: Leadership(term: raft.term, leader: raft.leader, isLeader: raft.isLeader),
      commitIndex: raft.commitIndex, managers: managers, state: state, reports: received,
      // A node at rest reports now and then only.
      maximumReportAge: max(configuration.control.nodeLostAfter, configuration.reportInterval * 2),
      isCurrent: hasBeenCurrent && haltReason == nil, unconfirmedFor: now - confirmedAt,
      wallClockMilliseconds: wallClockMilliseconds)
  }
}

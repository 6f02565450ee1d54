import Cluster
import Control
import Raft
import WireFormat

// MARK: Who the managers are

extension Manager {
  /// A manager that joins may vote once it lacks at most so many entries: while they come, commits must not wait.
  private static let closeEnough: Index = 200

  func manager(_ id: NodeID) -> Peer? { roster.first { $0.id == id } }

  var others: LazyFilterSequence<[Peer]> {
    let own = configuration.id
    return roster.lazy.filter { $0.id != own }
  }

  /// The managers of the configuration, with those that the log says have come or gone since, and those that say
  /// themselves that they have come.
  mutating func adoptRoster(into effects: inout [Effect]) {
    let (joined, removed) = (state.managers.joined, state.managers.removed)
    let introduced = acquaintances.introduced
    acquaintances.introduced.removeAll { id, _ in joined[id] != nil || removed.contains(id) }
    let founders = configuration.managers.filter { !removed.contains($0.id) && joined[$0.id] == nil }
    let members = joined.values.map(\.member) + acquaintances.introduced.values.map(\.member)
    let latest = (founders + members.map(Peer.init)).sorted { $0.id < $1.id }
    // What the log says of one that introduced itself may differ in its address.
    guard latest != roster || introduced != acquaintances.introduced || removed != refused else { return }
    roster = latest
    refused = removed
    effects.append(.managers(joined: members, removed: removed))
  }

  /// A manager that joins takes part once the log has its disk.
  mutating func beAdmittedIfJoined(at now: Instant, into effects: inout [Effect]) {
    guard !raft.isAdmitted, state.managers.joined[configuration.id]?.disk == disk else { return }
    stepRaft(.admit(Admission()), at: now, into: &effects)
    effects.append(.note("the cluster knows this manager's disk: it has joined"))
  }

  /// Why a change cannot be asked for now; nil if it can. The log takes one at a time and looks at it again.
  func refusal(of change: ManagerChange, at now: Instant) -> String? {
    let membership = raft.membership
    if let new = change.adding, configuration.manager(new.node) != nil || membership.isMember(new.node) {
      return "the identity \(new.id) is in use; a manager that joins has one of its own"
    }
    guard let old = change.removing else { return nil }
    let isKnown = membership.isMember(old) || state.managers.joined[old] != nil || isGivenUp(old)
    guard isKnown else { return "\(old) is no manager" }
    let rest = membership.voters.filter { $0 != old }
    guard change.adding == nil, membership.voters.contains(old) else { return nil }
    guard !rest.isEmpty else { return "the last manager cannot be removed" }
    let silent = rest.filter { !isHeard($0, at: now) }
    guard (rest.count - silent.count) * 2 > rest.count else {
      return "of the \(rest.count) managers left a majority must be reachable, and "
        + silent.map { manager($0)?.name ?? "\($0)" }.joined(separator: " and ") + " is not"
    }
    return nil
  }

  private func isHeard(_ id: NodeID, at now: Instant) -> Bool {
    guard id != configuration.id else { return true }
    guard let name = manager(id)?.name, let last = heard[name] else { return false }
    return acquaintances.strangers[id] == nil && now - last < configuration.control.nodeLostAfter
  }
}

// MARK: The leader brings Raft's membership to what the log wants

extension Manager {
  /// One step at a time, each of them committed: a later leader goes on where this one was.
  mutating func steerMembership(at now: Instant, into effects: inout [Effect]) {
    let membership = raft.membership
    guard raft.isCurrent, raft.isMembershipSettled, !raft.isTransferring, decidedThrough == 0 else { return }
    membershipProblem = nil
    let gone = state.managers.removed
    let wanted = Membership(
      voters: membership.voters.filter { !gone.contains($0) },
      learners: membership.learners.filter { !gone.contains($0) })
    if wanted != membership {
      change(to: wanted, at: now, into: &effects)
    } else if let begun = state.managers.change {
      advance(begun, from: membership, at: now, into: &effects)
    }
  }

  private mutating func advance(
    _ begun: ManagerRoster.Begun, from membership: Membership, at now: Instant, into effects: inout [Effect]
  ) {
    var voters = membership.voters.filter { $0 != begun.change.removing }
    let learners = membership.learners.filter {
      $0 != begun.change.removing && $0 != begun.change.adding?.node
    }
    if let new = begun.change.adding, !voters.contains(new.node) {
      guard membership.isMember(new.node) else {
        let learning = Membership(voters: membership.voters, learners: membership.learners + [new.node])
        change(to: learning, at: now, into: &effects)
        return
      }
      guard isReady(new, at: now, into: &effects) else { return }
      voters.append(new.node)
    }
    let wanted = Membership(voters: voters, learners: learners)
    if wanted != membership {
      change(to: wanted, at: now, into: &effects)
    } else {
      decide(.completed(begun.index), at: now, into: &effects)
    }
  }

  /// Whether a manager that learns may vote: its disk stands in the log, and it has caught up.
  private mutating func isReady(_ new: ManagerMember, at now: Instant, into effects: inout [Effect]) -> Bool {
    guard state.managers.joined[new.node]?.disk != nil else {
      if let disk = acquaintances.disks[new.node] {
        decide(.disk(new.node, disk), at: now, into: &effects)
      } else {
        membershipProblem =
          "\(new.name) (\(new.id)) joins, and has not been heard yet: start it at \(new.address)"
      }
      return false
    }
    let progress = raft.members.first { $0.id == new.node }
    guard let progress, progress.phase == .replicating,
      progress.matched + Self.closeEnough >= raft.lastPosition.index
    else {
      membershipProblem = "\(new.name) (\(new.id)) joins, and is catching up"
      return false
    }
    return true
  }

  private mutating func change(to wanted: Membership, at now: Instant, into effects: inout [Effect]) {
    let timeout = configuration.raft.electionTimeout.upperBound
    let reached = raft.members.filter { now - $0.lastHeard < timeout }.map(\.id) + [configuration.id]
    let missing = wanted.voters.filter { !reached.contains($0) }
    guard (wanted.voters.count - missing.count) * 2 > wanted.voters.count else {
      let names = missing.map { manager($0)?.name ?? "\($0)" }.joined(separator: " and ")
      membershipProblem = "the managers are not changed: without \(names) those that stay have no majority"
      return
    }
    stepRaft(
      .changeMembers(token: 0, voters: wanted.voters, learners: wanted.learners), at: now, into: &effects)
  }

  private mutating func decide(_ step: ManagerStep, at now: Instant, into effects: inout [Effect]) {
    decide(.managerStep(step), at: now, into: &effects)
  }

  mutating func decide(_ intent: Intent, at now: Instant, into effects: inout [Effect]) {
    let command = propose(intent, request: nil, origin: "controller/\(configuration.node.name)")
    isDeciding = true
    stepRaft(.propose(token: 0, commands: [command.encoded()]), at: now, into: &effects)
    isDeciding = false
  }
}

extension Manager.Peer {
  fileprivate init(_ member: ManagerMember) {
    self.init(id: member.node, name: member.name, zone: member.zone)
  }
}

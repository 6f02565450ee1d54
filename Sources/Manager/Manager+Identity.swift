import Cluster
import PlantedBugs
import Raft
import WireFormat

// MARK: Whose disk it is

extension Manager {
  /// How often a manager that is not admitted speaks up, and one that does not know all disks yet.
  private static let urgentInterval = Duration.milliseconds(200)
  private static let idleInterval = Duration.seconds(5)

  /// The disk by which a manager is known; a frame from another one is not taken.
  func knownDisk(of manager: NodeID) -> Incarnation? {
    state.managers.joined[manager]?.disk ?? raft.admission?[manager]
      ?? acquaintances.introduced[manager]?.disk
  }

  func isTaken(_ disk: Incarnation, of manager: NodeID) -> Bool {
    knownDisk(of: manager).map { $0 == disk } ?? true || planted(.newDiskVotes)
  }

  /// A manager speaks that is known by another disk.
  mutating func meet(
    stranger disk: Incarnation, of peer: Peer, at now: Instant, into effects: inout [Effect]
  ) {
    if acquaintances.strangers[peer.id]?.disk != disk {
      effects.append(.alarm("manager \(peer.name): \(Self.complaint(about: peer.name))"))
      needsLook = true
    }
    acquaintances.strangers[peer.id] = .init(disk: disk, lastHeard: now)
    introduce(to: peer.id, wantsAnswer: false, into: &effects)
  }

  mutating func take(
    _ identity: Identity, from peer: Peer, disk: Incarnation, at now: Instant, into effects: inout [Effect]
  ) {
    if identity.isFarewell {
      withdraw(because: peer, at: now, into: &effects)
      return
    }
    acquaintances.disks[peer.id] = disk
    acquaintances.strangers[peer.id] = nil
    if var admission = raft.admission {
      if identity.isAdmitted, admission[peer.id] == nil {
        admission[peer.id] = disk
        stepRaft(.admit(admission), at: now, into: &effects)
      }
    } else {
      consider(identity, from: peer, disk: disk, at: now, into: &effects)
    }
    if identity.wantsAnswer {
      let lacksConsent = !raft.isAdmitted && acquaintances.consents[peer.id] == nil
      introduce(to: peer.id, wantsAnswer: lacksConsent, into: &effects)
    }
  }

  /// What another manager says of this one's disk, which the cluster does not know yet.
  private mutating func consider(
    _ identity: Identity, from peer: Peer, disk: Incarnation, at now: Instant, into effects: inout [Effect]
  ) {
    acquaintances.consents[peer.id] = identity.known == self.disk ? disk : nil
    acquaintances.unaware.removeAll { $0 == peer.id }
    if identity.isAdmitted, identity.known == nil { acquaintances.unaware.append(peer.id) }
    if identity.isAdmitted, let known = identity.known, known != self.disk {
      standAside(
        because:
          "manager \(peer.name) knows \(configuration.node.name) by disk \(known), and this is disk \(self.disk): "
          + Self.complaint(about: configuration.node.name), into: &effects)
    } else {
      beAdmittedIfAllAgree(at: now, into: &effects)
    }
  }

  /// A cluster begins when all its managers have met: a majority could not tell its first start from the return of
  /// one whose disk was replaced.
  mutating func beAdmittedIfAllAgree(at now: Instant, into effects: inout [Effect]) {
    guard !raft.isAdmitted, !configuration.isJoining,
      others.allSatisfy({ acquaintances.consents[$0.id] != nil }) || planted(.newDiskVotes)
    else { return }
    stepRaft(.admit(acquaintances.consents), at: now, into: &effects)
    effects.append(.note("all managers know this one's disk: it takes part"))
    needsLook = true
  }

  mutating func standAside(because reason: String, into effects: inout [Effect]) {
    acquaintances.refusal = reason
    for token in requests.removeAll() + purges.removeAll() + barriers.map(\.token) {
      effects.append(.answer(token, .stopped(reason: reason)))
    }
    barriers = []
    effects.append(.alarm(reason))
    effects.append(.changed)
  }

  static func complaint(about manager: String) -> String {
    "its disk was replaced, and with it what it had promised and stored is gone; it takes no part. "
      + "Bring the old disk itself back, never a copy, or replace the manager: `tercet manager replace \(manager)`"
  }

  /// Why a manager takes no part; nil if nothing is known against it.
  func complaint(about manager: Peer, at now: Instant) -> String? {
    if manager.id == configuration.id { return ownComplaint }
    if isGivenUp(manager.id) { return Self.farewell(to: manager.name) }
    guard let stranger = acquaintances.strangers[manager.id],
      now - stranger.lastHeard < Self.idleInterval * 2
    else { return nil }
    return Self.complaint(about: manager.name)
  }

  private var ownComplaint: String? {
    if let refusal = acquaintances.refusal { return refusal }
    if state.managers.removed.contains(configuration.id) { return "it was removed from the cluster: stop it" }
    guard !raft.isAdmitted else { return nil }
    guard !configuration.isJoining else { return "it joins, and the cluster has not taken it in yet" }
    let unaware = others.filter { acquaintances.unaware.contains($0.id) }.map(\.name)
    guard unaware.isEmpty else {
      return
        "\(unaware.joined(separator: " and ")) belongs to a cluster that does not know this manager's disk yet. "
        + "If its disk was replaced, replace the manager: `tercet manager replace \(configuration.node.name)`"
    }
    let missing = others.filter { acquaintances.consents[$0.id] == nil }.map(\.name)
    return
      "it waits for \(missing.joined(separator: " and ")): a new cluster begins when all its managers have met"
  }

  // MARK: Speaking up

  /// When there is something to say or to ask.
  var nextWord: Instant {
    lacksWords ? acquaintances.nextWord : .never
  }

  private var lacksWords: Bool {
    guard let admission = raft.admission else { return !others.isEmpty }
    return others.contains { admission[$0.id] == nil || isGivenUp($0.id) }
  }

  mutating func speakUp(at now: Instant, into effects: inout [Effect]) {
    guard lacksWords, now >= acquaintances.nextWord else { return }
    // One that was given up has to know before it elects a leader with others of its kind.
    let isUrgent = acquaintances.refusal == nil && (!raft.isAdmitted || others.contains { isGivenUp($0.id) })
    acquaintances.nextWord = now + (isUrgent ? Self.urgentInterval : Self.idleInterval)
    for peer in others where raft.admission?[peer.id] == nil || isGivenUp(peer.id) {
      introduce(to: peer.id, wantsAnswer: true, into: &effects)
    }
  }

  func introduce(to peer: NodeID, wantsAnswer: Bool, into effects: inout [Effect]) {
    let known = raft.isAdmitted ? knownDisk(of: peer) : acquaintances.disks[peer]
    let identity = Identity(
      isAdmitted: raft.isAdmitted, known: known, wantsAnswer: wantsAnswer, isFarewell: isGivenUp(peer))
    effects.append(.send(to: peer, PeerMessage.identity(identity).encoded()))
  }

  /// What a manager still does that is not taken for its old self: it says so.
  mutating func stepAside(
    _ input: Input, because reason: String, at now: Instant, into effects: inout [Effect]
  ) {
    refuse(input, because: reason, into: &effects)
    speakUp(at: now, into: &effects)
  }
}

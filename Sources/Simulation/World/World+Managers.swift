import Cluster
import Manager
import Raft

// MARK: Managers

extension World {
  /// Starts a machine's manager from what is on its disk, unless it runs or the machine has no power.
  public mutating func start(_ index: Int) {
    guard machines[index].manager == nil, machines[index].isOn else { return }
    guard let restored = machines[index].disk.open() else {
      counters[.halts] += 1
      chronicle?.note(now, index, .halted("the log on disk is damaged"))
      return
    }
    machines[index].life += 1
    counters[.restarts] += 1
    let life = machines[index].life
    let nonce = chance.draw(.nonce, UInt64(index), UInt64(life))
    let local = machines[index].clock.local(at: now)
    var manager = Manager(
      configuration: machines[index].configuration, restored: restored,
      disk: machines[index].disk.incarnation,
      nonce: nonce, at: local)
    var effects: [Manager.Effect] = []
    manager.start(at: local, into: &effects)
    machines[index].glance = Glance(manager)
    machines[index].told = Told()
    machines[index].manager = manager
    machines[index].isPaused = false
    chronicle?.note(now, index, .started)
    let broken =
      invariants.started(index, manager, from: restored)
      ?? invariants.stepped(index, manager, effects, bringsReport: false, at: now)
    if let broken { violate(broken) }
    carryOut(effects, of: index)
    changed(index)
  }

  /// Ends a manager without warning; its services run on. Of the writes under way the first `kept` had reached the
  /// disk, whatever the manager knew of it.
  public mutating func kill(_ index: Int, keeping kept: Int? = nil) {
    guard machines[index].manager != nil else { return }
    let waiting = machines[index].disk.waiting.count
    let drawn = Int(chance.below(UInt64(waiting + 1), .tear, UInt64(index), UInt64(machines[index].life)))
    let kept = min(kept ?? drawn, waiting)
    counters[.lostWrites] += UInt64(waiting - kept)
    machines[index].disk.end(keeping: kept)
    machines[index].manager = nil
    machines[index].mailbox = []
    machines[index].isPaused = false
    machines[index].wakeNumber += 1
    machines[index].wake = .never
    invariants.ended(machines[index].id, keeping: kept)
    chronicle?.note(now, index, .ended)
  }

  mutating func step(_ index: Int, _ input: Manager.Input) {
    guard violation == nil, machines[index].manager != nil else { return }
    if machines[index].isPaused {
      machines[index].mailbox.append(input)
      return
    }
    let local = machines[index].clock.local(at: now)
    let before = machines[index].glance
    var effects: [Manager.Effect] = []
    guard
      let lived = machines[index].manager?.live(input, at: local, &effects, on: index, &invariants, now)
    else { return }
    machines[index].glance = lived.glance
    if lived.glance.isLeader, !before.isLeader { noteElection(of: index) }
    if lived.glance.appliedIndex != before.appliedIndex {
      chronicle?.note(now, index, .applied(lived.glance.appliedIndex))
    }
    if let broken = lived.violation { violate(broken) }
    carryOut(effects, of: index)
  }

  private mutating func noteElection(of index: Int) {
    counters[.elections] += 1
    chronicle?.note(now, index, .leads(term: machines[index].glance.term))
  }

  private mutating func carryOut(_ effects: [Manager.Effect], of index: Int) {
    let life = machines[index].life
    for effect in effects {
      switch effect {
      case .write(let write): begin(write, on: index)
      case .send(let peer, let frame): send(frame, to: peer, from: index)
      case .answer(let token, let answer): take(answer, for: token, at: index)
      case .perform(let id, let action): begin(action, id, on: index, life: life)
      case .note(let note), .alarm(let note): chronicle?.note(now, index, .said(note))
      case .halted(let reason):
        counters[.halts] += 1
        chronicle?.note(now, index, .halted(reason))
        if !machines[index].disk.isFull { violate(.noHalt, "\(machines[index].name) halted: \(reason)") }
      case .changed, .managers, .warning: break
      }
    }
    arm(index)
  }

  private mutating func send(_ frame: [UInt8], to peer: NodeID, from index: Int) {
    guard let to = machines.firstIndex(where: { $0.id == peer }) else { return }
    guard frame.count <= Network.maximumFrameBytes else {
      chronicle?.note(now, index, .said("a frame of \(frame.count) bytes is too long for the link"))
      return
    }
    let flights = network.send(from: index, to: to, at: now)
    chronicle?.sent(now, from: index, to: to, arrives: flights.first.map { now + $0.delay }, frame)
    for flight in flights {
      let delivery = Delivery(
        from: index, sender: machines[index].id, disk: machines[index].disk.incarnation,
        to: to, addressee: peer, epoch: flight.epoch, frame: frame)
      schedule(.deliver(delivery), after: flight.delay)
    }
  }

  /// A frame on its way. Managers know each other by their certificates: what one of them sends does not come to
  /// another one that has taken the machine over, nor from it (`Peers`).
  struct Delivery: Sendable {
    var from: Int
    var sender: NodeID
    var disk: Incarnation
    var to: Int
    var addressee: NodeID
    var epoch: UInt64
    var frame: [UInt8]
  }

  mutating func deliver(_ delivery: Delivery) {
    guard network.arrives(from: delivery.from, to: delivery.to, epoch: delivery.epoch),
      machines[delivery.to].manager != nil, machines[delivery.to].id == delivery.addressee
    else { return }
    step(delivery.to, .received(from: delivery.sender, disk: delivery.disk, frames: [delivery.frame]))
  }

  /// Wakes the manager when it wants to be woken.
  func wakeTime(_ index: Int) -> Instant {
    guard machines[index].manager != nil else { return .never }
    return machines[index].clock.world(of: machines[index].glance.nextDeadline, at: now)
  }

  mutating func arm(_ index: Int) {
    guard !machines[index].isPaused else { return }
    let due = wakeTime(index)
    guard due != machines[index].wake, due != .never else { return }
    // A deadline that moved on is looked at when the earlier one comes: fewer events.
    guard due < machines[index].wake else { return }
    machines[index].wake = due
    machines[index].wakeNumber += 1
    schedule(
      .wake(machine: index, number: machines[index].wakeNumber), after: max(due - now, .microseconds(1)))
  }

  // MARK: The disk

  private mutating func begin(_ write: Write, on index: Int) {
    if let snapshot = write.snapshot {
      // One that replaces the log removes all that would follow it.
      let isInstalled = write.removeFrom == snapshot.position.index + 1
      counters[isInstalled ? .installations : .snapshots] += 1
    }
    machines[index].disk.begin(write)
    guard !machines[index].disk.isStalled else { return }
    scheduleWrite(on: index, number: machines[index].disk.begun)
  }

  /// One disk, one queue: writes become durable in order.
  private mutating func scheduleWrite(on index: Int, number: UInt64) {
    let time = Duration.microseconds(150 + Int(chance.below(300, .write, UInt64(index), number)))
    let due = max(machines[index].disk.busyUntil, now) + time
    machines[index].disk.busyUntil = due
    schedule(.stored(machine: index, life: machines[index].life), after: due - now)
  }

  /// Whether a machine's manager is still in the life that was meant.
  func isAlive(_ index: Int, _ life: Int) -> Bool {
    machines[index].life == life && machines[index].manager != nil
  }

  mutating func writeEnds(on index: Int, life: Int) {
    guard isAlive(index, life), !machines[index].disk.isStalled else { return }
    if machines[index].disk.isFull, let write = machines[index].disk.waiting.first {
      step(index, .writeFailed(write.id, reason: "no space left on device"))
      return
    }
    let before = machines[index].disk.truncations
    guard let write = machines[index].disk.completeNext() else { return }
    counters[.truncations] += UInt64(machines[index].disk.truncations - before)
    invariants.stored(machines[index].id, write)
    step(index, .stored(write.id))
  }

  mutating func releaseDisk(_ index: Int) {
    guard machines[index].disk.isStalled else { return }
    machines[index].disk.isStalled = false
    machines[index].disk.busyUntil = now
    let waiting = machines[index].disk.waiting.count
    for place in 0..<waiting {
      scheduleWrite(on: index, number: machines[index].disk.begun - UInt64(waiting - 1 - place))
    }
  }

  // MARK: Pause, power

  mutating func resume(_ index: Int) {
    guard machines[index].isPaused else { return }
    machines[index].isPaused = false
    chronicle?.note(now, index, .resumed)
    let mailbox = machines[index].mailbox
    machines[index].mailbox = []
    machines[index].wake = .never
    for input in mailbox { step(index, input) }
    step(index, .timer)
  }

  mutating func powerOff(_ index: Int) {
    kill(index, keeping: 0)
    machines[index].isOn = false
    machines[index].containers.losePower()
    machines[index].cache.restart()
    for name in machines[index].databases.keys.sorted() { machines[index].databases[name]?.crash() }
    machines[index].disk.isStalled = false
    machines[index].balancing = Balancing()
  }

  mutating func powerOn(_ index: Int) {
    machines[index].isOn = true
    start(index)
  }
}

extension Manager {
  /// One step and what the world makes of it, without a copy of the manager: that would cost more than the step.
  fileprivate mutating func live(
    _ input: Input, at local: Instant, _ effects: inout [Effect], on machine: Int,
    _ invariants: inout Invariants, _ now: Instant
  ) -> (glance: Glance, violation: Violation?) {
    let bringsReport = input.bringsReport
    step(input, at: local, into: &effects)
    let violation = invariants.stepped(machine, self, effects, bringsReport: bringsReport, at: now)
    return (Glance(self), violation)
  }
}

extension Manager.Input {
  /// Whether it may change what the manager knows of other nodes.
  fileprivate var bringsReport: Bool {
    guard case .received(_, _, let frames) = self else { return false }
    return frames.contains { PeerMessage.Kind(of: $0) == .report }
  }
}

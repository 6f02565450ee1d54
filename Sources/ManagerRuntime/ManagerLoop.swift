internal import Cluster
internal import LogStore
internal import Logging
internal import Manager
internal import ManagerAPI
internal import NIOCore
internal import Peers
internal import PostgresServer
internal import Raft
internal import VarnishCache

/// The one loop that steps the manager. It lives on an event loop and is used there alone.
final class ManagerLoop {
  /// Whoever carries effects out.
  struct Surroundings: Sendable {
    var store: LogStore
    var peers: Peers
    /// The peers that the configuration names.
    var configured: [Peers.Member]
    var drivers: Drivers
    var watchers: Watchers
    var halt: AsyncStream<String>.Continuation
    var logger: Logger
  }

  private var manager: Manager
  private var waiters: [UInt64: @Sendable (Manager.Answer) -> Void] = [:]
  private var effects: [Manager.Effect] = []
  private let mailbox: Mailbox
  private let surroundings: Surroundings
  private let eventLoop: any EventLoop
  private var timer: Scheduled<Void>?
  /// When the timer rings; never, if there is none.
  private var timerDue = Instant.never
  private var hasEnded = false

  init(_ manager: Manager, mailbox: Mailbox, surroundings: Surroundings, eventLoop: any EventLoop) {
    self.manager = manager
    self.mailbox = mailbox
    self.surroundings = surroundings
    self.eventLoop = eventLoop
  }

  func begin() {
    manager.step(.wallClock(milliseconds: Clock.wallMilliseconds), at: Clock.now, into: &effects)
    manager.start(at: Clock.now, into: &effects)
    carryOut()
    setTimer()
    // Run after everything that this turn of the event loop still reads: what comes together is stepped together.
    let loop = NIOLoopBound(self, eventLoop: eventLoop)
    mailbox.open { [eventLoop] in eventLoop.execute { loop.value.turn() } }
  }

  private func turn() {
    guard !hasEnded else { return }
    let content = mailbox.takeAll()
    guard !content.isClosing else { return end(content) }
    step(content)
    carryOut()
    answer(content.viewers)
    setTimer()
  }

  private func end(_ last: Mailbox.Content) {
    hasEnded = true
    timer?.cancel()
    let rest = mailbox.closeForGood()
    let stopping = Manager.Answer.stopped(reason: "it is shutting down")
    for waiter in waiters.values { waiter(stopping) }
    for waiter in last.waiters + rest.waiters { waiter.answer(stopping) }
    waiters = [:]
    answer(last.viewers + rest.viewers)
    surroundings.watchers.endLoop()
  }

  /// A deadline that moved on is looked at when the earlier one comes: most do, with every heartbeat.
  private func setTimer() {
    let due = manager.nextDeadline
    guard due < timerDue else { return }
    timer?.cancel()
    timerDue = due
    let wait = min(max(due - Clock.now, .zero).nanoseconds, 3_600_000_000_000)
    timer = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(wait)) { [weak self] in
      self?.timerDue = .never
      self?.turn()
    }
  }

  private func step(_ content: Mailbox.Content) {
    for waiter in content.waiters { waiters[waiter.token] = waiter.answer }
    let now = Clock.now
    manager.step(.wallClock(milliseconds: Clock.wallMilliseconds), at: now, into: &effects)
    for input in content.inputs { manager.step(input, at: now, into: &effects) }
    if !content.submissions.isEmpty { manager.step(.submit(content.submissions), at: now, into: &effects) }
    if !content.purges.isEmpty { manager.step(.purge(content.purges), at: now, into: &effects) }
    if now >= manager.nextDeadline { manager.step(.timer, at: now, into: &effects) }
  }

  private func carryOut() {
    var frames: [(to: NodeID, frames: [[UInt8]])] = []
    var hasChanged = false
    for effect in effects {
      switch effect {
      case .write(let write):
        surroundings.store.submit(write)
      case .send(let peer, let frame):
        if let place = frames.firstIndex(where: { $0.to == peer }) {
          frames[place].frames.append(frame)
        } else {
          frames.append((peer, [frame]))
        }
      case .answer(let token, let answer):
        waiters.removeValue(forKey: token)?(answer)
      case .perform(let id, let action):
        perform(id, action)
      case .changed:
        hasChanged = true
      case .managers(let joined, let removed):
        setPeers(joined: joined, removed: removed)
      case .note(let note):
        surroundings.logger.info("\(note)")
      case .warning(let warning):
        surroundings.logger.warning("\(warning)")
      case .alarm(let alarm):
        surroundings.logger.error("\(alarm)")
      case .halted(let reason):
        surroundings.logger.critical("the manager has stopped for good", metadata: ["reason": "\(reason)"])
        surroundings.halt.yield(reason)
      }
    }
    effects.removeAll(keepingCapacity: true)
    for (peer, frames) in frames { surroundings.peers.send(to: peer, frames: frames) }
    if hasChanged {
      surroundings.drivers.databases?.watch(manager.state.databases.keys)
      surroundings.drivers.databases?.hurry(manager.state.databases.values.contains(where: \.isMoving))
      if let caches = manager.serviceCaches { surroundings.drivers.caches?.set(caches) }
      surroundings.watchers.tick()
    }
  }

  private func setPeers(joined: [ManagerMember], removed: [NodeID]) {
    let rest = surroundings.configured.filter { member in
      !removed.contains(member.node) && !joined.contains { $0.node == member.node }
    }
    surroundings.peers.setMembers(
      rest + joined.map { Peers.Member(node: $0.node, name: $0.name, host: $0.address, port: $0.peersPort) },
      removed: removed)
  }

  private func perform(_ id: Manager.ActionID, _ action: Action) {
    surroundings.logger.debug("action \(id) begins", metadata: ["action": "\(action.summary)"])
    _Concurrency.Task { [surroundings, mailbox] in
      let result = await surroundings.drivers.perform(action)
      switch result {
      case .failed(let reason):
        // The manager tells whether that is news: it tries again, and again.
        surroundings.logger.debug(
          "action failed", metadata: ["action": "\(action.summary)", "reason": "\(reason)"])
      case .partial(let reason):
        surroundings.logger.debug(
          "action done in part", metadata: ["action": "\(action.summary)", "reason": "\(reason)"])
      case .replaced(let reason):
        surroundings.logger.debug(
          "action done in another way", metadata: ["action": "\(action.summary)", "reason": "\(reason)"])
      case .done:
        if !action.isFrequent {
          surroundings.logger.info("action done", metadata: ["action": "\(action.summary)"])
        }
      }
      mailbox.put(.finished(id, result))
    }
  }

  private func answer(_ viewers: [@Sendable (ClusterView) -> Void]) {
    guard !viewers.isEmpty else { return }
    let view = manager.view(at: Clock.now)
    for viewer in viewers { viewer(view) }
  }
}

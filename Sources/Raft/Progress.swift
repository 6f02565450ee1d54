/// What a leader knows of one other member, and what it has sent there.
struct Progress: Hashable, Sendable {
  enum Phase: Hashable, Sendable {
    /// Where the logs agree is being found out, by one append at a time.
    case probing(isPaused: Bool)
    /// Appends are sent one after the other without waiting.
    case replicating(InFlightWindow)
    case sendingSnapshot(SnapshotTransfer)
  }

  let id: NodeID
  /// All entries up to this index are on the member's disk.
  private(set) var matched: Index = 0
  /// The next entry to send.
  private(set) var next: Index
  private(set) var phase: Phase = .probing(isPaused: false)
  private(set) var lastHeard: Instant
  /// The latest of the leader's rounds that the member has answered.
  private(set) var round: UInt64 = 0
  /// The commit index last told.
  var commitSent: Index = 0

  /// A member of whose log nothing is known yet: it is asked whether it ends where the leader's does.
  init(id: NodeID, next: Index, at now: Instant) {
    self.id = id
    self.next = next
    self.lastHeard = now
  }

  mutating func heard(at now: Instant) { lastHeard = now }

  mutating func answered(_ round: UInt64) { self.round = max(self.round, round) }

  /// An append with entries up to `last` left; `last` is nil if it carried none.
  mutating func sent(through last: Index?, bytes: Int) {
    switch phase {
    case .probing:
      phase = .probing(isPaused: true)
    case .replicating(var window):
      guard let last else { return }
      phase = .probing(isPaused: true)
      window.add(last: last, bytes: bytes)
      next = last + 1
      phase = .replicating(window)
    case .sendingSnapshot:
      break
    }
  }

  /// The member has everything up to `index` on its disk, and agrees with all that was sent. True if that is
  /// more than was known.
  mutating func accepted(through index: Index) -> Bool {
    let isNews = index > matched
    matched = max(matched, index)
    switch phase {
    case .probing:
      next = matched + 1 > next ? matched + 1 : next
      phase = .replicating(InFlightWindow())
    case .replicating(var window):
      next = max(next, matched + 1)
      guard isNews else { break }
      phase = .probing(isPaused: true)
      window.free(through: matched)
      phase = .replicating(window)
    case .sendingSnapshot(let transfer):
      guard matched >= transfer.snapshot.position.index else { break }
      next = matched + 1
      phase = .replicating(InFlightWindow())
    }
    return isNews
  }

  /// Whether a rejection of an append right after `previous` is news rather than a late arrival.
  func isRejectionCurrent(previous: Index) -> Bool {
    guard previous > matched else { return false }
    switch phase {
    case .probing: return previous == next - 1
    case .replicating: return previous < next
    case .sendingSnapshot: return false
    }
  }

  /// The logs may agree up to `index`.
  mutating func backUp(to index: Index) {
    next = max(matched, min(index, next - 1)) + 1
    phase = .probing(isPaused: false)
  }

  /// What was on its way may be lost.
  mutating func connectionBroke() {
    switch phase {
    case .probing: phase = .probing(isPaused: false)
    case .replicating: backUp(to: matched)
    case .sendingSnapshot(var transfer):
      transfer.mayRepeat = true
      phase = .sendingSnapshot(transfer)
    }
  }

  mutating func beginSnapshot(_ snapshot: Snapshot) {
    phase = .sendingSnapshot(SnapshotTransfer(snapshot: snapshot))
  }

  mutating func changeTransfer(_ change: (inout SnapshotTransfer) -> Void) {
    guard case .sendingSnapshot(var transfer) = phase else { return }
    change(&transfer)
    phase = .sendingSnapshot(transfer)
  }
}

/// Appends with entries that are on their way to a replicating member.
struct InFlightWindow: Hashable, Sendable {
  private struct Sent: Hashable, Sendable {
    let last: Index
    let bytes: Int
  }
  private var sent: [Sent] = []
  private(set) var bytes = 0

  var count: Int { sent.count }

  func isFull(_ settings: Settings) -> Bool {
    sent.count >= settings.maximumInFlightMessages || bytes >= settings.maximumInFlightBytes
  }

  /// Whether more was sent than ever should be: something left when the window was full already.
  func isOverfull(_ settings: Settings) -> Bool {
    guard let last = sent.last else { return false }
    return sent.count > settings.maximumInFlightMessages
      || (sent.count > 1 && bytes - last.bytes >= settings.maximumInFlightBytes)
  }

  mutating func add(last: Index, bytes: Int) {
    sent.append(Sent(last: last, bytes: bytes))
    self.bytes += bytes
  }

  /// The member has everything up to `index`.
  mutating func free(through index: Index) {
    var count = 0
    for one in sent {
      guard one.last <= index else { break }
      bytes -= one.bytes
      count += 1
    }
    sent.removeFirst(count)
  }
}

/// A snapshot on its way to a member, chunk by chunk: the next one leaves when the last is acknowledged. The
/// snapshot stays the same until the member has it, even if a newer one is made meanwhile.
struct SnapshotTransfer: Hashable, Sendable {
  let snapshot: Snapshot
  /// Where the chunk begins that was sent last.
  var offset = 0
  /// Where it ends.
  var end = 0
  /// Whether the chunk may be sent once more because no answer came since the last heartbeat. An unexpected
  /// answer alone must not cause a sending, or a doubled message would be doubled for ever.
  var mayRepeat = true
}

public import Raft

/// RaftInvariants: the history of a whole cluster, over all restarts, and the promises of Raft that it must
/// keep (`Invariant`). What an event changed is checked, not everything again: an event costs a few
/// comparisons, whatever the length of the log.
///
/// The world that runs the nodes tells it each event, in the order in which they happen: what a step of a node
/// wrote and sent (`wrote`, `sent`), then what the node is after it (`stepped`), what its disk made durable
/// (`stored`), and its ends and starts (`crashed`, `wiped`, `started`).
///
/// It draws nothing from a node's own book-keeping where it can know better: what is durable it computes from
/// the writes that the disk completed.
public struct RaftInvariants: Sendable {
  struct Ballot: Hashable {
    let node: NodeID
    let term: Term
  }

  /// What is known of a node. It lives on through restarts.
  struct Known: Sendable {
    let id: NodeID
    /// What its writes of this life make of its store.
    var submitted: StoreImage
    /// What its disk has completed.
    var durable: StoreImage
    /// Writes not completed yet, oldest first.
    var waiting: [Write] = []
    var lastWrite: WriteID = 0
    var isLeader = false
    var term: Term
    var commit: Index
    /// Memberships in the writes since the last `stepped`, and whether the one in force may be another one.
    var newMemberships: [Index] = []
    var membershipsChanged = true
    /// Whether entries were removed from the log since the last `stepped`.
    var removed = false

    init(id: NodeID, store: StoreImage) {
      self.id = id
      submitted = store
      durable = store
      term = store.hardState.term
      commit = store.snapshot.index
    }
  }

  /// The first promise that was broken; nil while all are kept.
  public private(set) var violation: Violation?
  /// How often a node became leader.
  public internal(set) var elections = 0
  /// How often a follower removed entries that the leader did not have.
  public internal(set) var truncations = 0
  /// How often a node took over another one's snapshot.
  public internal(set) var restores = 0

  var known: [Known] = []
  /// What was on disks that are lost. What they acknowledged counts: their members never vote again.
  var lost: [Known] = []
  var leaders: [Term: NodeID] = [:]
  var votes: [Ballot: NodeID] = [:]
  var origins = EntryOrigins()
  /// The terms of all committed entries; that of index 1 stands at 0.
  var committed: [Term] = []
  /// In which term each stretch of `committed` was: ascending, each up to its last index.
  var commitTerms: [Position] = []
  private var digests: [UInt64?] = []

  public init() {}

  /// The end of what any node has known to be committed.
  public var committedIndex: Index { Index(committed.count) }

  // MARK: Lives

  /// A node exists, with this on its disk; it does not run yet. Founding members must be told before the first
  /// of them starts.
  public mutating func exists(_ node: NodeID, store restored: Restored) {
    known.append(Known(id: node, store: StoreImage(restored)))
    guard var previous = restored.entries.first else { return }
    for entry in restored.entries.dropFirst() {
      if !origins.add(entry, after: previous.term) {
        fail(.logMatching, "\(node) begins with another entry \(entry.index) than is known", [node])
      }
      previous = entry
    }
  }

  /// A node begins a new life, after `Raft.start`: it must have lost nothing that was durable.
  public mutating func started(_ raft: borrowing Raft, from restored: Restored) {
    if case .halted(let reason) = raft.role {
      halted(raft.id, reason: reason)
      return
    }
    let image = StoreImage(restored)
    let id = raft.id
    guard let slot = slot(id) else {
      exists(id, store: restored)
      stepped(raft)
      return
    }
    let old = known[slot].durable
    if image.hardState != old.hardState || image.last != old.last || image.snapshot != old.snapshot {
      fail(.nothingGoesBack, "\(id) restarts with \(image.summary), but \(old.summary) was durable", [id])
    }
    known[slot] = Known(id: id, store: image)
    stepped(raft)
  }

  /// A node's process or machine ends. Of its writes on their way the first few may have become durable.
  public mutating func crashed(_ node: NodeID, survivingWrites count: Int = 0) {
    guard let slot = slot(node) else { return }
    for write in known[slot].waiting.prefix(count) { known[slot].durable.apply(write) }
    known[slot].waiting = []
    known[slot].isLeader = false
  }

  /// A node lost its disk, and with it everything that it promised: it may not come back under its identity.
  public mutating func wiped(_ node: NodeID) {
    lost += known.filter { $0.id == node }
    known.removeAll { $0.id == node }
  }

  /// An operator rewrote a node's store because a majority is lost for good. What was committed and is not in it is
  /// lost by that act, and no promise is broken if it never comes back.
  public mutating func recovered(_ node: NodeID, store restored: Restored) {
    let image = StoreImage(restored)
    let lost = committed.indices.first { place in
      let position = Position(index: Index(place + 1), term: committed[place])
      return !image.holds(position)
    }
    if let lost {
      committed.removeSubrange(lost...)
      digests.removeSubrange(min(lost, digests.count)...)
      commitTerms.removeAll { $0.index > Index(lost) }
    }
    known.removeAll { $0.id == node }
    known.append(Known(id: node, store: image))
  }

  // MARK: What the surroundings see

  /// A machine's state machine has this digest after the entry at `index`.
  public mutating func applied(_ index: Index, digest: UInt64, at node: NodeID) {
    guard index > 0 else { return }
    while Index(digests.count) < index { digests.append(nil) }
    let slot = Int(index) - 1
    if let other = digests[slot], other != digest {
      fail(.equalStates, "\(node) has another state after entry \(index) than others", [node], index)
    }
    digests[slot] = digest
  }

  /// A node stopped for good. In a world whose disks tell the truth none ever should.
  public mutating func halted(_ node: NodeID, reason: String) {
    fail(.noHalt, "\(node) halted: \(reason)", [node])
  }

  /// Notes a broken promise; the first one stands.
  mutating func fail(
    _ invariant: Invariant, _ text: String, _ nodes: [NodeID],
    _ index: Index? = nil, term: Term? = nil
  ) {
    guard violation == nil else { return }
    violation = Violation(invariant: invariant, text: text, nodes: nodes, index: index, term: term)
  }

  func slot(_ node: NodeID) -> Int? { known.firstIndex { $0.id == node } }
}

extension StoreImage {
  var summary: String {
    "term \(hardState.term), vote \(hardState.vote.map(\.description) ?? "none"), snapshot "
      + "\(snapshot.index), last entry \(last.index) of term \(last.term)"
  }
}

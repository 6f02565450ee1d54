/// The number of a write: rises by one with each write of a process, starting at 1.
public typealias WriteID = UInt64

/// One change to what is on disk. Writes are applied in the order of their ids, each whole or not at all; a
/// store may put any number of waiting writes into one durable transaction.
///
/// Order inside a write: the snapshot first, then the removal, then the entries, then the rest.
public struct Write: Hashable, Sendable {
  public var id: WriteID
  /// Replaces the stored snapshot.
  public var snapshot: Snapshot?
  /// Entries up to and including this index are no longer needed.
  public var compactThrough: Index?
  /// All entries from this index on are removed: they conflict with the leader's log.
  public var removeFrom: Index?
  /// Consecutive entries to append; the first follows the last stored one (or the snapshot).
  public var entries: [Entry]
  /// Replaces the stored term and vote.
  public var hardState: HardState?
  /// Replaces what is stored of the disks that belong to the cluster.
  public var admission: Admission?
  /// The highest index known to be committed. Only a hint that saves a restarted node from forgetting what
  /// it has already applied; nothing rests on its being recent.
  public var commit: Index

  public init(
    id: WriteID, snapshot: Snapshot? = nil, compactThrough: Index? = nil, removeFrom: Index? = nil,
    entries: [Entry] = [], hardState: HardState? = nil, admission: Admission? = nil, commit: Index = 0
  ) {
    self.id = id
    self.snapshot = snapshot
    self.compactThrough = compactThrough
    self.removeFrom = removeFrom
    self.entries = entries
    self.hardState = hardState
    self.admission = admission
    self.commit = commit
  }
}

/// What a store gives back at a start.
public struct Restored: Hashable, Sendable {
  public var hardState: HardState
  public var snapshot: Snapshot
  /// Consecutive entries. The first follows `compactedThrough`, which is at most the snapshot's index.
  public var entries: [Entry]
  public var commit: Index
  /// Nil while the cluster does not know this disk: it takes no part in elections then.
  public var admission: Admission?

  public init(
    hardState: HardState, snapshot: Snapshot, entries: [Entry], commit: Index,
    admission: Admission? = Admission()
  ) {
    self.hardState = hardState
    self.snapshot = snapshot
    self.entries = entries
    self.commit = commit
    self.admission = admission
  }

  /// A new member's empty store: an empty snapshot at index 0 that carries the first membership.
  public static func fresh(_ membership: Membership, admission: Admission? = Admission()) -> Restored {
    Restored(
      hardState: HardState(), snapshot: Snapshot(position: .zero, membership: membership, state: []),
      entries: [], commit: 0, admission: admission)
  }
}

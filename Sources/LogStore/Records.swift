package import Raft
import WireFormat

/// The end of the stored log so far: an entry's index, and a checksum over it and all entries before it.
/// Since each entry's checksum covers the previous one's, a row that was lost, swapped or brought back from
/// an older state of its page does not fit.
struct ChainLink: Equatable {
  let index: Index
  let checksum: UInt32

  init(index: Index, checksum: UInt32) {
    self.index = index
    self.checksum = checksum
  }

  /// Where a chain starts anew: the log is empty, and everything through `index` is in the snapshot.
  init(startingAfter index: Index) {
    var checksum = Checksum()
    checksum.add(index)
    self.init(index: index, checksum: checksum.value)
  }

  /// The link of the entry that follows.
  func next(term: Term, payload: [UInt8]) -> ChainLink {
    var checksum = Checksum()
    checksum.add(UInt64(self.checksum))
    checksum.add(index + 1)
    checksum.add(term)
    checksum.add(payload)
    return ChainLink(index: index + 1, checksum: checksum.value)
  }
}

/// The row of table `state`: what changes with every transaction.
struct StateRecord: Equatable {
  /// The number of the transaction that wrote the row, from 1 on.
  var number: UInt64
  var hardState: HardState
  var commit: Index
  /// The last entry that was compacted away.
  var base: ChainLink
  /// The last entry, or `base` if there is none.
  var last: ChainLink

  var checksum: UInt32 {
    var checksum = Checksum()
    checksum.add(number)
    checksum.add(hardState.term)
    checksum.add(hardState.vote == nil ? 0 : 1)
    checksum.add(hardState.vote?.rawValue ?? 0)
    checksum.add(commit)
    for link in [base, last] {
      checksum.add(link.index)
      checksum.add(UInt64(link.checksum))
    }
    return checksum.value
  }
}

/// The row of table `identity`, written once.
struct IdentityRecord: Equatable {
  let identity: StoreIdentity
  let incarnation: Incarnation
  /// Seconds since 1970; for people only.
  let createdSeconds: UInt64

  var checksum: UInt32 {
    var checksum = Checksum()
    checksum.add(identity.cluster)
    checksum.add(identity.node.rawValue)
    checksum.add(incarnation.bytes)
    checksum.add(createdSeconds)
    return checksum.value
  }
}

/// The row of table `admission`.
struct AdmissionRecord {
  /// An `Admission` in its encoding.
  let disks: [UInt8]

  var checksum: UInt32 {
    var checksum = Checksum()
    checksum.add(disks)
    return checksum.value
  }
}

/// The row of table `snapshot`.
package struct SnapshotRecord {
  package let position: Position
  /// In its encoding.
  package let membership: [UInt8]
  package let state: [UInt8]

  package init(position: Position, membership: [UInt8], state: [UInt8]) {
    self.position = position
    self.membership = membership
    self.state = state
  }

  init(_ snapshot: Snapshot) {
    self.init(
      position: snapshot.position, membership: snapshot.membership.encoded(), state: snapshot.state)
  }

  package var checksum: UInt32 {
    var checksum = Checksum()
    checksum.add(position.index)
    checksum.add(position.term)
    checksum.add(membership)
    checksum.add(state)
    return checksum.value
  }
}

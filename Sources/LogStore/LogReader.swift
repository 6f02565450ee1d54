import Raft
import WireFormat

/// All that a file holds.
struct LogContent {
  let owner: IdentityRecord
  let state: StateRecord
  let snapshot: Snapshot
  let entries: [Entry]
  let admission: Admission?

  var restored: Restored {
    Restored(
      hardState: state.hardState, snapshot: snapshot, entries: entries,
      // Only a hint, so it is made to fit rather than refused.
      commit: max(snapshot.position.index, min(state.commit, state.last.index)), admission: admission)
  }
}

/// Reads a whole log and checks every row of it, since each will be relied on.
struct LogReader {
  let database: Database
  let path: String

  /// Reads the log of the member named.
  func content(of identity: StoreIdentity) throws -> LogContent {
    try checkStructure()
    let owner = try owner()
    try check(owner.identity, is: identity)
    let state = try state()
    let snapshot = try snapshot(state)
    return LogContent(
      owner: owner, state: state, snapshot: snapshot, entries: try entries(state, snapshot),
      admission: try admission())
  }

  /// SQLite's own check: every page is where it belongs, every row is well-formed and in order.
  private func checkStructure() throws {
    let answer = try database.text("PRAGMA quick_check(1)")
    guard answer == "ok" else { throw damage(.structure(answer ?? "it has no content")) }
  }

  private func check(_ found: StoreIdentity, is expected: StoreIdentity) throws {
    guard found.cluster == expected.cluster else {
      throw LogStoreError.foreignCluster(file: path, found: found.cluster, expected: expected.cluster)
    }
    guard found.node == expected.node else {
      throw LogStoreError.foreignNode(file: path, found: found.node, expected: expected.node)
    }
  }

  private func owner() throws -> IdentityRecord {
    let row = try onlyRow("identity", "cluster, node, incarnation, created_seconds, checksum")
    guard let incarnation = Incarnation(bytes: row.bytes(2)) else { throw mismatch("identity") }
    let record = IdentityRecord(
      identity: StoreIdentity(cluster: row.text(0), node: NodeID(row.number(1))), incarnation: incarnation,
      createdSeconds: row.number(3))
    guard row.number(4) == record.checksum else { throw mismatch("identity") }
    return record
  }

  private func state() throws -> StateRecord {
    let row = try onlyRow(
      "state",
      "number, term, vote, commit_index, base_index, base_checksum, last_index, last_checksum, checksum")
    let record = StateRecord(
      number: row.number(0),
      hardState: HardState(term: row.number(1), vote: row.isNull(2) ? nil : NodeID(row.number(2))),
      commit: row.number(3),
      base: ChainLink(index: row.number(4), checksum: UInt32(truncatingIfNeeded: row.number(5))),
      last: ChainLink(index: row.number(6), checksum: UInt32(truncatingIfNeeded: row.number(7))))
    guard row.number(8) == record.checksum else { throw mismatch("state") }
    return record
  }

  private func snapshot(_ state: StateRecord) throws -> Snapshot {
    let row = try onlyRow("snapshot", "log_index, term, membership, state, checksum")
    let record = SnapshotRecord(
      position: Position(index: row.number(0), term: row.number(1)), membership: row.bytes(2),
      state: row.bytes(3))
    guard row.number(4) == record.checksum else { throw mismatch("snapshot") }
    guard state.base.index <= record.position.index, record.position.index <= state.last.index,
      record.position.term <= state.hardState.term
    else { throw damage(.record(table: "snapshot", reason: "it does not fit the log")) }
    return Snapshot(
      position: record.position, membership: try decode(Membership.self, record.membership, "the snapshot"),
      state: record.state)
  }

  private func admission() throws -> Admission? {
    let row = try database.prepare("SELECT disks, checksum FROM admission WHERE one = 1")
    guard try row.step() else { return nil }
    let record = AdmissionRecord(disks: row.bytes(0))
    guard row.number(1) == record.checksum else { throw mismatch("admission") }
    return try decode(Admission.self, record.disks, "the disks of the cluster")
  }

  /// All entries: consecutive, chained by their checksums from the compacted one to the last, their terms
  /// never falling.
  private func entries(_ state: StateRecord, _ snapshot: Snapshot) throws -> [Entry] {
    let row = try database.prepare(
      "SELECT log_index, term, payload, checksum FROM entries ORDER BY log_index")
    var entries: [Entry] = []
    var link = state.base
    while try row.step() {
      let index = row.number(0)
      let term = row.number(1)
      let payload = row.bytes(2)
      guard index == link.index + 1 else { throw damage(.entry(link.index + 1, reason: "it is missing")) }
      link = link.next(term: term, payload: payload)
      guard row.number(3) == link.checksum else {
        throw damage(.entry(index, reason: "it does not match its checksum"))
      }
      try checkTerm(Position(index: index, term: term), after: entries.last, state, snapshot)
      entries.append(
        Entry(
          position: Position(index: index, term: term),
          payload: try decode(Payload.self, payload, "entry \(index)")))
    }
    guard link == state.last else { throw damage(.entry(link.index + 1, reason: "it is missing")) }
    return entries
  }

  private func checkTerm(
    _ position: Position, after previous: Entry?, _ state: StateRecord, _ snapshot: Snapshot
  ) throws {
    let atSnapshot = position.index == snapshot.position.index
    guard position.term >= previous?.term ?? 0, position.term <= state.hardState.term,
      atSnapshot ? position.term == snapshot.position.term : true,
      position.index > snapshot.position.index ? position.term >= snapshot.position.term : true
    else { throw damage(.entry(position.index, reason: "its term \(position.term) does not fit the log")) }
  }

  private func onlyRow(_ table: String, _ columns: String) throws -> Statement {
    let row = try database.prepare("SELECT \(columns) FROM \(table) WHERE one = 1")
    guard try row.step() else { throw damage(.record(table: table, reason: "its row is missing")) }
    return row
  }

  private func decode<Value: WireDecodable>(
    _ type: Value.Type, _ bytes: [UInt8], _ place: String
  ) throws -> Value {
    do {
      return try Value(decoding: bytes)
    } catch {
      // The checksum is right, so the bytes are what was written: by a program that knows more.
      throw LogStoreError.newerContent(file: path, place: place, reason: "\(error)")
    }
  }

  private func mismatch(_ table: String) -> LogStoreError {
    damage(.record(table: table, reason: "its row does not match its checksum"))
  }

  private func damage(_ damage: LogStoreError.Damage) -> LogStoreError {
    .damaged(file: path, damage)
  }
}

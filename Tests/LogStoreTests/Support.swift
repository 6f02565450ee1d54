import Foundation
import LogStore
import Raft

let cluster = "c-7f3a"
let founders = Membership(voters: [NodeID(1), NodeID(2), NodeID(3)])
/// What a log holds that was just made: no cluster knows its disk.
let newLog = Restored.fresh(founders, admission: nil)

/// A folder that lives as long as the value.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "log-store-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// An open store whose completions can be awaited.
final class Session: Sendable {
  let store: LogStore
  let restored: Restored
  private let completions: AsyncStream<LogStore.Completion>

  init(_ folder: String, node: UInt64 = 1, cluster: String = cluster) throws(LogStoreError) {
    let (completions, continuation) = AsyncStream.makeStream(of: LogStore.Completion.self)
    (store, restored) = try LogStore.open(
      folder: folder, identity: StoreIdentity(cluster: cluster, node: NodeID(node)), founding: founders
    ) { continuation.yield($0) }
    self.completions = completions
  }

  /// Submits the writes and waits until the last is stored; the failure, if there is one.
  @discardableResult
  func write(_ writes: Write...) async -> LogStore.Completion? {
    for write in writes { store.submit(write) }
    return await outcome(of: writes[writes.count - 1].id)
  }

  func outcome(of id: WriteID) async -> LogStore.Completion? {
    for await completion in completions {
      switch completion {
      case .stored(let through) where through < id: continue
      default: return completion
      }
    }
    return nil
  }
}

/// Opens the store, takes what it restores, and closes it again.
func reopened(_ folder: String) async throws -> Restored {
  let session = try Session(folder)
  await session.store.close()
  return session.restored
}

/// What opening the folder is refused with; nil if it is not.
func refusal(_ folder: String, node: UInt64 = 1, cluster: String = cluster) async -> LogStoreError? {
  do {
    let session = try Session(folder, node: node, cluster: cluster)
    await session.store.close()
    return nil
  } catch {
    return error
  }
}

/// An entry whose command tells its place.
func entry(_ index: Index, _ term: Term = 1, size: Int = 100) -> Entry {
  var command = Array("command \(index) of term \(term) ".utf8)
  command += [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: max(0, size - command.count))
  return Entry(position: Position(index: index, term: term), payload: .command(command))
}

func entries(_ range: ClosedRange<Index>, _ term: Term = 1, size: Int = 100) -> [Entry] {
  range.map { entry($0, term, size: size) }
}

func snapshot(_ index: Index, _ term: Term = 1) -> Snapshot {
  Snapshot(
    position: Position(index: index, term: term), membership: Membership(voters: [NodeID(1), NodeID(2)]),
    state: Array("state after \(index)".utf8))
}

/// The bytes of a store's files, to put aside, damage and bring back.
struct FolderImage: Equatable {
  var database: [UInt8]?
  var writeAheadLog: [UInt8]?
  var acknowledged: [UInt8]?

  /// Of a store that is closed, or open and idle.
  init(of folder: String) {
    func bytes(_ name: String) -> [UInt8]? {
      FileManager.default.contents(atPath: folder + "/" + name).map { Array($0) }
    }
    database = bytes("raft.sqlite")
    writeAheadLog = bytes("raft.sqlite-wal")
    acknowledged = bytes("raft.acknowledged")
  }

  func write(to folder: String) throws {
    for (name, bytes) in [
      ("raft.sqlite", database), ("raft.sqlite-wal", writeAheadLog), ("raft.acknowledged", acknowledged),
    ] {
      let url = URL(fileURLWithPath: folder + "/" + name)
      try? FileManager.default.removeItem(at: url)
      if let bytes { try Data(bytes).write(to: url) }
    }
  }
}

/// A small generator with a seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

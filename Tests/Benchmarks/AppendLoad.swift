import Dispatch
import LogStore
import Raft
import Synchronization

/// Appends entries to a new log as fast as it takes them, with a fixed number of writes under way.
struct AppendLoad {
  var entriesPerWrite: Int
  var writesInFlight: Int
  var payloadBytes: Int

  /// After so many entries the log is compacted, as a manager does.
  private static let entriesPerSnapshot: UInt64 = 10_000

  func run(in folder: String, seconds: Double) throws -> AppendResult {
    let completions = Completions()
    let (store, _) = try LogStore.open(
      folder: folder, identity: StoreIdentity(cluster: "benchmark", node: NodeID(1)),
      founding: Membership(voters: [NodeID(1)])
    ) { completions.took($0) }
    var result = drive(store, completions, seconds: seconds)
    if let reason = completions.failure { throw BenchmarkFailure(reason: reason) }
    result.transactions = store.statistics.transactions
    closeAndWait(store)
    return result
  }

  private func drive(_ store: LogStore, _ completions: Completions, seconds: Double) -> AppendResult {
    var writes = WriteSource(
      entriesPerWrite: entriesPerWrite, command: [UInt8](repeating: 0x5a, count: payloadBytes),
      entriesPerSnapshot: AppendLoad.entriesPerSnapshot)
    var result = AppendResult()
    var started: [DispatchTime] = []
    let begin = DispatchTime.now()
    let end = begin + seconds
    while DispatchTime.now() < end || result.latencies.count < started.count {
      while started.count - result.latencies.count < writesInFlight, DispatchTime.now() < end {
        started.append(.now())
        store.submit(writes.next())
      }
      let stored = completions.wait()
      guard completions.failure == nil else { break }
      let now = DispatchTime.now().uptimeNanoseconds
      while result.latencies.count < stored {
        result.latencies.append(now - started[result.latencies.count].uptimeNanoseconds)
      }
    }
    result.entries = result.latencies.count * entriesPerWrite
    result.nanoseconds = DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds
    return result
  }

  private func closeAndWait(_ store: LogStore) {
    let closed = DispatchSemaphore(value: 0)
    Task {
      await store.close()
      closed.signal()
    }
    closed.wait()
  }
}

/// Makes consecutive writes.
private struct WriteSource {
  let entriesPerWrite: Int
  let command: [UInt8]
  let entriesPerSnapshot: UInt64
  private var id: WriteID = 0
  private var last: Index = 0
  private var compacted: Index = 0

  init(entriesPerWrite: Int, command: [UInt8], entriesPerSnapshot: UInt64) {
    self.entriesPerWrite = entriesPerWrite
    self.command = command
    self.entriesPerSnapshot = entriesPerSnapshot
  }

  mutating func next() -> Write {
    id += 1
    var write = Write(id: id, commit: last)
    if id == 1 { write.hardState = HardState(term: 1, vote: NodeID(1)) }
    if last - compacted >= entriesPerSnapshot {
      write.snapshot = Snapshot(
        position: Position(index: last, term: 1), membership: Membership(voters: [NodeID(1)]), state: command)
      write.compactThrough = last
      compacted = last
    }
    for _ in 0..<entriesPerWrite {
      last += 1
      write.entries.append(Entry(position: Position(index: last, term: 1), payload: .command(command)))
    }
    return write
  }
}

/// What the store reported so far.
private final class Completions: Sendable {
  private let state = Mutex((stored: 0, failure: String?.none))
  private let arrived = DispatchSemaphore(value: 0)

  func took(_ completion: LogStore.Completion) {
    state.withLock { state in
      switch completion {
      case .stored(let id): state.stored = Int(id)
      case .failed(_, let reason): state.failure = reason
      }
    }
    arrived.signal()
  }

  /// Waits for the next report and returns the number of writes stored.
  func wait() -> Int {
    arrived.wait()
    return state.withLock { $0.stored }
  }

  var failure: String? { state.withLock { $0.failure } }
}

/// What a load achieved.
struct AppendResult {
  var entries = 0
  var nanoseconds: UInt64 = 0
  var transactions: UInt64 = 0
  /// One a write, in nanoseconds, from its submission until it was reported durable.
  var latencies: [UInt64] = []

  var appendsPerSecond: Double { Double(entries) / Double(nanoseconds) * 1e9 }
  var entriesPerSync: Double { Double(entries) / Double(max(1, transactions)) }

  /// The latency that the given share of the writes stayed below.
  func milliseconds(at share: Double) -> Double {
    guard !latencies.isEmpty else { return 0 }
    let place = min(latencies.count - 1, Int(Double(latencies.count) * share))
    return Double(latencies.sorted()[place]) / 1e6
  }
}

/// A measurement could not be made.
struct BenchmarkFailure: Error, CustomStringConvertible {
  var reason: String
  var description: String { reason }
}

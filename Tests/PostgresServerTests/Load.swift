import Cluster
import Dispatch
import Glibc
import PostgresServer
import Synchronization

/// Inserts unique keys at whichever node takes writes, and remembers which were acknowledged.
final class Load: Sendable {
  private struct State {
    var isEnded = false
    var acknowledged: [Int] = []
    /// When the last key was acknowledged, and the longest wait between two.
    var lastAt: ContinuousClock.Instant?
    var longestGap: Duration = .zero
  }

  private let state = Mutex(State())
  private let parameters: [(String, String)]
  private let queue = DispatchQueue(label: "load")

  /// The table must be there: `keys (key int primary key)`.
  init(on nodes: [Node]) {
    let specification = nodes[0].specification
    parameters = [
      ("host", nodes.map { _ in "127.0.0.1" }.joined(separator: ",")),
      ("port", nodes.map { "\($0.specification.port)" }.joined(separator: ",")),
      ("user", specification.owner), ("password", specification.password), ("dbname", specification.name),
      ("target_session_attrs", "read-write"),
    ]
  }

  func start() { queue.async { [self] in insert() } }

  /// Ends the load and returns the acknowledged keys.
  func end() async throws -> [Int] {
    state.withLock { $0.isEnded = true }
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    return acknowledged
  }

  var acknowledged: [Int] { state.withLock { $0.acknowledged } }
  var longestGap: Duration { state.withLock { $0.longestGap } }
  func forgetGap() { state.withLock { $0.longestGap = .zero } }

  private func insert() {
    var key = 0
    var connection: Connection?
    while state.withLock({ !$0.isEnded }) {
      key += 1
      do {
        let present = try connection ?? Connection(parameters, within: .milliseconds(500))
        connection = present
        _ = try present.query("INSERT INTO keys VALUES ($1::int)", ["\(key)"], within: .seconds(3))
        acknowledge(key)
      } catch {
        connection = nil
        usleep(2_000)
      }
    }
  }

  private func acknowledge(_ key: Int) {
    state.withLock { state in
      let now = ContinuousClock.now
      state.acknowledged.append(key)
      if let last = state.lastAt { state.longestGap = max(state.longestGap, now - last) }
      state.lastAt = now
    }
  }
}

/// Asks two nodes all the time whether they take writes, and notes when both do.
final class WriterWatch: Sendable {
  private let state = Mutex<(isEnded: Bool, overlaps: Int, looks: Int)>((false, 0, 0))
  private let queue = DispatchQueue(label: "writers")

  init(_ first: Node, _ second: Node) {
    queue.async { [self] in
      let probes = [Probe(first), Probe(second)]
      while state.withLock({ !$0.isEnded }) {
        // In between two answers of one node, the other one's was given: only then both were true at once.
        let isOverlap = probes[0].isWritable() && probes[1].isWritable() && probes[0].isWritable()
        state.withLock {
          $0.looks += 1
          if isOverlap { $0.overlaps += 1 }
        }
        usleep(1_000)
      }
    }
  }

  /// How often both took writes, and how often that was looked at.
  func end() async -> (overlaps: Int, looks: Int) {
    state.withLock { $0.isEnded = true }
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    return state.withLock { ($0.overlaps, $0.looks) }
  }

  private final class Probe {
    let node: Node
    var connection: Connection?
    init(_ node: Node) { self.node = node }

    func isWritable() -> Bool {
      do {
        let present = try connection ?? node.client(within: .milliseconds(300))
        connection = present
        return try present.query("SELECT NOT pg_is_in_recovery()") == [["t"]]
      } catch {
        connection = nil
        return false
      }
    }
  }
}

import ClusterAuthority
import Dispatch
import Logging
import NIOCore
import NIOPosix
import Peers
import Raft
import Synchronization

/// Two connected managers in this process: the first measures, the second answers.
final class PeerPair: Sendable {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
  private let one: Peers
  private let two: Peers
  private let pinger = Pinger()
  private let answerer = Answerer()

  init() throws {
    let (group, pinger, answerer) = (group, pinger, answerer)
    (one, two) = try blocking {
      let authority = try Authority.create(cluster: "benchmark")
      let one = try await Self.start(1, authority, group) { pinger.handle($0) }
      let two = try await Self.start(2, authority, group) { answerer.handle($0) }
      pinger.peers.withLock { $0 = one }
      answerer.peers.withLock { $0 = two }
      let members = [one, two].map {
        Peers.Member(node: $0.node, name: "\($0.node)", host: "127.0.0.1", port: $0.port)
      }
      one.setMembers(members)
      two.setMembers(members)
      return (one, two)
    }
    pinger.connected.wait()
    answerer.connected.wait()
  }

  func shutdown() {
    let (one, two, group) = (one, two, group)
    try? blocking {
      await one.shutdown()
      await two.shutdown()
      try await group.shutdownGracefully()
    }
  }

  /// The nanoseconds that each round trip took, one after the other.
  func roundTrips(of frame: [UInt8], seconds: Double) -> [UInt64] {
    answerer.echoes.withLock { $0 = true }
    defer { answerer.echoes.withLock { $0 = false } }
    return pinger.run(frame, to: two.node, seconds: seconds)
  }

  /// Messages a second that arrive, when so many are handed over at a time.
  func messages(of frame: [UInt8], atATime batch: Int, seconds: Double) -> Double {
    let window = 4096
    let frames = [[UInt8]](repeating: frame, count: batch)
    let before = answerer.received
    var sent = before
    let begin = DispatchTime.now()
    let end = begin + seconds
    while DispatchTime.now() < end {
      if sent - answerer.received <= window - batch {
        one.send(to: two.node, frames: frames)
        sent += batch
      } else {
        answerer.arrived.wait()
      }
    }
    while answerer.received < sent { answerer.arrived.wait() }
    let nanoseconds = DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds
    return Double(sent - before) / Double(nanoseconds) * 1e9
  }

  private static func start(
    _ id: UInt64, _ authority: Authority, _ group: MultiThreadedEventLoopGroup,
    handler: @escaping Peers.Handler
  ) async throws -> Peers {
    let configuration = Peers.Configuration(
      credentials: try authority.issueManager(name: "zone-\(id)", id: id, addresses: ["127.0.0.1"]),
      incarnation: Incarnation(high: id, low: 1), softwareVersion: "benchmark", host: "127.0.0.1", port: 0,
      members: [])
    let logger = Logger(label: "peers") { _ in SwiftLogNoOpLogHandler() }
    return try await Peers.start(configuration, group: group, logger: logger, handler: handler)
  }
}

/// Sends a frame, and the next when it is back.
private final class Pinger: Sendable {
  private struct Run {
    var frame: [UInt8] = []
    var target = NodeID(0)
    var sent = DispatchTime.now()
    var end = DispatchTime.now()
    var times: [UInt64] = []
  }

  let peers = Mutex<Peers?>(nil)
  let connected = DispatchSemaphore(value: 0)
  private let run = Mutex(Run())
  private let done = DispatchSemaphore(value: 0)

  func run(_ frame: [UInt8], to target: NodeID, seconds: Double) -> [UInt64] {
    run.withLock { $0 = Run(frame: frame, target: target, end: .now() + seconds) }
    peers.withLock { $0 }?.send(to: target, frame: frame)
    done.wait()
    return run.withLock { $0.times }
  }

  func handle(_ event: PeerEvent) {
    switch event {
    case .connected: connected.signal()
    case .disconnected: break
    case .received: returned()
    }
  }

  private func returned() {
    let next = run.withLock { run -> (target: NodeID, frame: [UInt8])? in
      let now = DispatchTime.now()
      run.times.append(now.uptimeNanoseconds - run.sent.uptimeNanoseconds)
      run.sent = now
      return now < run.end ? (run.target, run.frame) : nil
    }
    guard let next else {
      done.signal()
      return
    }
    peers.withLock { $0 }?.send(to: next.target, frame: next.frame)
  }
}

/// Sends frames back, or counts them.
private final class Answerer: Sendable {
  let peers = Mutex<Peers?>(nil)
  let echoes = Mutex(false)
  let connected = DispatchSemaphore(value: 0)
  let arrived = DispatchSemaphore(value: 0)
  private let count = Atomic(0)

  var received: Int { count.load(ordering: .acquiring) }

  func handle(_ event: PeerEvent) {
    switch event {
    case .connected: connected.signal()
    case .disconnected: break
    case .received(let sender, _, let frames):
      if echoes.withLock({ $0 }) {
        peers.withLock { $0 }?.send(to: sender, frames: frames)
      } else {
        count.add(frames.count, ordering: .acquiringAndReleasing)
        arrived.signal()
      }
    }
  }
}

/// Runs `body` to its end on another thread's tasks; the benchmarks' own thread may wait.
private func blocking<Value: Sendable>(
  _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
  let result = Mutex<Result<Value, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task {
    do {
      let value = try await body()
      result.withLock { $0 = .success(value) }
    } catch {
      result.withLock { $0 = .failure(error) }
    }
    done.signal()
  }
  done.wait()
  guard let finished = result.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
  return try finished.get()
}

import ClusterAuthority
import Logging
import NIOPosix
import Peers
import Raft
import Synchronization
import Testing

/// Waits until `condition` holds; fails the test after `seconds`.
func eventually(
  _ what: String, seconds: Int = 30, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(seconds)
  while try !condition() {
    guard clock.now < deadline else {
      Issue.record("not within \(seconds) s: \(what)", sourceLocation: sourceLocation)
      throw NotInTime()
    }
    try await Task.sleep(for: .milliseconds(2))
  }
}

struct NotInTime: Error {}

/// Remembers what a link told its user and its log.
final class Recorder: Sendable {
  private struct State {
    var events: [PeerEvent] = []
    var lines: [String] = []
  }

  private let state = Mutex(State())

  var events: [PeerEvent] { state.withLock { $0.events } }
  var lines: [String] { state.withLock { $0.lines } }

  func record(_ event: PeerEvent) { state.withLock { $0.events.append(event) } }
  func record(line: String) { state.withLock { $0.lines.append(line) } }

  /// All frames from a peer, in the order of their arrival.
  func frames(from node: NodeID) -> [[UInt8]] {
    events.flatMap { event -> [[UInt8]] in
      if case .received(let sender, _, let frames) = event, sender == node { frames } else { [] }
    }
  }

  /// How many lines give this reason.
  func lines(reason: String) -> [String] { lines.filter { $0.contains("reason=\(reason) ") } }
}

/// Writes each line, with its metadata, to a recorder.
private struct RecordingLogHandler: LogHandler {
  let recorder: Recorder
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value) " }
    recorder.record(line: "\(event.level) \(pairs.joined())\(event.message)")
  }
}

/// One manager's link, with what it was told.
struct TestManager: Sendable {
  let peers: Peers
  let recorder: Recorder
  let incarnation: Incarnation

  var node: NodeID { peers.node }
  var member: Peers.Member {
    Peers.Member(node: node, name: "zone-\(node.rawValue)", host: "127.0.0.1", port: peers.port)
  }

  /// A machine that runs other tests beside these may let a test wait for seconds between two of its steps. How
  /// long a manager waits for a stranger is the subject of its own test only.
  static var patient: Peers.Timings {
    var timings = Peers.Timings()
    timings.acceptance = .seconds(300)
    timings.greeting = .seconds(60)
    return timings
  }

  static let authority = authorityOrDie("portal")
  static let foreignAuthority = authorityOrDie("portal")

  private static func authorityOrDie(_ cluster: String) -> Authority {
    do {
      return try Authority.create(cluster: cluster)
    } catch {
      fatalError("the tests need an authority: \(error)")
    }
  }

  static func credentials(_ id: UInt64, from authority: Authority = authority) throws -> Credentials {
    try authority.issueManager(name: "zone-\(id)", id: id, addresses: ["127.0.0.1"])
  }

  static func start(
    _ id: UInt64, port: Int = 0, credentials: Credentials? = nil, incarnation: Incarnation = .random(),
    members: [Peers.Member] = [], limits: Peers.Limits = Peers.Limits(),
    timings: Peers.Timings = patient
  ) async throws -> TestManager {
    let recorder = Recorder()
    var configuration = Peers.Configuration(
      credentials: try credentials ?? Self.credentials(id), incarnation: incarnation,
      softwareVersion: "1.2.3-test", host: "127.0.0.1", port: port, members: members)
    configuration.limits = limits
    configuration.timings = timings
    var logger = Logger(label: "peers") { _ in RecordingLogHandler(recorder: recorder) }
    logger.logLevel = .info
    let peers = try await Peers.start(
      configuration, group: MultiThreadedEventLoopGroup.singleton, logger: logger,
      handler: { recorder.record($0) })
    return TestManager(peers: peers, recorder: recorder, incarnation: incarnation)
  }

  /// Runs `body` with managers of the given numbers that know each other, and ends them.
  static func together(
    _ ids: UInt64..., limits: Peers.Limits = Peers.Limits(), timings: Peers.Timings = patient,
    body: ([TestManager]) async throws -> Void
  ) async throws {
    var managers: [TestManager] = []
    for id in ids { managers.append(try await start(id, limits: limits, timings: timings)) }
    let members = managers.map(\.member)
    for manager in managers { manager.peers.setMembers(members) }
    try await stopping(managers) { try await body(managers) }
  }

  /// Runs `body` and then ends the managers, whether it failed or not.
  static func stopping(_ managers: [TestManager], body: () async throws -> Void) async throws {
    let result: Result<Void, any Error>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    for manager in managers { await manager.peers.shutdown() }
    try result.get()
  }

  func status(of other: TestManager) throws -> PeerStatus {
    try #require(peers.status().first { $0.member.node == other.node })
  }

  func isConnected(to other: TestManager) throws -> Bool { try status(of: other).connection != nil }

  /// Waits until frames can go both ways between all of them.
  static func connect(_ managers: [TestManager]) async throws {
    for manager in managers {
      for other in managers where other.node != manager.node {
        try await eventually("\(manager.node) reaches \(other.node)") {
          try manager.isConnected(to: other)
        }
      }
    }
  }

  /// Sends a frame of its own and waits until the other has it: the link works now.
  func proveLink(to other: TestManager) async throws {
    let token = (0..<16).map { _ in UInt8.random(in: 0...255) }
    peers.send(to: other.node, frame: token)
    try await eventually("a frame goes from \(node) to \(other.node)") {
      other.recorder.frames(from: node).contains(token)
    }
  }
}

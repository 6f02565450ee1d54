import Cluster
import ClusterAuthority
import Foundation
import Glibc
import Logging
import Manager
import ManagerRuntime
import Peers
import Raft
import Testing

/// Three managers in this process, on loopback, each with a log of its own on disk and nothing else to manage.
actor Managers {
  static let cluster = "portal"
  static let all = [1, 2, 3]

  private let root: String
  private let ports: [Int]
  private let authority: Authority
  private var running: [Int: ManagerRuntime] = [:]

  /// Runs `body` with three managers that agree on a leader and know each other's nodes, and ends them.
  static func run(_ body: (Managers) async throws -> Void) async throws {
    let managers = try Managers()
    let result: Result<Void, any Error>
    do {
      for number in all { try await managers.start(number) }
      try await managers.untilSettled()
      result = .success(try await body(managers))
    } catch {
      result = .failure(error)
    }
    for number in all { await managers.stop(number) }
    try FileManager.default.removeItem(atPath: managers.root)
    try result.get()
  }

  private init() throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("managers-\(UUID().uuidString)").path
    authority = try Authority.create(cluster: Self.cluster)
    ports = try FreePorts.draw(Self.all.count)
    for number in Self.all {
      try FileManager.default.createDirectory(
        atPath: "\(root)/\(number)", withIntermediateDirectories: true)
    }
  }

  static func name(_ number: Int) -> String { "zone-\(number)" }

  nonisolated func folder(_ number: Int) -> String { "\(root)/\(number)" }

  subscript(number: Int) -> ManagerRuntime {
    get throws { try #require(running[number], "manager \(number) does not run") }
  }

  func start(_ number: Int) async throws {
    let credentials = try authority.issueManager(
      name: Self.name(number), id: UInt64(number), addresses: ["127.0.0.1"])
    let port = ports[number - 1]
    let members = zip(Self.all, ports).map { number, port in
      Peers.Member(node: id(number), name: Self.name(number), host: "127.0.0.1", port: port)
    }
    running[number] = try await ManagerRuntime.start(
      configuration(number), dataFolder: folder(number),
      peers: { @Sendable incarnation in
        Peers.Configuration(
          credentials: credentials, incarnation: incarnation,
          softwareVersion: "1.2.3-test", host: "127.0.0.1", port: port, members: members)
      },
      drivers: Drivers(),
      logger: Logger(label: "manager") { _ in SwiftLogNoOpLogHandler() })
  }

  func stop(_ number: Int) async {
    await running.removeValue(forKey: number)?.shutdown()
  }

  private func id(_ number: Int) -> NodeID { NodeID(UInt64(number)) }

  private func configuration(_ number: Int) -> Manager.Configuration {
    Manager.Configuration(
      cluster: Self.cluster, id: id(number),
      node: NodeDescription(name: Self.name(number), zone: Self.name(number), address: "127.0.0.1"),
      managers: Self.all.map { Manager.Peer(id: id($0), name: Self.name($0), zone: Self.name($0)) })
  }
}

// MARK: Looking and waiting

extension Managers {
  func leader() async -> Int? {
    for (number, runtime) in running.sorted(by: { $0.key < $1.key }) {
      if await runtime.view().leadership.isLeader { return number }
    }
    return nil
  }

  func follower() async throws -> Int {
    let leader = try #require(await leader())
    return try #require(running.keys.sorted().first { $0 != leader })
  }

  func views() async -> [ClusterView] {
    var views: [ClusterView] = []
    for (_, runtime) in running.sorted(by: { $0.key < $1.key }) { views.append(await runtime.view()) }
    return views
  }

  /// Until all who run follow one leader, and every node is in the log.
  func untilSettled() async throws {
    try await eventually("the managers agree on a leader and know all nodes") {
      let views = await views()
      return Set(views.map(\.leadership.leader)).count == 1 && views[0].leadership.leader != nil
        && views.allSatisfy { $0.isCurrent && $0.state.nodes.count == Self.all.count }
    }
  }

  /// Until all who run have applied an intent of this origin.
  func untilApplied(from origin: String) async throws {
    try await eventually("\(origin) is applied at all managers") {
      await views().allSatisfy { $0.records(from: origin).count == 1 }
    }
  }
}

extension ClusterView {
  func records(from origin: String) -> [HistoryRecord] {
    state.history.records(after: 0).filter { $0.origin == origin }
  }
}

extension RequestID {
  static func random() -> RequestID {
    RequestID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
  }
}

/// Waits until `condition` holds; fails the test after `seconds`.
func eventually(
  _ what: String, seconds: Int = 30, sourceLocation: SourceLocation = #_sourceLocation,
  isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record("not within \(seconds) s: \(what)", sourceLocation: sourceLocation)
      throw NotInTime()
    }
    try await _Concurrency.Task.sleep(for: .milliseconds(10))
  }
}

struct NotInTime: Error {}

/// Ports of loopback that nobody listens on. They lie below those that the kernel gives to outgoing
/// connections (`ip_local_port_range`, from 32768), which could take one before its listener does.
enum FreePorts {
  static func draw(_ count: Int) throws -> [Int] {
    var ports: [Int] = []
    for port in (20_000..<32_000).shuffled() where ports.count < count {
      if isFree(port) { ports.append(port) }
    }
    try #require(ports.count == count, "no free ports")
    return ports
  }

  private static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}

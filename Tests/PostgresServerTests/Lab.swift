import Cluster
import Foundation
import FreePorts
import Glibc
import Logging
import PostgresServer
import Synchronization

/// Two nodes on this machine with real servers, gone without a trace when the test ends.
final class Lab: Sendable {
  static let binaries = "/usr/lib/postgresql/15/bin"
  /// Postgres refuses to run as root.
  static let user: String? = geteuid() == 0 ? "postgres" : nil

  let folder: String
  let a: Node
  let b: Node

  private init(folder: String, tls: Bool, specification: DatabaseSpecification) async throws {
    self.folder = folder
    if tls { try await TestCertificates.make(in: folder, nodes: ["a", "b"]) }
    a = Node(name: "a", lab: folder, tls: tls, specification: specification)
    b = Node(name: "b", lab: folder, tls: tls, specification: specification)
  }

  /// Runs a test in a lab of its own; ends its servers and removes its files however the test ends.
  static func run(
    tls: Bool = false, specification: DatabaseSpecification = .example,
    _ test: (Lab) async throws -> Void
  ) async throws {
    var template = Array("/tmp/tercet-postgres-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw LabError("no temporary folder") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(folder, 0o755)
    defer { try? Folder.remove(folder) }
    let lab = try await Lab(folder: folder, tls: tls, specification: specification)
    do {
      try await test(lab)
    } catch {
      await lab.end()
      throw error
    }
    await lab.end()
  }

  private func end() async {
    for node in [a, b] { await node.end() }
  }

  /// Node a initialized at epoch 1, node b its streaming standby `tercet_b_2`; returns the data's identity.
  func replicate() async throws -> UInt64 {
    try await a.succeed(.initialize, epoch: 1)
    let identity = try await a.observation { $0.systemIdentifier != nil }.systemIdentifier!
    try await a.succeed(.admit(standby: "tercet_b_2"), epoch: 2, identity)
    try await b.succeed(.clone(from: a.upstream(for: "tercet_b_2")), epoch: 2, identity)
    try await b.succeed(.follow(a.upstream(for: "tercet_b_2")), epoch: 2, identity)
    _ = try await a.observation { $0.streamingStandbys == ["tercet_b_2"] }
    return identity
  }
}

struct LabError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension DatabaseSpecification {
  static var example: DatabaseSpecification {
    DatabaseSpecification(
      name: "shop", zones: ["a", "b"], owner: "clerk", password: "open sesame",
      parameters: [Setting("max_connections", "30"), Setting("shared_buffers", "16MB")],
      clientNetworks: ["127.0.0.0/8"])
  }
}

/// One node: a data folder, a port and a driver that can be replaced by a new one, as by a restart.
final class Node: Sendable {
  let name: String
  let specification: DatabaseSpecification
  let configuration: PostgresServer.Configuration
  let folder: DatabaseFolder
  private let state: Mutex<State>

  private struct State: Sendable {
    var driver: PostgresServer
    var observing: Task<Void, Never>?
    var observations: [DatabaseObservation] = []
    var troubles: [String] = []
  }

  init(name: String, lab: String, tls: Bool, specification: DatabaseSpecification) {
    self.name = name
    let data = lab + "/" + name
    mkdir(data, 0o755)
    self.specification = {
      var own = specification
      own.port = FreePorts.take()
      return own
    }()
    folder = DatabaseFolder(dataFolder: data, database: specification.name)
    configuration = PostgresServer.Configuration(
      binaries: Lab.binaries, dataFolder: data, user: Lab.user, address: "127.0.0.1", node: name,
      tls: tls ? TestCertificates.files(in: lab, node: name) : nil, stopTimeout: .seconds(10))
    state = Mutex(State(driver: PostgresServer(configuration: configuration, logger: quiet)))
    observe()
  }

  var driver: PostgresServer { state.withLock { $0.driver } }
  var pid: Int32? { ServerProcess.running(in: folder.data)?.pid }
  var observations: [DatabaseObservation] { state.withLock { $0.observations } }
  var troubles: [String] { state.withLock { $0.troubles } }

  /// Replaces the driver by a new one that knows nothing but what is on the disk.
  func restartDriver() async {
    await driver.shutdown()
    state.withLock { $0.observing }?.cancel()
    state.withLock {
      $0.driver = PostgresServer(configuration: configuration, logger: quiet)
      $0.observations = []
      $0.troubles = []
    }
    observe()
  }

  private func observe() {
    let driver = driver
    driver.watch([specification.name])
    let task = Task {
      await driver.run { [weak self] observation in
        self?.state.withLock { state in
          switch observation {
          case .database(let database): state.observations.append(database)
          case .unavailable(_, let reason): state.troubles.append(reason)
          default: break
          }
        }
      }
    }
    state.withLock { $0.observing = task }
  }

  func end() async {
    await driver.shutdown()
    state.withLock { $0.observing }?.cancel()
    for part in Folder.names(in: folder.path) {
      try? ServerProcess.kill(allIn: folder.path + "/" + part)
    }
  }

  func perform(
    _ step: DatabaseAction.Step, epoch: UInt64, _ identity: UInt64? = nil,
    specification: DatabaseSpecification? = nil
  ) async -> ActionResult {
    await driver.perform(
      DatabaseAction(
        specification: specification ?? self.specification, epoch: epoch, systemIdentifier: identity,
        step: step, members: ["a", "b"].map { .init(node: $0, address: "127.0.0.1") }))
  }

  func succeed(_ step: DatabaseAction.Step, epoch: UInt64, _ identity: UInt64? = nil) async throws {
    if case .failed(let message) = await perform(step, epoch: epoch, identity) {
      throw LabError("\(name): \(step): \(message)")
    }
  }

  /// An action that must fail, with these words in its message.
  func refuse(
    _ step: DatabaseAction.Step, epoch: UInt64, _ identity: UInt64? = nil,
    specification: DatabaseSpecification? = nil, saying words: String...
  ) async throws {
    guard
      case .failed(let message) = await perform(step, epoch: epoch, identity, specification: specification)
    else { throw LabError("\(name): \(step) should have been refused") }
    for word in words where !message.contains(word) {
      throw LabError("“\(word)” is not in the message: \(message)")
    }
  }

  func upstream(for standby: String) -> DatabaseAction.Upstream {
    DatabaseAction.Upstream(address: "127.0.0.1", port: specification.port, standbyName: standby)
  }

  /// The newest report, once it meets the condition.
  func observation(
    within limit: Duration = .seconds(20), until condition: (DatabaseObservation) -> Bool
  ) async throws -> DatabaseObservation {
    let deadline = ContinuousClock.now + limit
    while true {
      if let last = observations.last, condition(last) { return last }
      guard ContinuousClock.now < deadline else {
        throw LabError(
          "\(name): last observed \(observations.last.map { "\($0)" } ?? "nothing"), \(troubles)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// A client's connection over TCP, by default with the owner's password.
  func client(password: String? = nil, within limit: Duration = .seconds(2)) throws -> Connection {
    try Connection(
      [
        ("host", "127.0.0.1"), ("port", "\(specification.port)"), ("user", specification.owner),
        ("password", password ?? specification.password), ("dbname", specification.name),
      ], within: limit)
  }

  /// All that the server has logged.
  var log: String {
    Folder.names(in: folder.log).compactMap { DurableFile.text(folder.log + "/" + $0) }.joined()
  }
}

extension DatabaseObservation {
  var systemIdentifier: UInt64? {
    if case .present(let identifier, _, _, _) = data { identifier } else { nil }
  }
  var timeline: UInt64? { if case .present(_, let timeline, _, _) = data { timeline } else { nil } }
  var shutdown: LSN? { if case .present(_, _, _, let shutdown) = data { shutdown } else { nil } }
  var isPrimary: Bool { if case .primary = server { true } else { false } }
  var isStandby: Bool { if case .standby = server { true } else { false } }
  var received: LSN? { if case .standby(let received, _, _, _, _) = server { received } else { nil } }
  var synchronousStandby: String? {
    if case .primary(_, let name, _) = server { name } else { nil }
  }
  var standbys: [Standby] { if case .primary(_, _, let standbys) = server { standbys } else { [] } }
  var streamingStandbys: [String] { standbys.filter(\.isStreaming).map(\.name) }
}

/// Silent, unless a failing test is looked into.
let quiet: Logger = {
  var logger = Logger(label: "postgres")
  logger.logLevel = getenv("TEST_LOG") == nil ? .critical : .info
  return logger
}()
/// The language's own; Cluster has a type of this name.
typealias Task = _Concurrency.Task

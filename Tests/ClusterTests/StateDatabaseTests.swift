import Cluster
import Raft
import Testing

@Suite("State: databases")
struct StateDatabaseTests {
  private static func database(
    _ name: String = "db", zones: [String] = ["a", "b"], port: Int = 5432, owner: String = "ana",
    with parameter: Setting? = nil, clients: [String] = [], relaxAfter: Duration? = nil
  ) -> DatabaseSpecification {
    DatabaseSpecification(
      name: name, zones: zones, port: port, owner: owner, parameters: parameter.map { [$0] } ?? [],
      clientNetworks: clients, relaxAfter: relaxAfter)
  }

  private static func stack(_ databases: DatabaseSpecification..., name: String = "shop") -> Stack {
    Stack(name: name, databases: databases)
  }

  @Test("a new database waits for a node at epoch 1")
  func new() {
    var replica = Replica()
    replica.accept(.deploy(Self.stack(Self.database())))
    #expect(
      replica.state.databases["db"]
        == Database(specification: Self.database(), stack: "shop", epoch: 1, mode: .waiting))
  }

  @Test(
    "a database that cannot be, or clashes with one that is, is refused",
    arguments: [
      (stack(database(), name: "other"), "belongs to stack shop"),
      (stack(database(port: 5433)), "port and owner cannot be changed"),
      (stack(database(owner: "bea")), "port and owner cannot be changed"),
      (stack(database(), database("second")), "is that of db"),
      (stack(database("second"), name: "other"), "is that of db"),
      (stack(database("x", port: 1), database("y", port: 1), name: "other"), "is that of"),
      (stack(database("x", port: 1), database("x", port: 2), name: "other"), "stands twice"),
      (stack(database("a b", port: 1)), "no valid name"),
      (stack(database("x", zones: [], port: 1)), "one or two different zones"),
      (stack(database("x", zones: ["a", "a"], port: 1)), "one or two different zones"),
      (stack(database("x", zones: ["a", "b", "c"], port: 1)), "one or two different zones"),
      (stack(database("x", port: 0)), "not from 1 to 65535"),
      (stack(database("x", port: 65_536)), "not from 1 to 65535"),
      // What would fail at the next promotion.
      (stack(database(with: Setting("wal_level", "logical"))), "wal_level is not yours to set"),
      (stack(database(with: Setting("max_wal_senders", "20"))), "max_wal_senders is not yours to set"),
      (stack(database(with: Setting("ssl_key_file", "/x"))), "ssl_key_file is not yours to set"),
      (stack(database(with: Setting("synchronous_commit", "true"))), "can be on or remote_apply"),
      (stack(database(with: Setting("Work_Mem", "8MB"))), "small letters"),
      (stack(database(with: Setting("work_mem", "8MB\nfsync = off"))), "line break"),
      (stack(database(with: Setting("max_connections", "50"))), "max_connections cannot be lowered"),
      (stack(database(clients: ["10.0.0.0/33"])), "no network in CIDR form"),
      (stack(database(relaxAfter: .zero)), "goes on alone"),
      (stack(database("x", port: 1, owner: "postgres")), "cannot own a database"),
    ])
  func refused(stack: Stack, reason: String) {
    var replica = Replica()
    replica.accept(.deploy(Self.stack(Self.database())))
    let before = replica.state.databases
    expect(replica.apply(.deploy(stack)), refusedWith: reason)
    #expect(replica.state.databases == before)
    #expect(replica.state.stacks == ["shop"])
  }

  @Test(
    "a limit that a standby needs is not lowered before there is one: its primary may still have the higher")
  func limits() {
    var replica = Replica()
    func connections(_ number: Int, _ zones: [String]) -> Intent {
      .deploy(Self.stack(Self.database(zones: zones, with: Setting("max_connections", "\(number)"))))
    }
    replica.accept(connections(200, ["a"]))
    expect(replica.apply(connections(150, ["a"])), refusedWith: "leave it at 200 or more")
    expect(replica.apply(.deploy(Self.stack(Self.database(zones: ["a"])))), refusedWith: "leave it at 200")
    replica.accept(connections(300, ["a", "b"]))
  }

  @Test("networks are told from what is none")
  func networks() {
    for sound in ["0.0.0.0/0", "10.0.0.0/8", "fd00::/8", "::/0", "::1/128", "1:2:3:4:5:6:7:8/64", "1::8/128"]
    {
      #expect(isNetwork(sound), "\(sound)")
    }
    for wrong in [
      "", "10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.256/8", "+1.0.0.0/8", "a/8", "10.0.0.0/",
      "10.0.0.0/8/8",
      "::/129", "1:2:3:4:5:6:7/64", "1:2:3:4:5:6:7:8:9/64", "1::2::3/64", "12345::/16", ":::/8",
      "all trust\nhost/8",
      "10.0.0.0/+8",
    ] {
      #expect(!isNetwork(wrong), "\(wrong)")
    }
  }

  @Test("changed parameters are taken without a step of the machine")
  func parameters() {
    var replica = Replica()
    replica.accept(.deploy(Self.stack(Self.database())))
    var changed = Self.database()
    changed.parameters = [Setting("work_mem", "8MB")]
    #expect(replica.apply(.deploy(Self.stack(changed))) == .accepted)
    #expect(replica.state.databases["db"]?.specification == changed)
    #expect(replica.state.databases["db"]?.epoch == 1)
  }

  // MARK: The machine

  private static let nodes = ["a", "b", "c"]
  private static let initializing = Database.Mode.initializing(primary: "a")
  private static let solo = Database.Mode.solo(primary: "a")
  private static let syncing = Database.Mode.syncing(primary: "a", secondary: "b")
  private static let sync = Database.Mode.sync(primary: "a", secondary: "b")
  private static let switching = Database.Mode.switching(from: "a", to: "b")
  private static let stopped = Database.Mode.stopped(from: "a", to: "b", at: LSN(7))
  private static let promoting = Database.Mode.promoting(primary: "b", from: "a")

  /// How each mode is reached, and all that may follow it.
  private static let moves: [(path: [Database.Mode], lawful: [Database.Mode])] = [
    ([], nodes.map { .initializing(primary: $0) }),
    ([initializing], [solo]),
    (
      [initializing, solo], [.syncing(primary: "a", secondary: "b"), .syncing(primary: "a", secondary: "c")]
    ),
    ([initializing, solo, syncing], [solo, sync]),
    ([initializing, solo, syncing, sync], [solo, switching, promoting]),
    ([initializing, solo, syncing, sync, switching], [stopped, sync, promoting]),
    ([initializing, solo, syncing, sync, switching, stopped], [promoting, solo]),
    ([initializing, solo, syncing, sync, promoting], [.solo(primary: "b")]),
  ]

  /// Every mode with every choice of nodes.
  private static let everyMode: [Database.Mode] =
    [.waiting]
    + nodes.flatMap { [.initializing(primary: $0), .solo(primary: $0)] as [Database.Mode] }
    + nodes.flatMap { one in
      nodes.flatMap { other in
        [
          .syncing(primary: one, secondary: other), .sync(primary: one, secondary: other),
          .switching(from: one, to: other), .stopped(from: one, to: other, at: LSN(7)),
          .promoting(primary: one, from: other),
        ] as [Database.Mode]
      }
    }

  private static func replica(after path: [Database.Mode]) -> Replica {
    var replica = Replica()
    replica.accept(.deploy(stack(database())))
    for mode in path { replica.accept(.database(step(mode, replica))) }
    return replica
  }

  private static func step(_ mode: Database.Mode, _ replica: Replica) -> DatabaseStep {
    DatabaseStep(database: "db", expectedEpoch: replica.state.databases["db"]?.epoch ?? 0, mode: mode)
  }

  @Test("exactly the lawful moves are taken, from every mode to every mode", arguments: moves.indices)
  func everyMove(row: Int) {
    let (path, lawful) = Self.moves[row]
    let before = Self.replica(after: path)
    for next in Self.everyMode {
      var replica = before
      let outcome = replica.apply(.database(Self.step(next, replica)))
      #expect((outcome == .accepted) == lawful.contains(next), "\(path.last?.summary ?? "waiting") → \(next)")
      #expect(replica.state.databases["db"]?.mode == (outcome == .accepted ? next : path.last ?? .waiting))
      #expect(replica.state.databases["db"]?.epoch == UInt64(path.count + (outcome == .accepted ? 2 : 1)))
    }
  }

  @Test("a step that expects another epoch is refused: it was decided on what is no longer so")
  func epoch() {
    var replica = Self.replica(after: [Self.initializing])
    for expected: UInt64 in [0, 1, 3] {
      let step = DatabaseStep(database: "db", expectedEpoch: expected, mode: Self.solo)
      expect(replica.apply(.database(step)), refusedWith: "is at epoch 2, not \(expected)")
    }
    #expect(replica.state.databases["db"]?.mode == Self.initializing)
    let unknown = DatabaseStep(database: "x", expectedEpoch: 1, mode: Self.solo)
    expect(replica.apply(.database(unknown)), refusedWith: "no database x")
  }

  @Test("the secondary's incarnation is the epoch at which it began to follow, and stays in sync")
  func incarnation() {
    let syncing = Self.replica(after: [Self.initializing, Self.solo, Self.syncing])
    #expect(syncing.state.databases["db"]?.incarnation == 4)
    let later = Self.replica(after: [Self.initializing, Self.solo, Self.syncing, Self.sync])
    #expect(later.state.databases["db"]?.incarnation == 4)
  }

  @Test("data with another system identifier is refused, and the identifier stays once known")
  func systemIdentifier() {
    var replica = Self.replica(after: [Self.initializing])
    var step = Self.step(Self.solo, replica)
    step.systemIdentifier = 42
    replica.accept(.database(step))
    step = Self.step(Self.syncing, replica)
    step.systemIdentifier = 43
    expect(replica.apply(.database(step)), refusedWith: "another system identifier")
    replica.accept(.database(Self.step(Self.syncing, replica)))
    #expect(replica.state.databases["db"]?.systemIdentifier == 42)
  }

  @Test("promote begins a switchover from sync and is refused in every other mode", arguments: moves.indices)
  func promote(row: Int) {
    let path = Self.moves[row].path
    var replica = Self.replica(after: path)
    let outcome = replica.apply(.promote(database: "db"))
    if path.last == Self.sync {
      #expect(outcome == .accepted)
      #expect(replica.state.databases["db"]?.mode == Self.switching)
    } else {
      expect(outcome, refusedWith: "does not hold every commit")
    }
    expect(replica.apply(.promote(database: "x")), refusedWith: "no database x")
  }
}

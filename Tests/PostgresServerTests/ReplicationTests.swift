import Cluster
import Glibc
import PostgresServer
import Testing

extension RealServers {
  @Suite struct Replication {
    @Test("a clone follows its primary over TLS with the members' certificates", arguments: [true, false])
    func clone(tls: Bool) async throws {
      try await Lab.run(tls: tls) { lab in
        let identity = try await lab.replicate()
        let standby = try await lab.b.observation { $0.isStandby && $0.received != nil }
        #expect(standby.systemIdentifier == identity)
        _ = try lab.a.client().query("CREATE TABLE t AS SELECT 1 AS id")
        try await eventually {
          (try? lab.b.client().query("SELECT count(*) FROM t")) == [["1"]]
        }
        if tls {
          let query = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_replication USING (pid) WHERE ssl"
          #expect(try lab.a.administrator().query(query) == [["1"]])
        }
        // Again: all of it is there.
        try await lab.b.succeed(.follow(lab.a.upstream(for: "tercet_b_2")), epoch: 2, identity)
        let observed = try await lab.b.observation(until: \.isStandby)
        guard case .standby(_, _, _, "tercet_b_2", "127.0.0.1") = observed.server else {
          throw LabError("\(observed)")
        }
      }
    }

    @Test("without a member's certificate nobody replicates")
    func impostor() async throws {
      try await Lab.run(tls: true) { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        func replicate(_ extra: [(String, String)]) -> String {
          do {
            _ = try Connection(
              [
                ("host", "127.0.0.1"), ("port", "\(lab.a.specification.port)"),
                ("user", "tercet_replication"),
                ("replication", "true"), ("sslmode", "require"),
              ] + extra, within: .seconds(2))
            return "connected"
          } catch {
            return "\(error)"
          }
        }
        let own = TestCertificates.files(in: lab.folder, node: "b")
        #expect(replicate([("sslcert", own.certificate), ("sslkey", own.key)]) == "connected")
        #expect(replicate([]).contains("certificate"))
        try await TestCertificates.make(in: lab.folder, nodes: ["stranger"])
        let forged = TestCertificates.files(in: lab.folder, node: "stranger")
        #expect(replicate([("sslcert", forged.certificate), ("sslkey", forged.key)]) != "connected")
      }
    }

    @Test("commits wait for the synchronous standby, and go on when nobody is named any more")
    func synchronize() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        try await lab.a.succeed(.synchronize(standby: "tercet_b_2"), epoch: 3, identity)
        _ = try await lab.a.observation {
          $0.synchronousStandby == "tercet_b_2" && $0.standbys.first?.isSynchronous == true
        }
        let client = try lab.a.client()
        _ = try client.query("CREATE TABLE t (id int)")
        try await lab.b.succeed(.stop, epoch: 3, identity)
        _ = try await lab.a.observation { $0.streamingStandbys.isEmpty }
        // It hangs: a deadline of the client ends it, not the server.
        #expect(throws: (any Error).self) {
          _ = try client.query("INSERT INTO t VALUES (1)", within: .milliseconds(700))
        }
        try await lab.a.succeed(.synchronize(standby: nil), epoch: 4, identity)
        _ = try await lab.a.observation { $0.isPrimary && $0.synchronousStandby == nil }
        _ = try lab.a.client().query("INSERT INTO t VALUES (2)")
      }
    }

    @Test("a synchronous name that no barrier has proven is not reported; a new driver knows the proven one")
    func unprovenName() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        let server = try lab.a.administrator()
        _ = try server.query("ALTER SYSTEM SET synchronous_standby_names = 'tercet_b_2'")
        _ = try server.query("SELECT pg_reload_conf()")
        _ = try await lab.a.observation { $0.standbys.first?.isSynchronous == true }
        #expect(lab.a.observations.allSatisfy { $0.synchronousStandby == nil })
        try await lab.a.succeed(.synchronize(standby: "tercet_b_2"), epoch: 3, identity)
        await lab.a.restartDriver()
        _ = try await lab.a.observation { $0.synchronousStandby == "tercet_b_2" }
      }
    }

    @Test("a primary starts with its synchronous name: it never acknowledges alone")
    func startsSynchronous() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        _ = try lab.a.client().query("CREATE TABLE t (id int)")
        try await lab.b.succeed(.stop, epoch: 3, identity)
        try await lab.a.succeed(.stop, epoch: 3, identity)
        try await lab.a.succeed(.startPrimary(synchronousStandby: "tercet_b_2"), epoch: 3, identity)
        let client = try lab.a.client()
        #expect(throws: (any Error).self) {
          _ = try client.query("INSERT INTO t VALUES (1)", within: .milliseconds(500))
        }
      }
    }

    @Test("steps that the data's role forbids are refused")
    func wrongRoles() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        let toB = lab.b.upstream(for: "tercet_a_3")
        try await lab.a.refuse(.follow(toB), epoch: 3, identity, saying: "runs as a primary")
        try await lab.a.refuse(.clone(from: toB), epoch: 3, identity, saying: "runs as a primary")
        try await lab.b.refuse(.startPrimary(synchronousStandby: nil), epoch: 3, identity, saying: "standby")
        try await lab.b.succeed(.stop, epoch: 3, identity)
        try await lab.b.refuse(.startPrimary(synchronousStandby: nil), epoch: 3, identity, saying: "standby")
        kill(try #require(lab.a.pid), SIGKILL)
        try await eventually { lab.a.pid == nil }
        try await lab.a.refuse(.follow(toB), epoch: 4, identity, saying: "not shut down cleanly")
        try await lab.a.refuse(.promote, epoch: 4, identity, saying: "cannot be promoted")
      }
    }

    @Test("slots of former standbys go when the next one is admitted")
    func slots() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        try await lab.a.succeed(.admit(standby: "tercet_b_2"), epoch: 2, identity)
        let query = "SELECT slot_name FROM pg_replication_slots"
        #expect(try lab.a.administrator().query(query) == [["tercet_b_2"]])
        try await lab.a.succeed(.admit(standby: "tercet_B_5"), epoch: 5, identity)
        #expect(try lab.a.administrator().query(query) == [["tercet_b_5"]])
      }
    }

    @Test("a copy that was killed leaves the old data, and the next one starts clean")
    func interruptedCopy() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        try await lab.b.succeed(.stop, epoch: 2, identity)
        try await lab.a.succeed(.admit(standby: "tercet_b_3"), epoch: 3, identity)
        // Enough to be caught in the middle.
        _ = try lab.a.client().query(
          "CREATE TABLE big AS SELECT repeat(md5(g::text), 30) FROM generate_series(1, 150000) g",
          within: .seconds(60))
        async let first = lab.b.perform(.clone(from: lab.a.upstream(for: "tercet_b_3")), epoch: 3, identity)
        try await eventually { Folder.exists(lab.b.folder.cloning + "/base") }
        for pid in ServerProcess.all(in: lab.b.folder.cloning) { kill(pid, SIGKILL) }
        guard case .failed = await first else { throw LabError("the copy was not caught in the middle") }
        #expect(!Folder.exists(lab.b.folder.cloning), "what was copied fills the disk no longer")
        let observed = try await lab.b.observation { $0.epoch == 3 }
        #expect(observed.systemIdentifier == identity && observed.server == .stopped)
        try await lab.b.succeed(.clone(from: lab.a.upstream(for: "tercet_b_3")), epoch: 3, identity)
        #expect(!Folder.exists(lab.b.folder.cloning))
        #expect(lab.b.kept.count == 1)
        try await lab.b.succeed(.follow(lab.a.upstream(for: "tercet_b_3")), epoch: 3, identity)
        _ = try await lab.a.observation { $0.streamingStandbys == ["tercet_b_3"] }
        // A step of a higher epoch ends a copy under way.
        try await lab.a.succeed(.admit(standby: "tercet_b_4"), epoch: 4, identity)
        async let second = lab.b.perform(.clone(from: lab.a.upstream(for: "tercet_b_4")), epoch: 4, identity)
        try await eventually { Folder.exists(lab.b.folder.cloning + "/base") }
        try await lab.b.succeed(.stop, epoch: 5, identity)
        guard case .failed(let message) = await second else {
          throw LabError("it should have been overtaken")
        }
        #expect(message.contains("later one"))
        #expect(ServerProcess.all(in: lab.b.folder.cloning).isEmpty)
      }
    }

    @Test("of former data folders two stay, a former primary's longest")
    func keptFolders() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        try await lab.b.succeed(.promote, epoch: 3, identity)
        for epoch in UInt64(4)...6 {
          try await lab.b.succeed(.stop, epoch: epoch, identity)
          let name = "tercet_b_\(epoch)"
          try await lab.a.succeed(.admit(standby: name), epoch: epoch, identity)
          try await lab.b.succeed(.clone(from: lab.a.upstream(for: name)), epoch: epoch, identity)
          try await lab.b.succeed(.follow(lab.a.upstream(for: name)), epoch: epoch, identity)
        }
        #expect(lab.b.kept.count == 2)
        #expect(lab.b.kept.contains { $0.hasPrefix("kept-4-") })
        #expect(lab.b.kept.contains { $0.hasPrefix("kept-6-") })
      }
    }
  }
}

extension Node {
  var kept: [String] { Folder.names(in: folder.path).filter { $0.hasPrefix("kept-") } }

  /// The superuser's connection through the socket.
  func administrator() throws -> Connection {
    guard let server = ServerProcess.running(in: folder.data) else { throw LabError("\(name) does not run") }
    return try Connection(to: server, within: .seconds(5))
  }
}

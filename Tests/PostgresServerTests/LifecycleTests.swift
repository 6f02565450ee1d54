import Cluster
import Foundation
import Glibc
import PostgresServer
import Testing

/// All tests with real servers, one after another: each has the machine for itself.
@Suite(.serialized) struct RealServers {}

extension RealServers {
  @Suite struct Lifecycle {
    @Test("a new database is served to its owner, by password, over TCP")
    func initialize() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        let client = try lab.a.client()
        _ = try client.query("CREATE TABLE orders (id int)")
        #expect(try client.query("SELECT current_user, current_database()") == [["clerk", "shop"]])
        #expect(try client.query("SHOW data_checksums") == [["on"]])
        #expect(try client.query("SHOW server_encoding") == [["UTF8"]])
        let observed = try await lab.a.observation(until: \.isPrimary)
        #expect(observed.epoch == 1)
        #expect(observed.timeline == 1)
        #expect(throws: (any Error).self) {
          _ = try Connection(
            [
              ("host", "127.0.0.1"), ("port", "\(lab.a.specification.port)"), ("user", "clerk"),
              ("password", "wrong"), ("dbname", "shop"),
            ], within: .seconds(2))
        }
        // Again: it is there already.
        try await lab.a.succeed(.initialize, epoch: 1)
        #expect(try client.query("SELECT count(*) FROM orders") == [["0"]])
      }
    }

    @Test("a stopped server leaves no process and tells where its log ends; it starts again")
    func stopAndStart() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        let identity = try await lab.a.observation(until: \.isPrimary).systemIdentifier
        try await lab.a.succeed(.stop, epoch: 1, identity)
        #expect(ServerProcess.all(in: lab.a.folder.data).isEmpty)
        let stopped = try await lab.a.observation { $0.server == .stopped }
        #expect(stopped.shutdown != nil)
        try await lab.a.succeed(.stop, epoch: 1, identity)
        try await lab.a.succeed(.startPrimary(synchronousStandby: nil), epoch: 2, identity)
        let started = try await lab.a.observation(until: \.isPrimary)
        #expect(started.shutdown == nil)
        #expect(started.epoch == 2)
      }
    }

    @Test("an action of a lower epoch is refused, also by a new driver")
    func epochFence() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 7)
        try await lab.a.succeed(.stop, epoch: 9)
        try await lab.a.refuse(.startPrimary(synchronousStandby: nil), epoch: 8, saying: "epoch 9")
        await lab.a.restartDriver()
        try await lab.a.refuse(.startPrimary(synchronousStandby: nil), epoch: 8, saying: "epoch 9")
        #expect(lab.a.pid == nil)
      }
    }

    @Test("data of another database is never started")
    func foreignData() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        try await lab.a.succeed(.stop, epoch: 1)
        try await lab.a.refuse(
          .startPrimary(synchronousStandby: nil), epoch: 2, 4711, saying: "another database", "4711")
        #expect(lab.a.pid == nil)
        // Nor is it taken for a new, empty one.
        try await lab.a.refuse(.initialize, epoch: 3, saying: "in the way")
      }
    }

    @Test("a new driver finds the server that runs, and goes on with it")
    func adoption() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        let pid = try #require(lab.a.pid)
        await lab.a.restartDriver()
        let observed = try await lab.a.observation(until: \.isPrimary)
        try await lab.a.succeed(.startPrimary(synchronousStandby: nil), epoch: 2, observed.systemIdentifier)
        #expect(lab.a.pid == pid)
        try await lab.a.succeed(.stop, epoch: 3)
        #expect(ServerProcess.all(in: lab.a.folder.data).isEmpty)
      }
    }

    @Test("a server holds none of the manager's files and is no child of it")
    func descriptors() async throws {
      try await Lab.run { lab in
        let secret = open(lab.folder + "/secret", O_RDWR | O_CREAT, 0o600)
        defer { close(secret) }
        try await lab.a.succeed(.initialize, epoch: 1)
        let pid = try #require(lab.a.pid)
        let links = Folder.names(in: "/proc/\(pid)/fd").map { name in
          var target = [CChar](repeating: 0, count: 4096)
          let count = readlink("/proc/\(pid)/fd/\(name)", &target, target.count)
          return String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        #expect(!links.isEmpty)
        #expect(!links.contains { $0.hasSuffix("/secret") })
        #expect(getsid(pid) != getsid(0))
      }
    }

    @Test("somebody's shell that stands in the data folder is taken for no server")
    func shell() {
      // This process works there, and is none of PostgreSQL's.
      #expect(ServerProcess.all(in: FileManager.default.currentDirectoryPath).isEmpty)
    }

    @Test("of a server's logs the ten newest stay")
    func logs() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        for day in 10...30 {
          try DurableFile.write("", to: lab.a.folder.log + "/postgres-2020-01-\(day)T000000.log")
        }
        await lab.a.restartDriver()
        try await eventually { Folder.names(in: lab.a.folder.log).count <= 11 }
        #expect(lab.a.log.contains("ready to accept connections"))
      }
    }

    @Test("a crashed server is seen within 300 ms, and recovers with all it acknowledged")
    func crash() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        let client = try lab.a.client()
        _ = try client.query("CREATE TABLE t AS SELECT generate_series(1, 1000) AS id")
        _ = try await lab.a.observation(until: \.isPrimary)
        let killed = ContinuousClock.now
        kill(try #require(lab.a.pid), SIGKILL)
        _ = try await lab.a.observation { !$0.isPrimary }
        #expect(ContinuousClock.now - killed < .milliseconds(300))
        try await lab.a.succeed(.startPrimary(synchronousStandby: nil), epoch: 1)
        #expect(try lab.a.client().query("SELECT count(*) FROM t") == [["1000"]])
      }
    }

    @Test("a frozen server is busy, and is ended hard when it must stop")
    func frozen() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        _ = try await lab.a.observation(until: \.isPrimary)
        for pid in ServerProcess.all(in: lab.a.folder.data) { kill(pid, SIGSTOP) }
        _ = try await lab.a.observation { $0.server == .busy }
        try await lab.a.refuse(.stop, epoch: 2, saying: "ended without a checkpoint")
        #expect(ServerProcess.all(in: lab.a.folder.data).isEmpty)
      }
    }

    @Test("garbage in the data folder is never served or overwritten, and the error says where it is")
    func garbage() async throws {
      try await Lab.run { lab in
        try await lab.a.succeed(.initialize, epoch: 1)
        try await lab.a.succeed(.stop, epoch: 1)
        let control = lab.a.folder.data + "/global/pg_control"
        try DurableFile.write(String(repeating: "x", count: 8192), to: control)
        try await lab.a.refuse(
          .startPrimary(synchronousStandby: nil), epoch: 2, saying: lab.a.folder.data, "does not hold usable")
        try await lab.a.refuse(.initialize, epoch: 3, saying: "in the way")
        #expect(DurableFile.text(control)?.hasPrefix("xxx") == true)
        try await eventually { lab.a.troubles.contains { $0.contains(lab.a.folder.data) } }
      }
    }

    @Test("a taken port is named as the reason")
    func takenPort() async throws {
      try await Lab.run { lab in
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(lab.a.specification.port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        withUnsafeBytes(of: &address) { bytes in
          let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
          bind(socket, pointer, socklen_t(bytes.count))
        }
        listen(socket, 1)
        try await lab.a.refuse(.initialize, epoch: 1, saying: "port is taken")
      }
    }

    @Test("hostile names and passwords are stored as they are and show in no log or process list")
    func hostileWords() async throws {
      var specification = DatabaseSpecification.example
      specification.owner = #"clerk "; DROP ROLE postgres; --'\"#
      let word = "sesame\(UInt64.random(in: 0 ... .max))"
      specification.password = "it's a \\\(word)\\ \"pass\nword\"; é"
      try await Lab.run(specification: specification) { lab in
        let watcher = ProcessListWatcher(for: word)
        try await lab.a.succeed(.initialize, epoch: 1)
        let sightings = await watcher.sightings()
        #expect(sightings == [])
        #expect(try lab.a.client().query("SELECT current_user") == [[specification.owner]])
        #expect(!lab.a.log.contains(word))
        #expect(!lab.a.log.contains("SCRAM-SHA-256"))
      }
    }

    @Test("what a stack file says anew is in force on the running servers, or it is told what is not")
    func configure() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        func configured(_ node: Node, _ specification: DatabaseSpecification) async -> ActionResult {
          let upstream = node === lab.a ? nil : lab.a.upstream(for: "tercet_b_2")
          return await node.perform(
            .configure(following: upstream), epoch: 2, identity, specification: specification)
        }
        func changed(_ node: Node, _ change: (inout DatabaseSpecification) -> Void) -> DatabaseSpecification {
          var specification = node.specification
          change(&specification)
          return specification
        }
        let easy: (inout DatabaseSpecification) -> Void = {
          $0.parameters.append(Setting("work_mem", "7MB"))
          $0.password = "another word"
          $0.clientNetworks = ["127.0.0.1/32"]
        }
        for node in [lab.a, lab.b] { #expect(await configured(node, changed(node, easy)) == .done) }
        #expect(throws: PostgresError.self) { _ = try lab.a.client() }
        for node in [lab.a, lab.b] {
          try await eventually {
            (try? node.client(password: "another word").query("SHOW work_mem")) == [["7MB"]]
          }
          #expect(DurableFile.text(node.folder.data + "/pg_hba.conf")?.contains("127.0.0.1/32") == true)
        }
        // A standby begins anew with what needs a start; of a primary it is told.
        let hard: (inout DatabaseSpecification) -> Void = {
          easy(&$0)
          $0.parameters[0] = Setting("max_connections", "40")
        }
        #expect(await configured(lab.b, changed(lab.b, hard)) == .done)
        #expect(try lab.b.client(password: "another word").query("SHOW max_connections") == [["40"]])
        guard case .failed(let message) = await configured(lab.a, changed(lab.a, hard)) else {
          throw LabError("max_connections is not in force on a")
        }
        #expect(
          message.contains("max_connections will be in force") && message.contains("tercet promote shop"))
        // What Postgres does not take leaves the server as it is.
        let wrong: (inout DatabaseSpecification) -> Void = { $0.parameters = [Setting("work_mem", "lots")] }
        try await lab.a.refuse(
          .configure(following: nil), epoch: 2, identity, specification: changed(lab.a, wrong),
          saying: "work_mem", "lots")
        _ = try await lab.a.observation { $0.streamingStandbys == ["tercet_b_2"] }
      }
    }

    @Test("a specification that would break the server's safety is refused")
    func refusedSpecifications() async throws {
      try await Lab.run { lab in
        func refuse(saying word: String, _ change: (inout DatabaseSpecification) -> Void) async throws {
          var specification = lab.a.specification
          change(&specification)
          try await lab.a.refuse(.initialize, epoch: 1, specification: specification, saying: word)
        }
        try await refuse(saying: "fsync") { $0.parameters = [Setting("fsync", "off")] }
        try await refuse(saying: "line break") { $0.parameters = [Setting("work_mem", "4MB'\nfsync = off")] }
        try await refuse(saying: "network") { $0.clientNetworks = ["all trust\nhost all all all"] }
        try await refuse(saying: "cannot own") { $0.owner = "postgres" }
        try await refuse(saying: "name") { $0.name = "../../etc" }
        #expect(lab.a.pid == nil)
      }
    }
  }
}

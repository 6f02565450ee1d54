import Cluster
import PostgresServer
import Testing

@Suite struct Rules {
  @Test(
    "a record's end counts the headers of the pages it runs into, and is aligned",
    arguments: [
      // Start, length, end: within a page, up to its very end, over it, and into a new segment.
      (0x100_0028, 114, 0x100_00A0), (0x100_1F88, 120, 0x100_2000), (0x100_1FC0, 114, 0x100_2050),
      (0x1FF_FFC0, 114, 0x200_0060),
    ] as [(UInt64, UInt64, UInt64)])
  func recordEnds(start: UInt64, bytes: UInt64, end: UInt64) {
    #expect(endOfRecord(at: LSN(start), bytes: bytes, walSegmentBytes: 16 << 20) == LSN(end))
  }

  @Test("pg_controldata's output is read, and an incomplete one is not taken for a state")
  func controlData() throws {
    let output = """
      Database system identifier:           7412345678901234567
      Database cluster state:               shut down
      Latest checkpoint location:           0/1A2B3C8
      Latest checkpoint's TimeLineID:       3
      Min recovery ending loc's timeline:   0
      Bytes per WAL segment:                16777216
      """
    let control = try #require(ControlData(output))
    #expect(control.systemIdentifier == 7_412_345_678_901_234_567)
    #expect(control.timeline == 3)
    #expect(control.checkpoint == LSN("0/1A2B3C8"))
    #expect(control.isCleanlyShutDown)
    #expect(ControlData(String(output.dropFirst(60))) == nil)
    let standby = output.replacing("shut down", with: "shut down in recovery")
    #expect(try !#require(ControlData(standby)).isCleanlyShutDown)
  }

  @Test("each change is reported at once, mere progress now and then and when it ends")
  func reports() {
    var filter = ReportFilter()
    let start = ContinuousClock.now
    func look(_ server: DatabaseObservation.Server, at milliseconds: Int) -> Bool {
      filter.isWorthReporting(
        DatabaseObservation(database: "shop", data: .absent, server: server, epoch: 1),
        at: start + .milliseconds(milliseconds), progressInterval: .milliseconds(500))
    }
    func primary(_ position: UInt64) -> DatabaseObservation.Server {
      .primary(position: LSN(position), synchronousStandby: nil, standbys: [])
    }
    #expect(look(.stopped, at: 0))
    #expect(!look(.stopped, at: 1))
    #expect(look(primary(1), at: 2))
    #expect(!look(primary(2), at: 3))
    #expect(!look(primary(3), at: 4))
    #expect(look(primary(3), at: 5))
    #expect(!look(primary(3), at: 6))
    #expect(!look(primary(4), at: 7))
    #expect(look(primary(5), at: 505))
    #expect(look(.busy, at: 506))
  }

  @Test("a server's configuration is the same for the same settings and says who it is")
  func settings() throws {
    func text(_ role: ServerSettings.Role, _ parameters: [Setting] = []) throws -> String {
      try ServerSettings(
        role: role, address: "10.0.0.1", port: 5433,
        folder: DatabaseFolder(dataFolder: "/srv/it's", database: "shop"), usesTLS: true,
        parameters: parameters
      ).text()
    }
    let primary = try text(.primary(synchronousStandby: "tercet_b_2"), [Setting("work_mem", "8MB")])
    #expect(try primary == text(.primary(synchronousStandby: "tercet_b_2"), [Setting("work_mem", "8MB")]))
    #expect(primary.contains("synchronous_standby_names = '\"tercet_b_2\"'"))
    #expect(primary.contains("listen_addresses = '127.0.0.1,10.0.0.1'"))
    #expect(primary.contains("unix_socket_directories = '/srv/it''s/shop/run'"))
    let upstream = DatabaseAction.Upstream(address: "10.0.0.2", port: 5432, standbyName: "tercet_B_7")
    let standby = try text(.standby(upstream: upstream))
    #expect(standby.contains("sslmode=''verify-ca''"))
    #expect(standby.contains("application_name=''tercet_B_7''"))
    #expect(standby.contains("primary_slot_name = 'tercet_b_7'"))
    #expect(standby.contains("synchronous_standby_names = ''"))
    #expect(try text(.standby(upstream: nil)).contains("primary_conninfo = ''"))
  }

  @Test(
    "parameters that the manager's promises rest on are refused",
    arguments: [
      ("fsync", "off"), ("FSYNC", "off"), ("synchronous_standby_names", "*"), ("synchronous_commit", "local"),
      ("ssl_key_file", "/tmp/key"), ("primary_conninfo", "host=evil"), ("include", "/etc/passwd"),
      ("work_mem = 1\nfsync", "off"), ("", ""), ("work_mem", "1\nfsync=off"),
    ])
  func parameters(name: String, value: String) {
    let settings = ServerSettings(
      role: .primary(synchronousStandby: nil), address: "127.0.0.1", port: 5432,
      folder: DatabaseFolder(dataFolder: "/srv", database: "shop"), usesTLS: false,
      parameters: [Setting(name, value)])
    #expect(throws: PostgresError.self) { try settings.text() }
  }

  @Test("only members replicate, and clients log in with a password from their networks")
  func access() throws {
    let rules = AccessRules(
      usesTLS: true, localUsers: ["root"], members: ["a", "b-2"], clientNetworks: ["10.0.0.0/8", "fd00::/8"])
    let lines = try rules.hostRules().split(separator: "\n").dropFirst()
    #expect(
      Array(lines) == [
        "local all postgres peer map=tercet",
        "hostssl replication tercet_replication all cert map=tercet_members",
        "host all postgres,tercet_replication all reject", "host all all 10.0.0.0/8 scram-sha-256",
        "host all all fd00::/8 scram-sha-256",
      ])
    #expect(try rules.identities().contains("tercet_members \"tercet-manager-b-2\" tercet_replication"))
    var hostile = rules
    hostile.members = ["a\" postgres\ntercet \"nobody"]
    #expect(throws: PostgresError.self) { try hostile.identities() }
  }
}

import Testing

extension ThreeZones {
  @Suite struct Crashes {
    @Test("kill -9 of all three managers and a restart change nothing, and no container is restarted")
    func killAllManagers() async throws {
      try await Shop.scale(to: 4)
      let before = try await Cluster.whole()
      let containers = try await Shop.containers()
      let server = try await Shop.Database.servers()
      let entries = try await Shop.Database.rows()

      // All at once: none sees the others go.
      async let a = Lab.run("kill", "a")
      async let b = Lab.run("kill", "b")
      async let c = Lab.run("kill", "c")
      _ = try await (a, b, c)
      #expect(try await Shop.containers() == containers, "containers run on without managers")
      #expect(try await Shop.Database.rows() == entries, "the database serves on without managers")
      for zone in Lab.Zone.allCases {
        try await Lab.run("start", zone.rawValue)
      }

      let after = try await Cluster.whole()
      #expect(after.appliedIndex >= before.appliedIndex)
      #expect(after.services.map(\.wanted) == before.services.map(\.wanted))
      #expect(after.databases.map(\.primary) == before.databases.map(\.primary))
      #expect(zip(before.caches, after.caches).allSatisfy { $0.position <= $1.position })
      #expect(try await Shop.containers() == containers)
      #expect(try await Shop.Database.servers() == server, "Postgres was not restarted")
      #expect(try await Shop.Database.rows() == entries)
    }

    @Test("SIGTERM ends tercetd with 0 within seconds; containers and Postgres run on")
    func terminate() async throws {
      try await Cluster.whole()
      let containers = try await Shop.containers()
      let servers = try await Shop.Database.servers()
      try await Lab.run("stop", "a")
      // Started by the test, so that its exit code can be seen.
      async let daemon = Lab.attempt(
        in: .a, ["tercetd", "--configuration", "\(Lab.folder)/cluster/a/tercetd.yaml"])
      try await Cluster.whole()

      let (_, elapsed) = try await measured { try await Lab.run("stop", "a") }

      #expect(try await daemon.status == 0)
      #expect(elapsed < .seconds(10))
      #expect(try await Shop.containers() == containers)
      #expect(try await Shop.Database.servers() == servers)
      try await Lab.run("start", "a")
      try await Cluster.whole()
    }
  }
}

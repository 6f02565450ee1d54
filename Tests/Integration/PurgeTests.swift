import Testing

extension ThreeZones {
  @Suite struct Purging {
    @Test("after tercet purge the next GET of the page from both Varnish is a miss")
    func purgeOnePage() async throws {
      try await Cluster.whole()
      for zone in Lab.Zone.data {
        try await Shop.cache(at: zone)
      }

      let purged = try await Cluster.tercet("purge", Shop.address)

      #expect(purged.status == 0, "\(purged.errors)")
      for zone in Lab.Zone.data {
        #expect(try await Shop.page(at: zone).isMiss, "zone \(zone)")
        #expect(try await Shop.page(at: zone).isHit, "zone \(zone): cached anew")
      }
    }

    @Test("a Varnish that was frozen during a purge does not serve the old page afterwards")
    func purgeWhileFrozen() async throws {
      try await Cluster.whole()
      for zone in Lab.Zone.data {
        try await Shop.cache(at: zone)
      }
      // The process that answers the command line, and the one that serves.
      let processes = "'^(varnishd|cache-main)$'"
      try await Lab.bash(in: .b, "pkill -STOP \(processes)")
      let purged = try await Cluster.tercet("purge", Shop.address)
      let atOther = try await Shop.page(at: .a)
      try await Lab.bash(in: .b, "pkill -CONT \(processes)")

      #expect(purged.status == 0)
      #expect(purged.errors.contains("cache b"), "the command names the cache that is behind")
      #expect(atOther.isMiss)
      try await eventually("the cache that was frozen has come as far as the other", within: .seconds(20)) {
        try await Cluster.status().caches.allSatisfy { $0.reachable && $0.lag == 0 }
      }
      #expect(try await Shop.page(at: .b).isMiss)
    }

    @Test("a Varnish that was killed is purged on from where the log is, once it is back")
    func purgeWhileDown() async throws {
      try await Cluster.whole()
      for zone in Lab.Zone.data {
        try await Shop.cache(at: zone)
      }
      try await Lab.bash(in: .b, "pkill -KILL '^(varnishd|cache-main)$'")
      let purged = try await Cluster.tercet("purge", Shop.address)
      #expect(purged.status == 0)
      #expect(purged.errors.contains("cache b"), "the command names the cache that is behind")

      try await Lab.run("start", "b")

      let status = try await Cluster.whole()
      #expect(status.caches.allSatisfy { $0.lag == 0 })
      #expect(try await Shop.page(at: .b).isMiss)
      try await Shop.cache(at: .b)
      #expect(try await Cluster.tercet("purge", Shop.address).status == 0)
      #expect(try await Shop.page(at: .b).isMiss, "the new process is purged as the old one was")
    }

    @Test("a Varnish that was cut off during purges has none of the pages left when it is back")
    func purgeWhileCutOff() async throws {
      try await Cluster.whole()
      for zone in Lab.Zone.data {
        try await Shop.cache(at: zone)
      }
      try await Lab.run("cut", "b")
      try await eventually("the cluster purges without zone b", within: .seconds(15)) {
        let purged = try await Cluster.tercet("purge", "--no-wait", Shop.address)
        return purged.status == 0
      }
      try await Lab.run("heal")

      let status = try await Cluster.whole()
      #expect(status.caches.allSatisfy { $0.lag == 0 })
      #expect(try await Shop.page(at: .b).isMiss)
    }
  }
}

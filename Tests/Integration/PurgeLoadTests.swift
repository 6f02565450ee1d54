import Testing

extension ThreeZones {
  @Suite struct PurgingUnderLoad {
    @Test(
      "through partitions of every zone and a kill of each manager no purge that was answered 200 is missing at a cache",
      .timeLimit(.minutes(4)))
    func faults() async throws {
      let seconds = 60
      try await Pages.served(3_000) { pages in
        try await pages.fill()
        let answered = try await withThrowingTaskGroup(of: Int.self) { group in
          for (place, zone) in Lab.Zone.allCases.enumerated() {
            group.addTask {
              try await pages.edit(
                in: zone, pages: place * 1_000..<(place + 1) * 1_000, connections: 32, seconds: seconds)
            }
          }
          // Visitors bring pages back into the caches, also while they are being purged.
          for zone in Lab.Zone.data {
            group.addTask {
              try await pages.visit(in: zone, seconds: seconds)
              return 0
            }
          }
          group.addTask {
            try await Self.troubles()
            return 0
          }
          return try await group.reduce(0, +)
        }
        print("purges answered 200 through faults:", answered)
        #expect(answered > 10_000)
        try await Cluster.whole(within: .seconds(90))
        try await Pages.applied()
        for zone in Lab.Zone.data {
          let stale = try await pages.stale(at: zone)
          #expect(stale.isEmpty, "zone \(zone): \(stale.prefix(5)) of \(stale.count)")
        }
      }
    }

    /// Each zone is cut off, each manager killed: about a minute.
    private static func troubles() async throws {
      for zone in Lab.Zone.allCases {
        try await Task.sleep(for: .seconds(3))
        try await Lab.run("cut", zone.rawValue)
        try await Task.sleep(for: .seconds(5))
        try await Lab.run("heal")
        try await Task.sleep(for: .seconds(3))
        try await Lab.run("kill", zone.rawValue)
        try await Task.sleep(for: .seconds(1))
        try await Lab.run("start", zone.rawValue)
      }
    }
  }
}

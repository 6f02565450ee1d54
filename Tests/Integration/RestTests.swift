import Testing

extension ThreeZones {
  @Suite struct AtRest {
    @Test("at rest each manager uses less than 60 MiB and 1 % of a core")
    func idle() async throws {
      // Tasks that moved away for an earlier test go back a while after it.
      try await Shop.scale(to: 4)
      try await eventually("two containers are in each zone", within: .seconds(120)) {
        try await Shop.containers(by: Lab.Zone.data).map(\.count) == [2, 2]
      }
      try await Cluster.whole()

      // What the tests before this one left in memory goes within a minute or two.
      try await eventually("each manager is at rest", within: .seconds(180)) {
        let measured = try await Lab.script("deploy/bench/idle", "30")
        #expect(measured.status == 0, "\(measured.errors)")
        let rows = measured.lines.dropFirst().map { $0.split(separator: " ") }
        #expect(rows.count == 3)
        return rows.allSatisfy { Double($0[1])! < 60 && Double($0[2])! < 1 }
      }
    }
  }
}

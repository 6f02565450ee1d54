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

      let measured = try await Lab.script("deploy/bench/idle", "30")

      #expect(measured.status == 0, "\(measured.errors)")
      let rows = measured.lines.dropFirst().map { $0.split(separator: " ") }
      #expect(rows.count == 3)
      for row in rows {
        #expect(Double(row[1])! < 60, "MiB in zone \(row[0])")
        #expect(Double(row[2])! < 1, "% of a core in zone \(row[0])")
      }
    }
  }
}

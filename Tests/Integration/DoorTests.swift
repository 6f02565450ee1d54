import Testing

extension ThreeZones {
  @Suite struct Door {
    @Test("of 10,000 PURGE over 64 connections at each zone's door none is lost")
    func manyPurges() async throws {
      try await Cluster.whole()

      let measured = try await Lab.script("deploy/bench/door", "--purges-only")

      #expect(measured.status == 0, "\(measured.errors)")
      let answered = measured.lines.dropFirst(2).map { $0.split(separator: " ")[2] }
      #expect(answered == ["10000", "10000", "10000"], "\(measured.output)")
    }

    @Test("PURGE at one zone's door makes the page a miss in both zones")
    func purgeAtTheDoor() async throws {
      try await Cluster.whole()
      for zone in Lab.Zone.data {
        try await Shop.cache(at: zone)
      }

      let answer = try await Lab.exec(
        in: .a, "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--request",
        "PURGE",
        "--header", "Host: \(Shop.host)", "http://\(Lab.Zone.a.address):7480\(Shop.path)")

      #expect(answer.output == "200")
      for zone in Lab.Zone.data {
        try await eventually("zone \(zone) has purged the page", within: .seconds(2)) {
          try await Shop.page(at: zone).isMiss
        }
      }
    }
  }
}

import Testing

extension ThreeZones {
  @Suite struct Cuts {
    @Test(
      "without the leader's zone a scale through another is done within 3 s; the zone obeys after healing")
    func cutTheLeader() async throws {
      try await Cluster.whole()
      try await Shop.scale(to: 2)
      // Where it goes when all is well: with a data zone half of the containers would be lost too, and a node is
      // taken for lost after two seconds.
      let leader = Lab.Zone.c
      try await eventually("the zone without data leads", within: .seconds(30)) {
        try await Cluster.status().leader?.zone == leader.rawValue
      }
      let left = leader.others[0]

      let began = ContinuousClock.now
      try await Lab.run("cut", leader.rawValue)
      let scaled = try await Cluster.tercet(in: left, "scale", "\(Shop.service)=4")
      let elapsed = ContinuousClock.now - began

      #expect(scaled.status == 0, "\(scaled.errors)")
      #expect(elapsed < .seconds(3), "it took \(elapsed)")
      try await refuses(in: leader)

      try await Lab.run("heal")
      let whole = try await Cluster.whole(within: .seconds(90))
      #expect(whole.services.first { $0.name == Shop.service }?.wanted == 4)
      try await eventually("the zone that was cut off knows it too", within: .seconds(10)) {
        let status = try await Cluster.status(from: leader)
        return status.leader != nil && status.services.first { $0.name == Shop.service }?.wanted == 4
      }
    }

    @Test("a data zone that is cut off refuses with 5, its containers run on, and after healing it obeys")
    func cutADataZone() async throws {
      try await Cluster.whole()
      try await Shop.scale(to: 2)
      var before: [Container] = []
      try await eventually("one container is left in zone b", within: .seconds(30)) {
        before = try await Container.running(Shop.service, in: .b)
        return before.count == 1
      }

      try await Lab.run("cut", "b")
      try await refuses(in: .b)
      try await Lab.exec(in: .a, "tercet", "scale", "\(Shop.service)=4")
      #expect(try await Container.running(Shop.service, in: .a).count == 4)
      #expect(try await Container.running(Shop.service, in: .b) == before, "they run on")

      try await Lab.run("heal")
      try await Cluster.whole(within: .seconds(90))
      try await eventually("two of the four containers are in each zone again", within: .seconds(120)) {
        try await Shop.containers(by: Lab.Zone.data).map(\.count) == [2, 2]
      }
    }

    private func refuses(in zone: Lab.Zone) async throws {
      let refused = try await Cluster.tercet(in: zone, "scale", "\(Shop.service)=6")
      #expect(refused.status == 5, "\(refused.output) \(refused.errors)")
      let answer = try await Lab.exec(
        in: zone, "curl", "--silent", "--output", "/dev/null", "--write-out",
        "%{http_code} %header{retry-after}",
        "--request", "PURGE", "http://\(zone.address):7480/page")
      #expect(answer.output.hasPrefix("503 "), "\(answer.output)")
      #expect(answer.output.count > 4, "it says when to try again")
    }
  }
}

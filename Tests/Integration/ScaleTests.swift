import Testing

extension ThreeZones {
  @Suite struct Scaling {
    @Test("tercet scale returns when four containers run, two in each data zone, as docker ps shows")
    func scaleToFour() async throws {
      try await Cluster.whole()
      try await Shop.scale(to: 2)

      let scaled = try await Cluster.tercet("scale", "\(Shop.service)=4")

      #expect(scaled.status == 0, "\(scaled.errors)")
      for zone in Lab.Zone.data {
        let containers = try await Container.running(Shop.service, in: zone)
        #expect(containers.count == 2, "zone \(zone): \(containers)")
      }
    }

    @Test("of a service with one container the page comes in both zones")
    func scaleToOne() async throws {
      try await Cluster.whole()

      let scaled = try await Cluster.tercet("scale", "\(Shop.service)=1")

      #expect(scaled.status == 0, "\(scaled.errors)")
      try await eventually("one container is left", within: .seconds(30)) {
        try await Shop.containers().count == 1
      }
      for zone in Lab.Zone.data {
        try await Lab.exec(
          in: zone, "curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:8080/ok")
      }
      try await Shop.scale(to: 2)
    }

    @Test("scaling down leaves the containers that stay untouched")
    func scaleDown() async throws {
      try await Cluster.whole()
      try await Shop.scale(to: 4)
      let before = try await Shop.containers()

      try await Shop.scale(to: 2)

      try await eventually("two containers are left", within: .seconds(30)) {
        try await Shop.containers().count == 2
      }
      let after = try await Shop.containers()
      #expect(Set(after).isSubset(of: Set(before)))
    }
  }
}

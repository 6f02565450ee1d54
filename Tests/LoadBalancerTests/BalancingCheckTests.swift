import Cluster
import LoadBalancer
import Logging
import NIOPosix
import Testing

@Suite("What cannot be balanced")
struct BalancingCheckTests {
  static let web = Balancing.Server(name: "web", address: "10.0.0.1", port: 80)

  @Test(
    "a description that HAProxy would misread is refused before anything is written",
    arguments: [
      [Balancing.Frontend(name: "a b", port: 80, servers: [])],
      [Balancing.Frontend(name: "a\nglobal", port: 80, servers: [])],
      [Balancing.Frontend(name: "", port: 80, servers: [])],
      [Balancing.Frontend(name: "a", port: 0, servers: [])],
      [Balancing.Frontend(name: "a", port: 65_536, servers: [])],
      [
        Balancing.Frontend(name: "a", port: 80, servers: []),
        Balancing.Frontend(name: "b", port: 80, servers: []),
      ],
      [
        Balancing.Frontend(name: "a", port: 80, servers: []),
        Balancing.Frontend(name: "a", port: 81, servers: []),
      ],
      [Balancing.Frontend(name: "a", port: 80, servers: [web, web])],
      [Balancing.Frontend(name: "a", port: 80, servers: [.init(name: "w", address: "1.2.3.4 x", port: 80)])],
      [Balancing.Frontend(name: "a", port: 80, servers: [.init(name: "w", address: "", port: 80)])],
      [Balancing.Frontend(name: "a", port: 80, servers: [.init(name: "w/x", address: "1.2.3.4", port: 80)])],
    ])
  func refused(frontends: [Balancing.Frontend]) async {
    let balancer = LoadBalancer(
      configuration: .init(file: "/nowhere/file", masterSocket: "/nowhere/m", adminSocket: "/nowhere/a"),
      group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
    await #expect {
      try await balancer.carryOut(Balancing(frontends: frontends))
    } throws: {
      if case LoadBalancerError.invalid = $0 { true } else { false }
    }
  }
}

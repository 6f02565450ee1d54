import Cluster
import Foundation
import FreePorts
import LoadBalancer
import Logging
import NIOCore
import NIOPosix
import Testing

@Suite("Driving a real HAProxy", .serialized, .timeLimit(.minutes(2)))
struct LoadBalancerTests {
  @Test("requests are spread over the servers given, and only those that answer count as serving")
  func spread() async throws {
    try await HAProxy.run { _, balancer in
      let (one, two, port) = (try await Web.start("one"), try await Web.start("two"), FreePorts.take())
      let nobody = Balancing.Server(name: "nobody", address: "127.0.0.1", port: FreePorts.take())
      try await balancer.carryOut(balancing(port, [one.server, two.server, nobody]))
      try await eventually("two serve") { try await balancer.observe().serving == ["one", "two"] }
      try await eventually("the third is down") {
        try await balancer.servers().first { $0.name == "nobody" }?.status == "DOWN"
      }
      try await Visitor.visit(port: port) { visit in
        var answers: Set<String> = []
        for _ in 0..<10 { answers.insert(try await visit.get("/").server) }
        #expect(answers == ["one", "two"])
      }
      await one.stop()
      try await eventually("one serves no more") { try await balancer.observe().serving == ["two"] }
      await two.stop()
    }
  }

  @Test("a file that was somebody else's is kept once, as it was")
  func foreignFile() async throws {
    try await HAProxy.run { haproxy, balancer in
      let (port, kept) = (FreePorts.take(), haproxy.file + ".before-tercet")
      let foreign = try haproxy.text()
      try await balancer.carryOut(balancing(port, []))
      #expect(try haproxy.text() != foreign)
      #expect(try String(contentsOfFile: kept, encoding: .utf8) == foreign)
      // Neither Tercet's own file nor what someone writes later takes its place.
      try await balancer.carryOut(Balancing())
      try "# by hand\n\(foreign)".write(toFile: haproxy.file, atomically: true, encoding: .utf8)
      try await balancer.carryOut(balancing(port, []))
      #expect(try String(contentsOfFile: kept, encoding: .utf8) == foreign)
      #expect(try haproxy.text().hasPrefix("# Written by tercetd"))
    }
  }

  @Test("servers come and go in the running worker: a visitor's connection lives on")
  func comeAndGo() async throws {
    try await HAProxy.run { haproxy, balancer in
      let (one, two, port) = (try await Web.start("one"), try await Web.start("two"), FreePorts.take())
      try await balancer.carryOut(balancing(port, [one.server]))
      try await Visitor.visit(port: port) { visit in
        #expect(try await visit.get("/").server == "one")
        try await balancer.carryOut(balancing(port, [one.server, two.server]))
        try await eventually("both serve") { try await balancer.observe().serving == ["one", "two"] }
        try await balancer.carryOut(balancing(port, [two.server]))
        #expect(try await balancer.observe().serving == ["two"])
        #expect(try await visit.get("/").server == "two")
      }
      // For HAProxy's next start.
      #expect(try haproxy.text().contains("server two") && !haproxy.text().contains("server one"))
      await one.stop()
      await two.stop()
    }
  }

  @Test("a server is taken out only when its last request has ended", arguments: [false, true])
  func drain(byReload: Bool) async throws {
    try await HAProxy.run { haproxy, balancer in
      let (one, two, port) = (try await Web.start("one"), try await Web.start("two"), FreePorts.take())
      try await balancer.carryOut(balancing(port, [one.server]))
      try await eventually("one serves") { try await balancer.observe().serving == ["one"] }
      // Another tercetd does not know what HAProxy runs with, and has it load its file.
      let driver = byReload ? haproxy.balancer() : balancer
      try await withThrowingTaskGroup(of: ContinuousClock.Instant.self) { group in
        group.addTask {
          let answer = try await Visitor.visit(port: port) { try await $0.get("/slow") }
          #expect(answer.status == 200 && answer.server == "one")
          return .now
        }
        try await eventually("the slow request is under way") {
          try await balancer.servers().contains { $0.currentSessions == 1 }
        }
        try await driver.carryOut(balancing(port, [two.server]))
        let removed = ContinuousClock.now
        let ended = try #require(try await group.next())
        #expect(ended < removed + .milliseconds(50))
      }
      #expect(try await Visitor.visit(port: port) { try await $0.get("/") }.server == "two")
      await one.stop()
      await two.stop()
    }
  }

  @Test("a rolling exchange of all servers under load fails no request")
  func rolling() async throws {
    try await HAProxy.run { _, balancer in
      let port = FreePorts.take()
      var webs = [try await Web.start("v0"), try await Web.start("v1")]
      try await balancer.carryOut(balancing(port, webs.map(\.server)))
      try await eventually("both serve") { try await balancer.observe().serving.count == 2 }
      let visitors = Visitors(port: port)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { try await visitors.run() } }
        for version in 2..<8 {
          webs.append(try await Web.start("v\(version)"))
          try await balancer.carryOut(balancing(port, webs.map(\.server)))
          try await eventually("the new one serves") {
            try await balancer.observe().serving.contains("v\(version)")
          }
          let old = webs.removeFirst()
          try await balancer.carryOut(balancing(port, webs.map(\.server)))
          await old.stop()
        }
        await visitors.stop()
        try await group.waitForAll()
      }
      #expect(await visitors.failures == [])
      #expect(await visitors.successes > 100)
      for web in webs { await web.stop() }
    }
  }

  @Test("frontends come and go, also the last one, and HAProxy answers 503 for one without servers")
  func frontends() async throws {
    try await HAProxy.run { haproxy, balancer in
      let (first, second) = (FreePorts.take(), FreePorts.take())
      let one = try await Web.start("one")
      try await balancer.carryOut(
        Balancing(frontends: [
          Balancing.Frontend(name: "shop_web_1", port: first, servers: [one.server]),
          Balancing.Frontend(name: "shop_web_2", port: second, servers: []),
        ]))
      #expect(try await Visitor.visit(port: first) { try await $0.get("/") }.status == 200)
      #expect(try await Visitor.visit(port: second) { try await $0.get("/") }.status == 503)
      try await balancer.carryOut(Balancing())
      #expect(try await balancer.servers() == [])
      await #expect(throws: (any Error).self) {
        try await Visitor.visit(port: first) { try await $0.get("/") }
      }
      await one.stop()
    }
  }

  @Test(
    "a node without a server of its own hands visitors to another node's, and none to and fro between two such"
  )
  func elsewhere() async throws {
    try await HAProxy.run { _, here in
      try await HAProxy.run { _, there in
        let web = try await Web.start("web")
        let (herePort, therePort) = (FreePorts.take(), FreePorts.take())
        func balancing(_ port: Int, _ servers: [Balancing.Server], elsewhere: Int) -> Balancing {
          let other = Balancing.Server(name: "other", address: "127.0.0.1", port: elsewhere)
          return Balancing(frontends: [
            Balancing.Frontend(name: "shop_web_80", port: port, servers: servers, elsewhere: [other])
          ])
        }
        func status(_ port: Int) async throws -> UInt {
          try await Visitor.visit(port: port) { try await $0.get("/") }.status
        }
        try await here.carryOut(balancing(herePort, [], elsewhere: therePort))
        try await there.carryOut(balancing(therePort, [web.server], elsewhere: herePort))
        #expect(try await status(therePort) == 200)
        try await eventually("the other node's load balancer was seen") { try await status(herePort) == 200 }
        #expect(try await here.observe().serving == [])

        try await there.carryOut(balancing(therePort, [], elsewhere: herePort))
        #expect(try await status(herePort) == 503)
        #expect(try await status(therePort) == 503)
        await web.stop()
      }
    }
  }

  @Test("another node's load balancer that comes later gets the visitors of a node without servers")
  func elsewhereLater() async throws {
    try await HAProxy.run { _, balancer in
      let (web, port) = (try await Web.start("there"), FreePorts.take())
      func status() async throws -> UInt {
        try await Visitor.visit(port: port) { try await $0.get("/") }.status
      }
      var frontend = Balancing.Frontend(name: "shop_web_80", port: port, servers: [])
      try await balancer.carryOut(Balancing(frontends: [frontend]))
      #expect(try await status() == 503)
      frontend.elsewhere = [web.server]
      try await balancer.carryOut(Balancing(frontends: [frontend]))
      try await eventually("the other node was seen") { try await status() == 200 }
      await web.stop()
    }
  }

  @Test("a HAProxy that stopped starts without the port that another program has taken meanwhile")
  func portTakenMeanwhile() async throws {
    try await HAProxy.inFolder { haproxy in
      let (one, port) = (try await Web.start("one"), FreePorts.take())
      let wanted = Balancing(
        frontends: [FreePorts.take(), port].flatMap { balancing($0, [one.server]).frontends })
      try await haproxy.running { try await $0.carryOut(wanted) }

      var other: Web?
      try await eventually("HAProxy's worker has ended with its master") {
        other = try? await Web.start("other", port: wanted.frontends[0].port)
        return other != nil
      }
      await #expect {
        try await haproxy.balancer().carryOut(wanted)
      } throws: {
        if case LoadBalancerError.unreachable = $0 { true } else { false }
      }
      try await haproxy.running { balancer in
        #expect(try await Visitor.visit(port: port) { try await $0.get("/") }.server == "one")
        await #expect(throws: LoadBalancerError.portsTaken([wanted.frontends[0].port])) {
          try await balancer.carryOut(wanted)
        }
        await other?.stop()
        try await balancer.carryOut(wanted)
      }
      await one.stop()
    }
  }

  @Test("a port that another program has is told, and all else is balanced")
  func portInUse() async throws {
    try await HAProxy.run { haproxy, balancer in
      let (one, port) = (try await Web.start("one"), FreePorts.take())
      try await balancer.carryOut(balancing(port, [one.server]))
      let before = try haproxy.text()
      let taken = balancing(one.server.port, [one.server])
      let both = Balancing(frontends: taken.frontends + balancing(port, [one.server]).frontends)
      #expect(both.frontends.count == 2)
      // Again and again, until the port is free.
      for driver in [balancer, balancer, haproxy.balancer()] {
        await #expect(throws: LoadBalancerError.portsTaken([one.server.port])) {
          try await driver.carryOut(both)
        }
        #expect(try haproxy.text() == before)
        #expect(try await Visitor.visit(port: port) { try await $0.get("/") }.status == 200)
      }
      // Other frontends come and go meanwhile.
      let next = FreePorts.take()
      let other = Balancing(frontends: taken.frontends + balancing(next, [one.server]).frontends)
      await #expect(throws: LoadBalancerError.portsTaken([one.server.port])) {
        try await balancer.carryOut(other)
      }
      #expect(try await Visitor.visit(port: next) { try await $0.get("/") }.status == 200)
      // Without what cannot be opened all is well.
      try await balancer.carryOut(balancing(next, [one.server]))
      await one.stop()
    }
  }

  @Test("a text that HAProxy does not take never reaches its file")
  func refusedFile() async throws {
    try await HAProxy.run { haproxy, _ in
      let before = try haproxy.text()
      var configuration = haproxy.configuration
      configuration.bind = "not an address"
      let balancer = LoadBalancer(
        configuration: configuration, group: MultiThreadedEventLoopGroup.singleton,
        logger: .init(label: "test"))
      await #expect {
        try await balancer.carryOut(balancing(8080, []))
      } throws: {
        if case LoadBalancerError.fileRefused(_, let output) = $0 { output.contains("bind") } else { false }
      }
      #expect(try haproxy.text() == before)
      let files = try FileManager.default.contentsOfDirectory(atPath: haproxy.folder.path)
      #expect(!files.contains("haproxy.cfg.new"))
    }
  }

  @Test("a HAProxy that does not run, and a program that is missing, are told apart")
  func missing() async throws {
    var configuration = LoadBalancer.Configuration(
      file: "/nowhere/haproxy.cfg", masterSocket: "/nowhere/master", adminSocket: "/nowhere/admin")
    func balancer() -> LoadBalancer {
      LoadBalancer(
        configuration: configuration, group: MultiThreadedEventLoopGroup.singleton,
        logger: .init(label: "test"))
    }
    await #expect { try await balancer().observe() } throws: {
      "\($0)".hasPrefix("HAProxy cannot be reached at /nowhere/admin")
    }
    await #expect { try await balancer().carryOut(Balancing()) } throws: {
      "\($0)".hasPrefix("cannot write /nowhere/haproxy.cfg")
    }
    configuration.file = FileManager.default.temporaryDirectory.appending(path: "haproxy-\(UUID())").path
    configuration.program = "/nowhere/haproxy"
    await #expect { try await balancer().carryOut(Balancing()) } throws: {
      "\($0)".contains("install haproxy")
    }
    #expect(!FileManager.default.fileExists(atPath: configuration.file))
  }

  private func balancing(_ port: Int, _ servers: [Balancing.Server]) -> Balancing {
    Balancing(frontends: [Balancing.Frontend(name: "shop_web_\(port)", port: port, servers: servers)])
  }
}

/// Several visitors that ask on and on, each on its own connection.
private actor Visitors {
  private let port: Int
  private var isStopped = false
  private(set) var failures: [String] = []
  private(set) var successes = 0

  init(port: Int) { self.port = port }

  nonisolated func run() async throws {
    while await !isStopped {
      do {
        let statuses = try await Visitor.visit(port: port) { visit in
          var statuses: [UInt] = []
          for _ in 0..<20 { statuses.append(try await visit.get("/").status) }
          return statuses
        }
        for status in statuses { await count(status) }
      } catch {
        await fail("\(error)")
      }
    }
  }

  private func fail(_ reason: String) { failures.append(reason) }

  func stop() { isStopped = true }

  private func count(_ status: UInt) {
    if status == 200 { successes += 1 } else { failures.append("\(status)") }
  }
}

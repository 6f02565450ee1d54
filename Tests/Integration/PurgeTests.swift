import Foundation
import Testing

/// What a command that does not wait prints.
private struct Accepted: Decodable {
  var index: UInt64
}

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

    @Test("a cache whose zone was cut off is purged in the log's order when it is back, each page once")
    func orderAfterCut() async throws {
      try await Cluster.whole()
      let count = 2_500
      try await Lab.run("cut", "b")
      let answers: Finished
      do {
        try await eventually("the cluster purges without zone b", within: .seconds(15)) {
          try await Cluster.tercet("purge", "--no-wait", "/order").status == 0
        }
        answers = try await Lab.attempt(
          in: .a,
          [
            "bash", "-c",
            """
            exec 3<>/dev/tcp/\(Lab.Zone.a.address)/7480
            for page in $(seq 0 \(count - 1)); do printf "PURGE /order/$page HTTP/1.1\\r\\nHost: one\\r\\n\\r\\n"; done >&3 &
            grep -a --line-buffered -m \(count) -c 'HTTP/1.1 200' <&3
            """,
          ])
      } catch {
        try await Lab.run("heal")
        throw error
      }
      try await Lab.run("heal")
      #expect(answers.lines == ["\(count)"], "all were acknowledged: \(answers.errors)")

      #expect(try await Cluster.whole().caches.allSatisfy { $0.lag == 0 })
      // What Varnish itself wrote down, the second passes left out: those come when no fetch is under way.
      let query = #"ReqMethod eq "PURGE" and ReqURL ~ "^/order/" and not ReqHeader:X-Tercet-Settle"#
      let log = try await Lab.exec(
        in: .b, "varnishlog", "-d", "-g", "vxid", "-n", "\(Lab.folder)/b/varnish/work", "-q", query, "-i",
        "ReqURL,Timestamp")
      // The addresses of one request follow one another by restarts; what each purges is its last. Those that were not
      // answered at once are purged again, and count where they came first.
      var (purged, known, last) = ([String](), Set<String>(), "")
      for words in log.lines.map({ $0.split(separator: " ") }) where words.count > 2 {
        if words[1] == "ReqURL" { last = String(words[2]) }
        let isDone = words[1] == "Timestamp" && ["Resp:", "Restart:"].contains(words[2])
        if isDone, known.insert(last).inserted { purged.append(last) }
      }
      let firstWrong = zip(purged, 0...).first { $0 != "/order/\($1)" }
      #expect(purged.count == count && firstWrong == nil, "\(purged.count), \(firstWrong ?? ("", count))")
    }

    @Test("a Varnish that was cut off during purges has none of the pages left when it is back")
    func purgeWhileCutOff() async throws {
      try await Cluster.whole()
      for zone in Lab.Zone.data {
        try await Shop.cache(at: zone)
      }
      try await Lab.run("cut", "b")
      var index = UInt64.max
      try await eventually("the cluster purges without zone b", within: .seconds(15)) {
        let purged = try await Cluster.tercet("purge", "--no-wait", "--json", Shop.address)
        guard purged.status == 0 else { return false }
        index = try JSONDecoder().decode(Accepted.self, from: Data(purged.output.utf8)).index
        return true
      }
      try await Lab.run("heal")

      let status = try await Cluster.whole()
      // Zone b itself may have answered, before it has heard of the purge.
      try await eventually("the caches have come to the purge", within: .seconds(15)) {
        try await Cluster.status().caches.allSatisfy { $0.position >= index }
      }
      let page = try await Shop.page(at: .b)
      #expect(page.isMiss, "\(page), \(status.caches)")
    }
  }
}

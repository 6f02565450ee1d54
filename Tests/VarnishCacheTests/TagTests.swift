import Cluster
import NIOHTTP1
import Testing
import VarnishCache

@Suite("Tags, bans and fetches under way in a real Varnish", .serialized, .timeLimit(.minutes(2)))
struct TagTests {
  static let pages =
    [
      ("/1", ["X-Tag-xkey": "one both"]),
      ("/2", ["X-Tag-xkey": "two", "X-Tag-X-Ids-Involved": "#u1##both#"]),
      ("/3", ["X-Tag-X-Ids-Involved": "#u2#"]), ("/4", HTTPHeaders()),
    ] as [(String, HTTPHeaders)]

  @Test(
    "pages are purged by their tags, whoever wrote them; without xkey they are banned",
    arguments: [true, false])
  func keys(hasKeys: Bool) async throws {
    try await Varnish.run(hasKeys: hasKeys) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let many = (0..<2_000).map { "key-\($0)-of-many-more" } + ["u1"]
        let cases: [(keys: [String], gone: [String])] = [
          (["both"], ["/1", "/2"]), (["u2", "one"], ["/1", "/3"]), (many, ["/2"]),
          // A tag is no pattern and no part.
          (["o", "u", "bot", ".*"], []),
        ]
        for (keys, gone) in cases {
          let misses = try await Self.misses(&visit, cache, after: keys)
          #expect(misses == gone, "\(keys.suffix(4))")
        }
      }
      await cache.close()
    }
  }

  /// The pages, all cached before, that are fetched anew after a purge of keys.
  private static func misses(
    _ visit: inout Visitor.Visit, _ cache: VarnishCache, after keys: [String]
  ) async throws -> [String] {
    for (page, tags) in pages { _ = try await visit.request(page, host: "one", headers: tags) }
    try await cache.carryOut(.purge(keys.map { .key(name: $0, soft: false) }, through: 1))
    var misses: [String] = []
    for (page, tags) in pages {
      let answer = try await visit.request(page, host: "one", headers: tags)
      if answer.headers["X-Cache"] != ["HIT"] { misses.append(page) }
      #expect(answer.headers["xkey"].isEmpty && answer.headers["X-Ids-Involved"].isEmpty)
    }
    return misses
  }

  @Test(
    "keys that Varnish refuses are banned, and hold up no other purge",
    arguments: [
      // The site's own rules; a Varnish with little room, which answers 400 or hangs up.
      (
        #"sub vcl_recv { if (req.http.xkey-purge ~ "odd" || req.http.xkey-softpurge ~ "odd") { return (synth(403)); } }"#,
        []
      ),
      ("", ["http_req_hdr_len=150b"]), ("", ["http_req_size=256b"]),
    ] as [(String, [String])])
  func refusedKeys(site: String, parameters: [String]) async throws {
    let odd = "odd-" + String(repeating: "x", count: 190)
    try await Varnish.run(before: site, parameters: parameters) { varnish, _ in
      let cache = varnish.client()
      for soft in [false, true] {
        try await cache.flush()
        try await Visitor.visit(port: varnish.publicPort) { visit in
          let pages = [("/1", odd), ("/2", "good"), ("/3", "other"), ("/4", "")]
          for (page, tag) in pages {
            // Longer than this Varnish takes of a request: the origin puts the tag together.
            let tags: HTTPHeaders = tag == odd ? ["X-Tag-Long": "odd-"] : ["X-Tag-xkey": tag]
            _ = try await visit.request(page, host: "one", headers: tags)
          }
          let refused = [odd, odd + "yz"].map { Purge.key(name: $0, soft: soft) }
          let others = [Purge.key(name: "good", soft: soft), .address(host: "one", path: "/4")]
          try await cache.carryOut(.purge(refused + others, through: 1))
          try await cache.carryOut(.purge(refused, through: 2))
          #expect(try await !visit.hits("/1", host: "one"))
          #expect(try await !visit.hits("/2", host: "one"))
          #expect(try await visit.hits("/3", host: "one"))
          #expect(try await !visit.hits("/4", host: "one"))
        }
      }
      await cache.close()
    }
  }

  @Test("softly purged pages are served for their grace, while they are fetched anew")
  func softKeys() async throws {
    try await Varnish.run { varnish, origin in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let tags: HTTPHeaders = ["X-Tag-xkey": "k"]
        _ = try await visit.request("/", host: "one", headers: tags)
        origin.edit()
        try await cache.carryOut(.purge([.key(name: "k", soft: true)], through: 1))
        #expect(try await visit.request("/", host: "one", headers: tags).headers["X-Edition"] == ["1"])
        try await eventually("the new edition is there") {
          try await visit.request("/", host: "one", headers: tags).headers["X-Edition"] == ["2"]
        }
      }
      await cache.close()
    }
  }

  @Test(
    "a page whose fetch began before its purge and ended after it does not stay, in any variant",
    arguments: [["1"], ["1", "2"]])
  func fetchUnderWay(variants: [String]) async throws {
    try await Varnish.run { varnish, origin in
      let cache = varnish.client()
      // So that Varnish knows how the page varies, and fetches its variants at the same time.
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/page", host: "one", variant: "0")
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for variant in variants {
          group.addTask {
            try await Visitor.visit(port: varnish.publicPort) { visit in
              let answer = try await visit.request(
                "/page", host: "one", variant: variant, headers: ["X-Hold": "1"])
              #expect(answer.headers["X-Edition"] == ["1"], "it was asked for before the edit")
            }
          }
        }
        try await eventually("the fetches are under way") { origin.heldCount == variants.count }
        origin.edit()
        try await cache.carryOut(.purge([.address(host: "one", path: "/page")], through: 7))
        // A slow page holds up neither this purge nor the next.
        try await cache.carryOut(.purge([.address(host: "one", path: "/other")], through: 8))
        #expect(await cache.observe().settledThrough == 0)
        origin.release()
        try await group.waitForAll()
      }
      try await eventually("nothing is left to be done a second time") {
        await cache.observe().settledThrough == 8
      }
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for variant in variants {
          try await eventually("the old edition of variant \(variant) is gone") {
            try await visit.request("/page", host: "one", variant: variant).headers["X-Edition"] == ["2"]
          }
        }
      }
      await cache.close()
    }
  }

  @Test("what bans and tags miss because it is being fetched goes when they are repeated")
  func repetition() async throws {
    try await Varnish.run { varnish, origin in
      var configuration = varnish.configuration
      configuration.repetitionMilliseconds = 300
      let cache = makeClient(configuration)
      let purges = [
        Purge.address(host: nil, path: "/1"), .ban(expression: "req.url ~ ^/2$"),
        .key(name: "k", soft: false),
      ]
      let pages = [("/1", HTTPHeaders()), ("/2", HTTPHeaders()), ("/3", ["X-Tag-xkey": "k"] as HTTPHeaders)]
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (page, tags) in pages {
          group.addTask {
            try await Visitor.visit(port: varnish.publicPort) { visit in
              var headers = tags
              headers.add(name: "X-Hold", value: "1")
              _ = try await visit.request(page, host: "one", headers: headers)
            }
          }
        }
        try await eventually("the fetches are under way") { origin.heldCount == 3 }
        origin.edit()
        try await cache.carryOut(.purge(purges, through: 1))
        #expect(await cache.observe().settledThrough == 0)
        origin.release()
        try await group.waitForAll()
      }
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for (page, tags) in pages {
          try await eventually("the old edition of \(page) is gone") {
            try await visit.request(page, host: "one", headers: tags).headers["X-Edition"] == ["2"]
          }
        }
      }
      try await eventually("nothing is left to be repeated") { await cache.observe().settledThrough == 1 }
      try await cache.carryOut(.flush(through: 2))
      #expect(await cache.observe().settledThrough == 0, "a flush stands for all that was before it")
      try await eventually("it is repeated, too") { await cache.observe().settledThrough == 2 }
      await cache.close()
    }
  }

  @Test("every kind of ban that is let into the log is one that Varnish takes")
  func bans() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      for field in ["obj.http.x-url", "obj.http.X_y-1"] {
        for comparison in ["==", "!=", "~", "!~"] {
          try await cache.ban("\(field) \(comparison) ^/a(b|[c-e])+$")
        }
      }
      for comparison in ["==", "!="] { try await cache.ban("obj.status \(comparison) 404") }
      for field in ["obj.age", "obj.ttl", "obj.grace", "obj.keep"] {
        for comparison in ["<", "<=", ">", ">=", "==", "!="] {
          try await cache.ban("\(field) \(comparison) 5s && req.url ~ ^/x && req.http.host == e.org")
        }
      }
      for duration in ["1.5m", "2h", "10ms", "1d", "1w", "1y"] {
        try await cache.ban("obj.age > \(duration)")
      }
      await cache.close()
    }
  }

  @Test("a cache without an address for purges is driven by its command line alone")
  func commandLineAlone() async throws {
    try await Varnish.run { varnish, _ in
      var configuration = varnish.configuration
      configuration.purges = nil
      let cache = makeClient(configuration)
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let pages = ["/a.b", "/a(b)?x=[1]", "/q\"'\\", "/ä"]
        for page in pages + ["/axb", "/kept"] { _ = try await visit.request(page, host: "one") }
        _ = try await visit.request("/a.b", host: "two")
        let purged = pages + (0..<500).map { "/some/other/page/\($0)" }
        try await cache.purge(purged.map { (host: "One", path: $0) })
        #expect(await cache.observe().bans < 40, "few bans for many addresses")
        for page in pages { #expect(try await !visit.hits(page, host: "one"), "\(page)") }
        #expect(try await visit.hits("/axb", host: "one"), "a dot is a dot")
        #expect(try await visit.hits("/kept", host: "one"))
        #expect(try await visit.hits("/a.b", host: "two"))
      }
      await cache.close()
    }
  }

  @Test("what Varnish counts is told with what is seen of it")
  func counts() async throws {
    try await Varnish.run { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for _ in 1...3 { _ = try await visit.request("/", host: "one") }
      }
      let counts = try #require(await cache.observe().counts)
      #expect(counts.hits == 2 && counts.misses == 1 && counts.objects >= 1)
      await cache.close()
    }
  }
}

import Cluster
import NIOHTTP1
import Testing
import VarnishCache

@Suite("Beside a site's own rules", .serialized, .timeLimit(.minutes(2)))
struct SiteRulesTests {
  /// What the rules of Plone sites in the field do: purges from private networks, their own headers for bans, grace,
  /// cookies left out, and rules at every place that ours have rules at.
  static let site = """
    import std;
    import purge;

    acl purgers { "localhost"; "127.0.0.1"; "10.0.0.0"/8; "172.16.0.0"/12; }

    sub vcl_recv {
      set req.backend_hint = origin;
      if (req.method == "PURGE") {
        if (client.ip !~ purgers) { return (synth(405, "Not allowed.")); }
        return (purge);
      }
      if (req.method == "BAN") {
        if (client.ip !~ purgers) { return (synth(405, "Not allowed.")); }
        ban("obj.http.x-url ~ " + req.url);
        return (synth(200, "Ban added"));
      }
      if (req.http.Cookie) { unset req.http.Cookie; }
      if (req.url ~ "^/pass") { return (pass); }
      return (hash);
    }

    sub vcl_hit { if (obj.ttl >= 0s) { return (deliver); } }
    sub vcl_miss { return (fetch); }
    sub vcl_pass { set req.http.X-Pass = "1"; }

    sub vcl_backend_response {
      set beresp.grace = 1m;
      if (beresp.http.Set-Cookie) { set beresp.uncacheable = true; }
      return (deliver);
    }

    sub vcl_deliver { set resp.http.X-Site = "1"; return (deliver); }
    sub vcl_synth { set resp.http.X-Site = "1"; return (deliver); }
    """

  @Test("purges work, and the site's own leave to purge from private networks is closed")
  func beside() async throws {
    try await Varnish.run(site: Self.site) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for page in ["/1", "/2", "/3"] {
          let tags: HTTPHeaders = page == "/3" ? ["X-Tag-xkey": "k"] : [:]
          #expect(try await visit.request(page, host: "one", headers: tags).headers["X-Site"] == ["1"])
        }
        for method in [HTTPMethod.PURGE, .RAW(value: "BAN"), .RAW(value: "REFRESH")] {
          #expect(try await visit.request("/1", host: "one", method: method).status == .methodNotAllowed)
        }
        let forged: HTTPHeaders = [
          "X-Forwarded-For": "127.0.0.1", "X-Tercet-Settle": "1", "xkey-purge": "k", "X-Real-IP": "127.0.0.1",
        ]
        let refused = try await visit.request("/1", host: "one", method: .PURGE, headers: forged)
        #expect(refused.status == .methodNotAllowed)
        _ = try await visit.request("/1", host: "one", headers: forged)
        for page in ["/1", "/2", "/3"] { #expect(try await visit.hits(page, host: "one"), "\(page)") }

        try await cache.carryOut(
          .purge([.address(host: "one", path: "/1"), .key(name: "k", soft: false)], through: 1))
        #expect(try await !visit.hits("/1", host: "one"))
        #expect(try await visit.hits("/2", host: "one"))
        #expect(try await !visit.hits("/3", host: "one"))
      }
      await cache.close()
    }
  }

  @Test("a probe tells that Varnish itself is well, and the purging address serves no pages")
  func probe() async throws {
    try await Varnish.run(site: Self.site) { varnish, _ in
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let answer = try await visit.request("/.tercet/varnish", host: "any")
        #expect(answer.status == .ok)
      }
      try await Visitor.visit(port: varnish.purgePort) { visit in
        let answer = try await visit.request("/1", host: "one")
        #expect(answer.status == .forbidden)
      }
    }
  }

  @Test(
    "a page that was asked for with a host in capitals is the page that is purged",
    arguments: ["", "sub vcl_recv { return (hash); }"])
  func capitals(site: String) async throws {
    try await Varnish.run(site: site) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        _ = try await visit.request("/", host: "WWW.Example.ORG")
        #expect(try await visit.hits("/", host: "www.example.org"), "there is one page, not two")
        for host in ["www.example.org", nil] {
          try await cache.purge([(host: host, path: "/")])
          #expect(try await !visit.hits("/", host: "WWW.Example.ORG"), "\(host ?? "any host")")
        }
      }
      await cache.close()
    }
  }
}

import Cluster
import NIOHTTP1
import Testing
import VarnishCache

@Suite("Beside the rules that Plone sites start from", .serialized, .timeLimit(.minutes(2)))
struct PloneRulesTests {
  /// The shape of the rules in Plone's own deployments, in other words: written for VCL 4.0, an access list that is
  /// called `purge`, purges from private networks, the long address for Zope, a mark for the router that stands on both
  /// sides of Varnish, and every step ended early.
  static let site = """
    vcl 4.0;

    import std;

    acl purge { "localhost"; "127.0.0.1"; "10.0.0.0"/8; "172.16.0.0"/12; "192.168.0.0"/16; }

    sub vcl_recv {
      set req.backend_hint = origin;
      set req.http.X-Varnish-Routed = "1";
      if (req.method == "PURGE" || req.method == "BAN") {
        if (!client.ip ~ purge) { return (synth(405, "Not allowed.")); }
        if (req.method == "BAN") { ban("req.url ~ " + req.url); return (synth(200, "Banned.")); }
        return (purge);
      }
      if (req.method != "GET" && req.method != "HEAD") { return (pass); }
      if (req.http.Authorization || req.http.Cookie ~ "__ac=") { return (pass); }
      unset req.http.Cookie;
      if (req.url !~ "^/VirtualHostBase/") {
        set req.url = "/VirtualHostBase/http/" + req.http.host + ":80/Plone/VirtualHostRoot" + req.url;
      }
      return (hash);
    }

    sub vcl_hash {
      hash_data(req.url);
      if (req.http.host) { hash_data(req.http.host); } else { hash_data(server.ip); }
      return (lookup);
    }

    sub vcl_pipe { return (pipe); }
    sub vcl_pass { return (fetch); }
    sub vcl_purge { return (synth(200, "Purged by the site.")); }
    sub vcl_hit { if (obj.ttl + obj.grace > 0s) { return (deliver); } }
    sub vcl_miss { return (fetch); }

    sub vcl_backend_response {
      set beresp.grace = 2m;
      if (beresp.http.Cache-Control ~ "private") { set beresp.uncacheable = true; set beresp.ttl = 2m; }
      return (deliver);
    }

    sub vcl_deliver {
      unset resp.http.X-Varnish;
      return (deliver);
    }
    """

  private static func long(_ path: String) -> String {
    "/VirtualHostBase/http/www.example.org:80/Plone/VirtualHostRoot" + path
  }

  @Test(
    "purges by address, without a host, by tag and by ban work, and the site's own leave to purge is closed")
  func beside() async throws {
    try await Varnish.run(site: Self.site) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        let pages = ["/address", "/any", "/tag", "/ban", "/kept"]
        for page in pages {
          let tags: HTTPHeaders = page == "/tag" ? ["X-Tag-X-Ids-Involved": "#u1#"] : [:]
          _ = try await visit.request(page, host: "WWW.example.org", headers: tags)
        }
        for method in [HTTPMethod.PURGE, .RAW(value: "BAN")] {
          let refused = try await visit.request("/kept", host: "www.example.org", method: method)
          #expect(refused.status == .methodNotAllowed)
        }
        try await cache.carryOut(
          .purge(
            [
              .address(host: "www.example.org", path: Self.long("/address")),
              .address(host: nil, path: Self.long("/any")), .key(name: "u1", soft: false),
              .ban(expression: "req.url ~ /ban$"),
            ], through: 1))
        for page in pages.dropLast() {
          #expect(try await !visit.hits(page, host: "www.example.org"), "\(page)")
        }
        #expect(try await visit.hits("/kept", host: "www.example.org"))
      }
      await cache.close()
    }
  }

  @Test("a page that was being fetched when it was purged does not stay")
  func fetchUnderWay() async throws {
    try await Varnish.run(site: Self.site) { varnish, origin in
      let cache = varnish.client()
      async let fetch = Visitor.visit(port: varnish.publicPort) { visit in
        try await visit.request("/page", host: "www.example.org", headers: ["X-Hold": "1"])
      }
      try await eventually("the fetch is under way") { origin.heldCount == 1 }
      origin.edit()
      try await cache.purge([(host: "www.example.org", path: Self.long("/page"))])
      origin.release()
      #expect(try await fetch.headers["X-Edition"] == ["1"])
      try await Visitor.visit(port: varnish.publicPort) { visit in
        try await eventually("the old edition is gone") {
          try await visit.request("/page", host: "www.example.org").headers["X-Edition"] == ["2"]
        }
      }
      await cache.close()
    }
  }
}

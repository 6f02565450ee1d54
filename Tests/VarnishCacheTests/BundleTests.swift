import Testing
import VarnishCache

@Suite("Purges in bundles", .serialized, .timeLimit(.minutes(2)))
struct BundleTests {
  @Test(
    "every page of a bundle is purged, also where Varnish takes none",
    arguments: [
      ("as shipped", "", []),
      // It knows nothing of bundles, purges the first address, and answers 200.
      (
        "an older tercet.vcl",
        "sub vcl_recv { unset req.http.X-Tercet-More; unset req.http.X-Tercet-At-Once; }", []
      ),
      ("a site that allows no restart", "", ["max_restarts=0"]),
    ] as [(name: String, rules: String, parameters: [String])])
  func whole(site: (name: String, rules: String, parameters: [String])) async throws {
    // Two bundles of one host, one of another.
    let pages =
      (1...7).map { (host: "one", path: "/page/\($0)") } + (1...2).map { (host: "two", path: "/page/\($0)") }
    try await Varnish.run(before: site.rules, parameters: site.parameters) { varnish, _ in
      let cache = varnish.client()
      try await Visitor.visit(port: varnish.publicPort) { visit in
        for (host, path) in pages { _ = try await visit.request(path, host: host) }
        for (host, path) in pages { #expect(try await visit.hits(path, host: host)) }
        try await cache.purge(pages.map { (host: Optional($0.host), path: $0.path) })
        for (host, path) in pages {
          #expect(try await !visit.hits(path, host: host), "\(host)\(path): \(site.name)")
        }
      }
      await cache.close()
    }
  }
}

import Foundation
import Testing

extension ThreeZones {
  @Suite struct CachesInContainers {
    private static let stack = "caches"
    private static let folder = "\(Lab.folder)/caches"

    @Test(
      "the containers of a labelled service are caches, purged with the others; what replaces one is a cache again"
    )
    func labelledService() async throws {
      try await Cluster.whole()
      try await Self.deploy()
      do {
        try await Self.check()
      } catch {
        try await Self.remove()
        throw error
      }
      try await Self.remove()
    }

    private static func check() async throws {
      try await eventually("four caches are through", within: .seconds(20)) { try await isWhole() }
      let address = try await Lab.bash(
        in: .a, "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \(container)"
      ).lines[0]
      try await eventually("the page is in the container's cache", within: .seconds(10)) {
        try await cached(at: address)
      }

      let purged = try await Cluster.tercet("purge", Shop.address, "--wait")

      #expect(purged.status == 0, "\(purged.errors)")
      #expect(try await !cached(at: address))
      #expect(try await cached(at: address), "cached anew")

      let names = try await Cluster.status().caches.map(\.name)
      try await Lab.bash(in: .a, "docker kill \(container) >/dev/null")
      try await eventually("another container took its place as a cache", within: .seconds(20)) {
        let now = try await Cluster.status().caches.map(\.name)
        guard now != names else { return false }
        return try await isWhole()
      }
    }

    private static let container = "$(docker ps --quiet --filter name=\(stack)_varnish)"

    private static func isWhole() async throws -> Bool {
      let caches = try await Cluster.status().caches
      return caches.count == 4 && caches.allSatisfy { $0.reachable && $0.lag == 0 }
    }

    private static func cached(at address: String) async throws -> Bool {
      try await Lab.exec(
        in: .a, "curl", "--silent", "--max-time", "5", "--output", "/dev/null", "--header",
        "Host: \(Shop.host)",
        "--write-out", "%header{x-cache}", "http://\(address):6081\(Shop.path)"
      ).output == "HIT"
    }

    // MARK: The stack

    /// This machine's own Varnish, in containers that see its programs.
    private static func deploy() async throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try """
      vcl 4.1;
      include "/rules/tercet.vcl";
      backend web { .host = "\(Lab.Zone.a.address)"; .port = "8080"; }

      """.write(toFile: "\(folder)/site.vcl", atomically: true, encoding: .utf8)
      try """
      services:
        varnish:
          image: example/varnish:1
          command: ["varnishd", "-F", "-n", "/tmp/varnish", "-f", "/rules/site.vcl", "-a", "public=:6081",
                    "-T", "0.0.0.0:6082", "-S", "/secret", "-s", "malloc,32m", "-j", "none"]
          volumes: ["/usr:/usr:ro", "\(folder):/rules:ro", "\(Lab.folder)/cache-secret:/secret:ro"]
          deploy:
            replicas: 2
            labels: {tercet.cache: "6082"}

      """.write(toFile: "\(folder)/stack.yml", atomically: true, encoding: .utf8)
      for zone in Lab.Zone.data {
        try await Lab.bash(
          in: zone,
          """
          set -e
          root=$(mktemp -d)
          mkdir "$root"/{usr,etc,tmp,rules}
          for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
          cp -a /etc/passwd /etc/group /etc/ld.so.cache /etc/alternatives "$root/etc/"
          tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/sbin:/usr/bin' - example/varnish:1
          rm -rf "$root"
          cp \(Lab.repository)/deploy/varnish/tercet.vcl \(folder)/
          """)
      }
      try await Lab.exec(
        in: .c, "tercet", "deploy", "--stack", stack, "\(folder)/stack.yml", "--timeout", "60s")
    }

    private static func remove() async throws {
      try await Lab.exec(in: .c, "tercet", "remove", stack, "-y")
      try await Cluster.whole()
      try? FileManager.default.removeItem(atPath: folder)
    }
  }
}

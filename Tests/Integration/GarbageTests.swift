import Foundation
import Testing

extension ThreeZones {
  @Suite struct Garbage {
    /// What strangers may send; run in zone c with the target's address in `$address`.
    static let floods = [
      "random bytes": """
      for port in 7443 7444 7480; do
        for round in 1 2 3; do head -c 100000 /dev/urandom >/dev/tcp/$address/$port; done
      done
      """,
      "plain HTTP where TLS is spoken": """
      for port in 7443 7444; do
        printf 'GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >/dev/tcp/$address/$port
      done
      """,
      "TLS without a certificate": """
      curl --insecure --max-time 3 "https://$address:7443/v1/status" && exit 9
      head -c 1000 /dev/urandom | timeout 3 openssl s_client -quiet -connect $address:7444
      """,
      "a certificate of another authority": """
      other=$(mktemp -d)
      tercet bootstrap --output "$other/it" --cluster lab --manager a@a=$address
      curl --insecure --max-time 3 --cert "$other/it/operator/operator.pem" --key "$other/it/operator/operator.key" \\
        "https://$address:7443/v1/status" && exit 9
      head -c 1000 /dev/urandom | timeout 3 openssl s_client -quiet -connect $address:7444 \\
        -cert "$other/it/a/manager.pem" -key "$other/it/a/manager.key"
      rm -r "$other"
      """,
      "a length of 1 GiB, by a manager with a good certificate": """
      { printf '\\x40\\x00\\x00\\x00'; head -c 100000 /dev/zero; sleep 1; } \\
        | timeout 3 openssl s_client -quiet -connect $address:7444 \\
        -cert '\(Lab.folder)/cluster/c/manager.pem' -key '\(Lab.folder)/cluster/c/manager.key'
      """,
      "addresses in Zope's form that are none": """
      for path in /VirtualHostBase/VirtualHostRoot /VirtualHostBase/VirtualHostRoot/x /VirtualHostBase/; do
        printf "PURGE $path HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n" >/dev/tcp/$address/7480
      done
      """,
      "a body of 1 GiB, and headers without end": """
      { printf 'PURGE / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1073741824\\r\\n\\r\\n'
        head -c 1000000 /dev/zero; } >/dev/tcp/$address/7480
      { printf 'PURGE / HTTP/1.1\\r\\nX: '; head -c 1000000 /dev/zero | tr '\\0' x; } >/dev/tcp/$address/7480
      """,
    ]

    @Test("garbage at every port crashes no manager and changes nothing", arguments: floods.keys.sorted())
    func garbage(_ name: String) async throws {
      let before = try await Cluster.whole()
      let managers = try await managerProcesses()
      let containers = try await Shop.containers()

      for zone in Lab.Zone.allCases {
        let script = "exec 2>/dev/null; address=\(zone.address)\n\(Self.floods[name]!)\ntrue"
        let finished = try await Lab.attempt(in: .c, ["bash", "-c", script])
        #expect(finished.status != 9, "zone \(zone) let a stranger in: \(finished.output)")
      }

      let after = try await Cluster.whole(within: .seconds(20))
      #expect(try await managerProcesses() == managers, "the same processes")
      #expect(try await Shop.containers() == containers)
      #expect(after.services.map(\.wanted) == before.services.map(\.wanted))
      #expect(after.databases.map(\.epoch) == before.databases.map(\.epoch))
    }

    /// What somebody in the zone, or a cache or proxy there, may send to a zone's door in `$address`: each prints the
    /// status that it gets.
    static let purges = [
      "an address of 10 MB": (
        "414",
        """
        exec 3<>/dev/tcp/$address/7480
        # It is answered and hung up on before all is sent, which ends whoever sends.
        ( printf 'PURGE /'; head -c 10000000 /dev/zero | tr '\\0' x; printf ' HTTP/1.1\\r\\n\\r\\n') >&3
        head -c 12 <&3 | cut -c 10-12
        """
      ),
      "what a proxy brings, with a forged origin": (
        "403", "status -X PURGE -H 'X-Forwarded-For: 127.0.0.1' http://$address:7480/"
      ),
      "what a cache in front of the door brings": (
        "403",
        """
        front=$(mktemp -d); chmod 755 $front
        varnishd -n $front -a 127.0.0.1:6999 -b $address:7480 -T none >/dev/null
        pid=$(cat $front/_.pid)
        # Gone before the next comes, which listens there too.
        trap 'kill $pid; while kill -0 $pid; do sleep 0.1; done; rm -rf $front' EXIT
        for try in $(seq 50); do
          [[ $(status http://127.0.0.1:6999/healthz) == 000 ]] || break
          sleep 0.1
        done
        status -X PURGE http://127.0.0.1:6999/
        """
      ),
      "a ban that is malformed": ("400", ban("obj.http.x-url ~ [b-a]")),
      "a ban that ends in another command": ("400", ban(#"obj.status == 200\nstop"#)),
      "a ban that no Varnish would survive": ("400", ban("obj.http.x-url ~ ^/(a+)+b")),
      "a ban on requests": ("400", ban("req.http.cookie ~ x")),
    ]

    private static func ban(_ expression: String) -> String {
      "status -X POST -d '{\"bans\": [\"\(expression)\"]}' http://$address:7480/v1/purge"
    }

    @Test("a hostile purge is refused, and changes nothing", arguments: purges.keys.sorted())
    func hostilePurge(_ name: String) async throws {
      try await Cluster.whole()
      let managers = try await managerProcesses()
      for zone in Lab.Zone.data { try await Shop.cache(at: zone) }
      let (status, script) = Self.purges[name]!

      for zone in Lab.Zone.allCases {
        let finished = try await Lab.attempt(
          in: .c,
          [
            "bash", "-c",
            """
            status() { curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$@"; }
            address=\(zone.address)
            \(script)
            """,
          ])
        #expect(finished.lines.last == status, "zone \(zone): \(finished.output) \(finished.errors)")
      }

      for zone in Lab.Zone.data { #expect(try await Shop.page(at: zone).isHit, "zone \(zone)") }
      #expect(try await managerProcesses() == managers)
    }

    @Test(
      "who sends garbage to the door or to the operators' port is told in the log, with address and reason")
    func told() async throws {
      let before = Lab.log(of: .b).count
      // At most one line in ten seconds each: a flood of garbage must not fill the disk.
      try await eventually("both are told", within: .seconds(30)) {
        try await Lab.bash(
          in: .c,
          """
          exec 2>/dev/null
          for port in 7443 7480; do printf 'SSH-2.0-x\\r\\n\\r\\n' >/dev/tcp/\(Lab.Zone.b.address)/$port; done; true
          """)
        let lines = Lab.log(of: .b).dropFirst(before).split(separator: "\n")
        func isTold(_ words: String) -> Bool {
          lines.contains { $0.contains(words) && $0.contains(Lab.Zone.c.address) && $0.contains("reason=") }
        }
        return isTold("what came to the door is no HTTP request")
          && isTold("a connection to the operators' port was refused")
      }
    }

    /// Process number and start of each zone's manager.
    private func managerProcesses() async throws -> [String] {
      var processes: [String] = []
      for zone in Lab.Zone.allCases {
        processes += try await Lab.bash(in: zone, "ps -o pid=,lstart= -C tercetd").lines
      }
      return processes
    }

    @Test("a misspelled key in tercetd.yaml is named with its line, and the daemon does not start")
    func misspelledConfiguration() async throws {
      let original = "\(Lab.folder)/cluster/a/tercetd.yaml"
      let file = "\(Lab.folder)/cluster/a/misspelled.yaml"
      let text = try String(contentsOfFile: original, encoding: .utf8)
      try text.replacing("\ndataFolder:", with: "\ndataFoldr:")
        .write(toFile: file, atomically: true, encoding: .utf8)

      let finished = try await Lab.attempt(in: .a, ["tercetd", "--configuration", file])

      #expect(finished.status == 78)
      let line =
        text.split(separator: "\n", omittingEmptySubsequences: false)
        .firstIndex { $0.hasPrefix("dataFolder:") }! + 1
      #expect(finished.errors.contains("\(file):\(line)"), "\(finished.errors)")
      #expect(finished.errors.contains("dataFoldr"))
    }

    @Test("a stack file that is no YAML is refused with its line, and nothing changes")
    func brokenStackFile() async throws {
      let before = try await Cluster.whole()
      let file = "\(Lab.folder)/broken.yml"
      try "services:\n  web:\n    image: [busybox\n  : :\n".write(
        toFile: file, atomically: true, encoding: .utf8)

      let finished = try await Cluster.tercet("deploy", "--stack", Shop.stack, file)

      #expect(finished.status == 1)
      #expect(finished.errors.contains("\(file):"), "\(finished.errors)")
      let after = try await Cluster.status()
      #expect(after.services.map(\.wanted) == before.services.map(\.wanted))
    }
  }
}

import ClusterAuthority
import Foundation
import ManagerAPI
import Testing
import Yams

@testable import tercet

@Suite("tercet bootstrap")
struct BootstrapTests {
  private static let managers = [
    "--manager", "a@east=10.0.0.1", "--manager", "b@west=fd00::2", "--manager", "c@watch=10.0.0.3",
  ]

  private static func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test("every machine gets a folder with its certificate; keys are their owner's alone")
  func files() async throws {
    try await withFolder { folder in
      let output = "\(folder)/shop"
      let tool = try await CommandLineTool.run(
        ["bootstrap", "--output", output, "--cluster", "shop", "--operator", "ana"] + Self.managers)
      #expect(tool.code == 0)
      #expect(tool.output.contains("10.0.0.3") && tool.output.contains("authority/ off these machines"))
      for key in ["authority/authority.key", "a/manager.key", "operator/operator.key"] {
        #expect(try Self.mode("\(output)/\(key)") == 0o600)
      }
      let pem = try String(contentsOfFile: "\(output)/b/manager.pem", encoding: .utf8)
      guard case .manager(let cluster, 2, "b") = try PeerIdentity(certificatePEM: pem) else {
        Issue.record("the second manager's certificate names another")
        return
      }
      #expect(cluster.wholeMatch(of: #/shop-[0-9a-f]{8}/#) != nil)
      let operatorPEM = try String(contentsOfFile: "\(output)/operator/operator.pem", encoding: .utf8)
      #expect(try PeerIdentity(certificatePEM: operatorPEM) == .operator(cluster: cluster, name: "ana"))
    }
  }

  @Test("the manager's configuration is YAML with all that the daemon has to know")
  func daemonConfiguration() throws {
    let managers = try Self.managers.filter { $0 != "--manager" }.map {
      try #require(ManagerArgument(argument: $0))
    }
    let text = DaemonConfigurationText(
      cluster: "shop-1", manager: managers[1], managers: managers, dataFolder: "/srv/tercet"
    ).text
    let root = try #require(try Yams.load(yaml: text) as? [String: Any])
    #expect(root["cluster"] as? String == "shop-1")
    #expect(root["node"] as? String == "b" && root["zone"] as? String == "west" && root["id"] as? Int == 2)
    #expect(root["address"] as? String == "fd00::2" && root["dataFolder"] as? String == "/srv/tercet")
    #expect(
      root["listen"] as? [String: String] == [
        "operators": "[fd00::2]:7443", "peers": "[fd00::2]:7444", "door": "[fd00::2]:7480",
      ])
    let members = try #require(root["managers"] as? [[String: Any]])
    #expect(members.map { $0["id"] as? Int } == [1, 2, 3])
    #expect(members.map { $0["operators"] as? Int } == [7_443, 7_443, 7_443])
    let door = try #require(root["door"] as? [String: [String]])
    #expect(door["allow"] == ["127.0.0.0/8", "::1/128", "10.0.0.1/32", "fd00::2/128", "10.0.0.3/32"])
  }

  @Test(
    "the examples in a manager's configuration are what its daemon takes, once the marks before them are gone"
  )
  func examples() async throws {
    try await withFolder { folder in
      let output = "\(folder)/shop"
      _ = try await CommandLineTool.run(
        ["bootstrap", "--output", output, "--cluster", "shop"] + Self.managers)
      let file = "\(output)/a/tercetd.yaml"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let examples = text.replacing(#/(?m)^# (?=  |[a-z]+: [{\[]|haproxy:)/#, with: "")
      for key in ["purge", "docker", "postgres", "varnish", "caches", "haproxy", "labels", "timings"] {
        #expect(examples.contains("\n\(key):"), "\(key)")
      }
      try examples.write(toFile: file, atomically: false, encoding: .utf8)
      let daemon = try await CommandLineTool.run(["--check", "--configuration", file], program: "tercetd")
      #expect(daemon.code == 0, "\(daemon.errors)")
    }
  }

  @Test("the operator's folder is what the other commands read")
  func operatorFolder() async throws {
    try await withFolder { folder in
      let output = "\(folder)/shop"
      _ = try await CommandLineTool.run(
        ["bootstrap", "--output", output, "--cluster", "shop"] + Self.managers)
      let configuration = try OperatorHome(path: "\(output)/operator").read()
      #expect(configuration.managers.map(\.name) == ["a", "b", "c"])
      #expect(configuration.managers.map(\.address) == ["10.0.0.1", "fd00::2", "10.0.0.3"])
      #expect(configuration.managers.allSatisfy { $0.port == 7_443 })
    }
  }

  @Test("a folder that is there is left alone, and a failure leaves nothing behind")
  func refusal() async throws {
    try await withFolder { folder in
      let again = try await CommandLineTool.run(
        ["bootstrap", "--output", folder, "--cluster", "shop"] + Self.managers)
      #expect(again.code == 1 && again.errors.contains("is not overwritten"))
      let bad = try await CommandLineTool.run(
        ["bootstrap", "--output", "\(folder)/x", "--cluster", "_shop"] + Self.managers)
      #expect(bad.code == 1 && bad.errors.contains("cannot be the name of a cluster"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
  }

  @Test(
    "a manager that cannot be is a mistake in usage",
    arguments: [
      ["--manager", "a=10.0.0.1"], ["--manager", "a@z"], ["--manager", "a@z=host.example.org"],
      ["--manager", "a@z=10.0.0.256"], ["--manager", "@z=10.0.0.1"], ["--manager", "authority@z=10.0.0.1"],
      ["--manager", "a@z=10.0.0.1", "--manager", "a@y=10.0.0.2"],
      ["--manager", "a@z=10.0.0.1", "--manager", "b@y=10.0.0.1"], [],
    ])
  func usage(managers: [String]) async throws {
    let tool = try await CommandLineTool.run(
      ["bootstrap", "--output", "/nonexistent/x", "--cluster", "shop"] + managers)
    #expect(tool.code == 64, "\(tool.errors)")
  }
}

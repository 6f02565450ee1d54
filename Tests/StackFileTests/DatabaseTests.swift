import Cluster
import Raft
import StackFile
import Testing

@Suite("x-databases")
struct DatabaseTests {
  @Test("a database with all keys")
  func whole() throws {
    let text = """
      x-databases:
        plone-site:
          zones: [b, a]
          port: 5433
          owner: plone
          password: ${DB_PASSWORD}
          parameters: {shared_buffers: 1GB, max_connections: 200, synchronous_commit: remote_apply}
          clients: [10.1.0.0/16, fd00::/8]
          relax_after: never
      """
    let (stack, complaints) = try parse(text, variables: ["DB_PASSWORD": "s3cret"])
    #expect(complaints.isEmpty)
    #expect(
      stack.databases == [
        DatabaseSpecification(
          name: "plone-site", zones: ["b", "a"], port: 5433, owner: "plone", password: "s3cret",
          parameters: settings([
            "max_connections": "200", "shared_buffers": "1GB", "synchronous_commit": "remote_apply",
          ]), clientNetworks: ["10.1.0.0/16", "fd00::/8"], relaxAfter: nil)
      ])
  }

  @Test("a database with its zones alone has the defaults")
  func defaults() throws {
    let (stack, _) = try parse("x-databases: {plone-site: {zones: [a]}}")
    #expect(
      stack.databases == [
        DatabaseSpecification(
          name: "plone-site", zones: ["a"], port: 5432, owner: "plone_site",
          clientNetworks: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
          relaxAfter: .seconds(5))
      ])
  }

  @Test(
    "what cannot be is told at its line",
    arguments: [
      ("port: 1", "x-databases.d: the database has no zones"),
      ("zones: []", "x-databases.d.zones: a database lives in one or two zones, not in 0"),
      ("zones: [a, b, c]", "x-databases.d.zones: a database lives in one or two zones, not in 3"),
      ("zones: [a, a]", "x-databases.d.zones: the two zones are the same"),
      ("zones: [a b]", "x-databases.d.zones: `a b` is no valid name of a zone"),
      ("zones: [a]\nreplicas: 2", "x-databases.d.replicas: unknown key"),
      ("zones: [a]\nport: 70000", "x-databases.d.port: `70000` is no whole number from 1 to 65535"),
      ("zones: [a]\nowner: postgres", "x-databases.d.owner: `postgres` cannot own a database"),
      ("zones: [a]\nclients: [10.0.0.0]", "x-databases.d.clients[0]: `10.0.0.0` is no network in CIDR form"),
      (
        "zones: [a]\nclients: [10.0.0.0/33]",
        "x-databases.d.clients[0]: `10.0.0.0/33` is no network in CIDR form"
      ),
      ("zones: [a]\nrelax_after: 0s", "x-databases.d.relax_after: the primary cannot go on alone at once"),
      (
        "zones: [a]\nrelax_after: soon",
        "x-databases.d.relax_after: `soon` is no duration such as 30s, 1m30s or 500ms"
      ),
    ])
  func mistakes(_ keys: String, _ expected: String) {
    let lines = keys.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    let found = complaints("x-databases:\n  d:\n" + lines)
    #expect(found.map { "\($0.path): \($0.message)" } == [expected])
    #expect(found.first?.line == 2 + lines.split(separator: "\n").count)
  }

  @Test(
    "parameters that replication rests on are refused",
    arguments: [
      "synchronous_standby_names: ''", "primary_conninfo: x", "listen_addresses: '*'", "port: 5",
      "hot_standby: off",
      "wal_level: minimal", "fsync: off", "full_page_writes: off", "synchronous_commit: local",
      "synchronous_commit: off", "recovery_target_time: now", "Shared_Buffers: 1GB", "a-b: c",
      // What a server could do, and no promotion would.
      "wal_level: logical", "fsync: on", "synchronous_commit: true", "max_wal_senders: 20", "ssl: on",
    ])
  func ownedParameters(_ parameter: String) {
    let found = complaints("x-databases: {d: {zones: [a], parameters: {\n  \(parameter)}}}")
    #expect(found.map(\.severity) == [.error] && found.first?.line == 2)
  }

  @Test("two databases of one file cannot have one port")
  func samePort() {
    let found = complaints("x-databases:\n  a: {zones: [a]}\n  b: {zones: [b], port: 5432}")
    #expect(found.map { "\($0.line) \($0.message)" } == ["3 port 5432 belongs to the database `a` already"])
  }
}

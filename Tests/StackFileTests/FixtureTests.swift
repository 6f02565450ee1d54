import Cluster
import Foundation
import Raft
import StackFile
import Testing

@Suite("stack files from the field")
struct FixtureTests {
  private func fixture(_ name: String, variables: [String: String] = [:]) throws -> (Stack, [Complaint]) {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "yml", subdirectory: "Fixtures"))
    return try StackFile.parse(
      bytes: Array(Data(contentsOf: url)), fileName: "\(name).yml", stackName: "site",
      surroundings: StackFile.Surroundings(variables: { variables[$0] }))
  }

  @Test("a Plone stack is read whole")
  func plone() throws {
    let (stack, complaints) = try fixture("plone-classic", variables: ["DB_PASSWORD": "p$w"])
    #expect(stack.services.map(\.name) == ["backend", "db", "purger", "traefik", "varnish"])

    let backend = try #require(stack.services.first { $0.name == "backend" })
    #expect(backend.template.image == "ghcr.io/example/plone-backend:latest")
    #expect(
      backend.template.environment["RELSTORAGE_DSN"]
        == "dbname='plone' user='plone' host='db' password='p$w' port='5432'")
    #expect(backend.mode == .replicated(2))
    #expect(backend.update == UpdatePolicy(delay: .seconds(5), order: .startFirst))
    #expect(backend.rollback == .rollback)
    #expect(backend.labels.count == 8)
    #expect(
      backend.labels["traefik.http.routers.rt-backend-internal.rule"]
        == "Host(`plone.example.com`) && Headers(`X-Varnish-Routed`, `1`)")
    #expect(backend.template.labels.isEmpty)
    #expect(backend.template.networks == ["nw-public", "site_nw-internal"])

    let traefik = try #require(stack.services.first { $0.name == "traefik" })
    #expect(traefik.template.ports == [Port(target: 80, published: 80), Port(target: 443, published: 443)])
    #expect(traefik.template.command?.count == 14)
    #expect(
      traefik.template.mounts == [
        Mount(kind: .bind, source: "/var/run/docker.sock", target: "/var/run/docker.sock", isReadOnly: true),
        Mount(kind: .volume(driverOptions: []), source: "site_vol-traefik-certs", target: "/certificates"),
      ])

    let db = try #require(stack.services.first { $0.name == "db" })
    #expect(db.template.mounts.first?.source == "site_vol-site-data")
    #expect(
      db.template.mounts.first?.kind
        == .volume(driverOptions: settings(["device": "/srv/plone/data", "o": "bind", "type": "none"])))
    #expect(
      complaints.map { "\($0.line):\($0.column) \($0.path)" } == [
        "179:5 networks.nw-internal.internal", "180:13 networks.nw-internal.driver",
      ])
    #expect(complaints.allSatisfy { $0.severity == .warning })
  }

  @Test("Docker's voting app is read without a complaint")
  func votingApp() throws {
    let (stack, complaints) = try fixture("voting-app")
    #expect(complaints.isEmpty)
    #expect(stack.services.map(\.name) == ["db", "redis", "result", "vote", "worker"])
    let vote = try #require(stack.services.first { $0.name == "vote" })
    #expect(vote.mode == .replicated(2))
    #expect(vote.template.ports == [Port(target: 80, published: 8080)])
    #expect(
      stack.services.first { $0.name == "worker" }?.template.networks == ["site_frontend", "site_backend"])
    #expect(stack.services.first { $0.name == "redis" }?.mode == .replicated(1))
    #expect(
      stack.services.first { $0.name == "db" }?.template.mounts == [
        Mount(
          kind: .volume(driverOptions: []), source: "site_db-data", target: "/var/lib/postgresql/data")
      ])
  }
}

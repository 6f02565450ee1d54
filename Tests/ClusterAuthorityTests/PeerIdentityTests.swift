import ClusterAuthority
import Testing

@Suite("who stands behind a certificate")
struct PeerIdentityTests {
  @Test(
    "an identity reads back from its URI",
    arguments: [
      PeerIdentity.manager(cluster: "portal", id: 0, name: "a"),
      .manager(cluster: "portal", id: .max, name: "db1.example.org"),
      .operator(cluster: "portal-2", name: "jane_doe"),
    ])
  func roundTrip(identity: PeerIdentity) throws {
    #expect(try PeerIdentity(uri: identity.uri) == identity)
  }

  @Test(
    "a URI that is not exactly one of the two forms is refused",
    arguments: [
      "", "tercet://", "tercet://c", "tercet://c/manager/1", "tercet://c/manager/1/a/b",
      "tercet://c/manager//a",
      "tercet://c/manager/01/a", "tercet://c/manager/+1/a", "tercet://c/manager/-1/a",
      "tercet://c/manager/x/a",
      "tercet://c/manager/18446744073709551616/a", "tercet://c/operator/", "tercet://c/operator/a/b",
      "tercet:///operator/a", "tercet://c/leader/a", "https://c/operator/a", "tercet://c/operator/a%2fb",
      "Tercet://c/operator/a",
    ])
  func refused(uri: String) {
    #expect(throws: AuthorityError.self) { try PeerIdentity(uri: uri) }
  }

  @Test("an authority's own certificate names nobody")
  func authorityIsNobody() throws {
    let authority = try Authority.create(cluster: "one")
    let error = #expect(throws: AuthorityError.self) {
      try PeerIdentity(certificatePEM: try authority.certificatePEM)
    }
    #expect("\(try #require(error))".contains("0 names"))
  }

  @Test("bytes that are no certificate are refused")
  func garbage() {
    #expect(throws: AuthorityError.self) { try PeerIdentity(certificateDER: [0x30, 0x80, 0xff]) }
    #expect(throws: AuthorityError.self) { try PeerIdentity(certificateDER: []) }
  }
}

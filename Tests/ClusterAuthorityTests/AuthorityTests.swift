import ClusterAuthority
import FoundationEssentials
import SwiftASN1
import Testing
import X509

@Suite("the cluster's authority")
struct AuthorityTests {
  @Test("an authority reads back from its PEM, and what it then issues names its cluster")
  func roundTrip() throws {
    let made = try Authority.create(cluster: "portal")
    let read = try Authority(certificatePEM: made.certificatePEM, keyPEM: made.keyPEM)
    #expect(read.cluster == "portal")
    let credentials = try read.issueOperator(name: "jane.doe")
    #expect(try credentials.identity == .operator(cluster: "portal", name: "jane.doe"))
    #expect(try credentials.authorityPEM == made.certificatePEM)
  }

  @Test("a manager's certificate names it by name, cluster name, addresses and identity")
  func managerNames() throws {
    let authority = try Authority.create(cluster: "portal")
    let credentials = try authority.issueManager(
      name: "zone-a", id: 1, addresses: ["10.0.0.1", "fd00::1", "a.example.org", "zone-a"])
    let certificate = try Certificate(pemEncoded: credentials.certificatePEM)
    let names = try #require(try certificate.extensions.subjectAlternativeNames)
    #expect(
      Array(names) == [
        .dnsName("zone-a"), .dnsName("zone-a.portal.tercet"),
        .ipAddress(ASN1OctetString(contentBytes: [10, 0, 0, 1])),
        .ipAddress(ASN1OctetString(contentBytes: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        .dnsName("a.example.org"),
        .uniformResourceIdentifier("tercet://portal/manager/1/zone-a"),
      ])
    #expect(try credentials.identity == .manager(cluster: "portal", id: 1, name: "zone-a"))
  }

  @Test("a certificate never outlives its authority")
  func validityIsClamped() throws {
    let authority = try Authority.create(cluster: "portal")
    let root = try Certificate(pemEncoded: authority.certificatePEM)
    let credentials = try authority.issueOperator(name: "jane", validity: .years(90))
    let leaf = try Certificate(pemEncoded: credentials.certificatePEM)
    #expect(leaf.notValidAfter == root.notValidAfter)
    let week = try Certificate(
      pemEncoded: authority.issueOperator(name: "jane", validity: .days(7)).certificatePEM)
    let remaining = week.notValidAfter.timeIntervalSince(Date())
    // Certificates carry whole seconds.
    #expect(abs(remaining - 7 * 86_400) < 60)
  }

  @Test("an authority's certificate and another's key are refused together")
  func foreignKey() throws {
    let one = try Authority.create(cluster: "one")
    let other = try Authority.create(cluster: "other")
    #expect(throws: AuthorityError.keyDoesNotMatch) {
      try Authority(certificatePEM: one.certificatePEM, keyPEM: other.keyPEM)
    }
  }

  @Test(
    "text that is not PEM of the right kind is refused with what it should have been",
    arguments: ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
  func unreadable(text: String) throws {
    let authority = try Authority.create(cluster: "one")
    let badCertificate = #expect(throws: AuthorityError.self) {
      try Authority(certificatePEM: text, keyPEM: authority.keyPEM)
    }
    #expect("\(try #require(badCertificate))".contains("authority's certificate"))
    let badKey = #expect(throws: AuthorityError.self) {
      try Authority(certificatePEM: authority.certificatePEM, keyPEM: text)
    }
    #expect("\(try #require(badKey))".contains("authority's key"))
  }

  @Test("a manager's certificate is not taken for an authority")
  func leafIsNoAuthority() throws {
    let leaf = try Authority.create(cluster: "one").issueManager(name: "a", id: 1, addresses: [])
    #expect(throws: AuthorityError.self) {
      try Authority(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM)
    }
  }

  @Test(
    "names that could not stand in a certificate or would read ambiguously are refused",
    arguments: [
      "", "-a", "a-", "a--b", "a/b", "a b", "ä", "a\n", String(repeating: "a", count: 49), "a..b", "../a",
    ])
  func badNames(name: String) throws {
    let authority = try Authority.create(cluster: "one")
    #expect(throws: AuthorityError.self) { try Authority.create(cluster: name) }
    #expect(throws: AuthorityError.self) { try authority.issueManager(name: name, id: 1, addresses: []) }
    #expect(throws: AuthorityError.self) { try authority.issueOperator(name: name) }
  }

  @Test(
    "an address that is neither an IP address nor a DNS name is refused",
    arguments: ["", "10.0.0", "10.0.0.256", "a b", "-x", "http://a", "a:7444", "x_y"])
  func badAddresses(address: String) throws {
    let authority = try Authority.create(cluster: "one")
    #expect(throws: AuthorityError.badAddress(address)) {
      try authority.issueManager(name: "a", id: 1, addresses: [address])
    }
  }

  @Test("credentials never print their key")
  func credentialsAreRedacted() throws {
    let credentials = try Authority.create(cluster: "one").issueOperator(name: "jane")
    #expect("\(credentials)" == "credentials of tercet://one/operator/jane")
    #expect(String(reflecting: credentials) == "\(credentials)")
  }
}

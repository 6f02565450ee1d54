import ClusterAuthority
import Foundation
import Testing

@Suite("Credentials that belong together")
struct CredentialsTests {
  private static func issue(_ authority: Authority) throws -> Credentials {
    try authority.issueManager(name: "a", id: 1, addresses: ["10.0.0.1"])
  }

  private static func misfit(authority: String, certificate: String, key: String) -> Credentials.Part? {
    Credentials(authorityPEM: authority, certificatePEM: certificate, keyPEM: key).misfit()?.part
  }

  @Test("the part that does not fit the others is told")
  func misfits() throws {
    let (one, other) = (try Authority.create(cluster: "shop"), try Authority.create(cluster: "shop"))
    let (own, second, foreign) = (try Self.issue(one), try Self.issue(one), try Self.issue(other))
    func misfit(
      _ authority: String? = nil, certificate: String? = nil, key: String? = nil
    ) -> Credentials.Part? {
      Self.misfit(
        authority: authority ?? own.authorityPEM, certificate: certificate ?? own.certificatePEM,
        key: key ?? own.keyPEM)
    }
    #expect(misfit() == nil)
    #expect(misfit(key: second.keyPEM) == .key)
    #expect(misfit(foreign.authorityPEM) == .authority)
    #expect(misfit(foreign.authorityPEM + own.authorityPEM) == nil, "one of several is enough")
    for text in ["", "no PEM", own.keyPEM] {
      #expect(misfit(text) == .authority)
      #expect(misfit(certificate: text) == .certificate)
    }
    for text in ["", "no PEM", own.certificatePEM] { #expect(misfit(key: text) == .key) }
  }

  @Test("a certificate that is not valid yet or no longer is told, with its days")
  func expiry() throws {
    let own = try Self.issue(try Authority.create(cluster: "shop"))
    let day: TimeInterval = 86_400
    #expect(own.expiry() == nil)
    for moment in [Date().addingTimeInterval(-400 * day), Date().addingTimeInterval(11 * 365 * day)] {
      let expiry = try #require(own.expiry(at: moment))
      #expect(expiry.part == .certificate)
      #expect("\(expiry.reason)".hasPrefix("it is valid from "))
    }
    #expect(Credentials(authorityPEM: "", certificatePEM: "", keyPEM: "").expiry() == nil)
  }
}

import ManagerAPI
import NIOCore
import Testing

@Suite("Networks in CIDR form")
struct NetworkListTests {
  @Test(
    "an address is let in when one of the networks holds it",
    arguments: [
      (["10.0.0.0/8"], "10.255.1.2", true),
      (["10.0.0.0/8"], "11.0.0.1", false),
      (["10.1.2.0/23"], "10.1.3.255", true),
      (["10.1.2.0/23"], "10.1.4.0", false),
      (["10.0.0.4"], "10.0.0.4", true),
      (["10.0.0.4/32"], "10.0.0.5", false),
      (["0.0.0.0/0"], "192.0.2.1", true),
      (["0.0.0.0/0"], "::1", false),
      (["fd00::/8"], "fdab::1", true),
      (["fd00::/8"], "fe80::1", false),
      (["::1/128"], "::1", true),
      (["2001:db8::/33"], "2001:db8:7fff::1", true),
      (["2001:db8::/33"], "2001:db8:8000::1", false),
      (["192.0.2.0/24", "fd00::/8"], "fd00::1", true),
      ([], "127.0.0.1", false),
    ])
  func membership(networks: [String], address: String, isAllowed: Bool) throws {
    let list = try NetworkList(parsing: networks)
    #expect(list.allows(try SocketAddress(ipAddress: address, port: 1)) == isAllowed)
  }

  @Test("an IPv4 client of a socket that listens on both is known by its IPv4 address")
  func mappedAddress() throws {
    let list = try NetworkList(parsing: ["10.0.0.0/8"])
    #expect(list.allows(try SocketAddress(ipAddress: "::ffff:10.1.2.3", port: 1)))
    #expect(!list.allows(try SocketAddress(ipAddress: "::ffff:11.1.2.3", port: 1)))
  }

  @Test(
    "what is no network is refused with the reason",
    arguments: [
      ("", "no IP address"), ("example.org", "no IP address"), ("10.0.0/8", "no IP address"),
      ("10.0.0.0/33", "0 to 32"), ("10.0.0.0/", "0 to 32"), ("10.0.0.0/-1", "0 to 32"),
      ("10.0.0.0/+8", "0 to 32"), ("fd00::/129", "0 to 128"), ("10.0.0.1/8", "beyond the prefix"),
      ("fd00::1/64", "beyond the prefix"), ("10.0.0.0/8/9", "0 to 32"),
    ])
  func refusal(text: String, reason: String) {
    let error = #expect(throws: NetworkError.self) { try Network(text) }
    #expect(error?.reason.contains(reason) == true)
  }
}

import Testing
import VarnishCache

@Suite("What is said to Varnish")
struct CommandLineTests {
  @Test("every byte beyond plain ASCII is escaped for the command line")
  func quoting() {
    #expect(quoted("/ä\"\\\n\u{7F}~") == #""/\303\244\"\\\012\177~""#)
  }

  @Test("a challenge is answered as in Varnish's own example (man varnish-cli)")
  func authentication() {
    let digest = authenticationDigest(
      challenge: Array("ixslvvxrgkjptxmcgnnsdxsvdmvfympg".utf8), secret: Array("foo\n".utf8))
    #expect(digest == "455ce847f0073c7ab3b1465f74507b75d3dc064c1e7de3b71e00de9092fdc89a")
  }

  @Test(
    "an address is a host and a port",
    arguments: [
      ("127.0.0.1:6082", Endpoint(host: "127.0.0.1", port: 6082)),
      ("[::1]:80", Endpoint(host: "::1", port: 80)),
      ("varnish:6081", Endpoint(host: "varnish", port: 6081)), ("6082", nil), (":6082", nil), ("a:0", nil),
      ("a:65536", nil), ("a:x", nil), ("", nil),
    ])
  func endpoints(text: String, endpoint: Endpoint?) {
    #expect(Endpoint(text) == endpoint)
    if let endpoint { #expect(endpoint.description == text) }
  }
}

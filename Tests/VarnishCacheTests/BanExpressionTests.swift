import Testing
import VarnishCache

@Suite("Ban expressions")
struct BanExpressionTests {
  @Test(
    "an expression is read with its quotes and written in one form",
    arguments: [
      ("obj.status == 200", #"obj.status == "200""#),
      (#"obj.http.x-url ~ "^/news""#, #"obj.http.x-url ~ "^/news""#),
      (#"  req.url   !~ \.png$  "#, #"req.url !~ "\\.png$""#),
      (#"obj.http.x-url == "/a\"b\\c""#, #"obj.http.x-url == "/a\"b\\c""#),
      (#"obj.http.x-url ~ "\.css$""#, #"obj.http.x-url ~ "\\.css$""#),
      (
        "obj.age > 1h && obj.http.x-host == example.org",
        #"obj.age > "1h" && obj.http.x-host == "example.org""#
      ),
    ])
  func accepted(text: String, written: String) throws {
    #expect(try BanExpression(parsing: text).description == written)
  }

  @Test(
    "nothing that could reach beyond its own command is taken",
    arguments: [
      "", "obj.status", "obj.status ==", "obj.status == 200 &&", "obj.status == 200 || obj.status == 201",
      "obj.status == 200\nstop", "obj.status == \"200\nstop\"", "obj.status << EOF", "obj.http.x << \"EOF\"",
      "obj.status == \"200", "status == 200", "obj.http.x-url == \"/a b\"", "obj.http.x-url == \"\"",
      "obj.http.x-url == \u{0}", "vcl.load == x", "obj.a == b obj.c == d",
    ])
  func refused(text: String) {
    #expect(throws: VarnishError.self) { try BanExpression(parsing: text) }
  }

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

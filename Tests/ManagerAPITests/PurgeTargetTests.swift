import Cluster
import ManagerAPI
import Testing

@Suite("What a PURGE names")
struct PurgeTargetTests {
  private static func names() -> DoorNames {
    var names = DoorNames(["a", "10.0.0.11", "localhost", "Purger"], port: 7_480)
    names.local = "10.0.0.12"
    return names
  }

  @Test(
    "path and query are kept byte for byte",
    arguments: [
      "/", "/news?b_start:int=10&x=%20", "/++api++/news/@navigation", "//double", "/a/../b", "/%2F%zz",
      "/VirtualHostBase/https", "/VirtualHostRoot/x", "/VirtualHostBase/VirtualHostRoot",
      "/VirtualHostBase/VirtualHostRoot/x", "/@@purgebyid/", "/ä?ö",
    ])
  func path(target: String) throws {
    let purge = try PurgeTarget.purges(target: target, host: "www.example.org", names: Self.names())
    #expect(purge == [.address(host: "www.example.org", path: target)])
    guard case .address(_, let path)? = purge.first else { return }
    #expect(Array(path.utf8) == Array(target.utf8))
  }

  @Test(
    "a Host that names the door itself says nothing about the site",
    arguments: [
      ("a", nil), ("A", nil), ("10.0.0.11", nil), ("10.0.0.12", nil), ("localhost:80", nil), ("purger", nil),
      ("whatever.example.org:7480", nil), ("[fd00::1]:7480", nil), ("", nil), (nil, nil),
      ("www.example.org", "www.example.org"), ("WWW.example.org:443", "WWW.example.org:443"),
      ("10.0.0.13", "10.0.0.13"),
    ] as [(String?, String?)])
  func host(header: String?, site: String?) throws {
    let purge = try PurgeTarget.purges(target: "/x", host: header, names: Self.names())
    #expect(purge == [.address(host: site, path: "/x")])
  }

  @Test(
    "an absolute address brings its own host",
    arguments: [
      ("http://www.example.org/x?y", "www.example.org", "/x?y"), ("HTTPS://e.org:8443", "e.org:8443", "/"),
      ("http://e.org?q", "e.org", "/?q"), ("http://a:7480/x", nil, "/x"),
    ] as [(String, String?, String)])
  func absolute(target: String, host: String?, path: String) throws {
    let purge = try PurgeTarget.purges(target: target, host: "other.org", names: Self.names())
    #expect(purge == [.address(host: host, path: path)])
  }

  @Test("what is no address is refused", arguments: ["*", "", "news", "ftp://e.org/x", "http:///x"])
  func noAddress(target: String) {
    #expect(throws: PurgeTarget.Refusal.notAnAddress) {
      try PurgeTarget.purges(target: target, host: nil, names: Self.names())
    }
  }

  @Test("an address that could not be read as text is refused rather than purged as another")
  func undecodable() {
    #expect(throws: PurgeTarget.Refusal.undecodable) {
      try PurgeTarget.purges(target: "/\u{fffd}", host: nil, names: Self.names())
    }
  }

  @Test("whatever target comes, it is read or refused")
  func anyTarget() {
    let fragments = [
      "/VirtualHostBase", "/VirtualHostRoot", "/_vh_", "_vh_x", "/@@purgebyid/", "http://", "https://",
      "HTTP:/", "/",
      "//", ":", ":80", ":443", "?", "#", "%", "%2F", "&", "=", "*", "@", "[", "]", "..", " ", "\"", "\\",
      "a",
      "e.org", "\u{301}", "\u{e9}", "\u{fffd}", "\r\n", "\u{0}",
    ]
    var random = Steps(state: 0x7e4c_e700)
    var read = 0
    for _ in 0..<100_000 {
      let target = (0...random.below(8)).map { _ in fragments[random.below(fragments.count)] }.joined()
      let purges = try? PurgeTarget.purges(target: target, host: "e.org", names: Self.doorNames)
      if purges != nil { read += 1 }
    }
    #expect((1_000..<99_000).contains(read), "both happened")
  }

  private static let doorNames = names()

  /// Numbers that are the same in each run (Numerical Recipes, section 7.1: a linear congruential generator).
  private struct Steps {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(limit))
    }
  }

  // MARK: Sites

  @Test(
    "a purge counts for every site without a host or with an unknown one, for its own with an inner host",
    arguments: [
      (nil, ["one.org", "two.org"]), ("a:7480", ["one.org", "two.org"]), ("Plone", ["two.org", "three.org"]),
      ("ONE.org", ["ONE.org"]), ("who.org", ["who.org", "one.org", "two.org"]),
    ] as [(String?, [String])])
  func sites(host: String?, meant: [String]) throws {
    let sites = PurgeSites(all: ["one.org", "two.org"], byHost: ["plone": ["two.org", "three.org"]])
    let purges = try PurgeTarget.purges(target: "/x", host: host, names: Self.names(), sites: sites)
    #expect(purges == meant.map { .address(host: $0, path: "/x") })
  }

  @Test(
    "an address in Zope's form is purged as visitors know it, and as it is under the host it names and any other",
    arguments: [
      ("https/www.example.org:443/Plone/VirtualHostRoot/news?x=1", "www.example.org", "/news?x=1"),
      ("http/www.example.org:80/Plone/VirtualHostRoot/", "www.example.org", "/"),
      ("http/www.example.org:8080/Plone/VirtualHostRoot", "www.example.org:8080", "/"),
      ("https/e.org:80/VirtualHostRoot/a/b", "e.org:80", "/a/b"),
      ("https/e.org:443/Plone/++api++/VirtualHostRoot/_vh_cms/_vh_en/a", "e.org", "/cms/en/a"),
    ])
  func virtualHosting(rest: String, host: String, path: String) throws {
    let target = "/VirtualHostBase/" + rest
    let both = [Purge.address(host: host, path: target), .address(host: host, path: path)]
    let sites = PurgeSites(all: ["unrelated.org"])
    let unnamed = try PurgeTarget.purges(target: target, host: "a", names: Self.names(), sites: sites)
    #expect(unnamed == [both[0], .address(host: nil, path: target), both[1]])
    let named = try PurgeTarget.purges(target: target, host: "inner", names: Self.names())
    #expect(named == [both[0], .address(host: "inner", path: target), both[1]])
  }

  // MARK: Tags

  @Test("collective.purgebyid's addresses name a tag, on whatever site's path")
  func purgeByID() throws {
    for target in ["/@@purgebyid/1f2e", "/Plone/@@purgebyid/1f2e?x", "http://e.org/@@purgebyid/1f2e/"] {
      let purges = try PurgeTarget.purges(target: target, host: nil, names: Self.names())
      #expect(purges == [.key(name: "1f2e", soft: false)])
    }
    #expect(throws: PurgeTarget.Refusal.self) {
      try PurgeTarget.purges(target: "/@@purgebyid/a\"b", host: nil, names: Self.names())
    }
  }

  @Test("the headers in the field name tags, several in one, hard and soft")
  func tagHeaders() throws {
    let headers = [
      "xkey": ["one two,three"], "xkey-softpurge": ["four"], "x-ids-involved": ["#five##six#"],
    ]
    let keys = try PurgeTarget.keys { headers[$0] ?? [] }
    #expect(
      keys == ["one", "two", "three"].map { .key(name: $0, soft: false) } + [.key(name: "four", soft: true)]
        + ["five", "six"].map { .key(name: $0, soft: false) })
    #expect(try PurgeTarget.keys { _ in [] }.isEmpty)
    #expect(throws: PurgeTarget.Refusal.self) { try PurgeTarget.keys { _ in ["a\u{1}b"] } }
  }
}

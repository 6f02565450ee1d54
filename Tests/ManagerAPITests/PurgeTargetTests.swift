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
      "/VirtualHostBase/https/www.example.org:443/Plone/VirtualHostRoot/news", "/@@purgebyid/1f2e", "/ä?ö",
    ])
  func path(target: String) throws {
    let purge = try PurgeTarget.purge(target: target, host: "www.example.org", names: Self.names())
    #expect(purge == .address(host: "www.example.org", path: target))
    guard case .address(_, let path) = purge else { return }
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
    let purge = try PurgeTarget.purge(target: "/x", host: header, names: Self.names())
    #expect(purge == .address(host: site, path: "/x"))
  }

  @Test(
    "an absolute address brings its own host",
    arguments: [
      ("http://www.example.org/x?y", "www.example.org", "/x?y"), ("HTTPS://e.org:8443", "e.org:8443", "/"),
      ("http://e.org?q", "e.org", "/?q"), ("http://a:7480/x", nil, "/x"),
    ] as [(String, String?, String)])
  func absolute(target: String, host: String?, path: String) throws {
    let purge = try PurgeTarget.purge(target: target, host: "other.org", names: Self.names())
    #expect(purge == .address(host: host, path: path))
  }

  @Test("what is no address is refused", arguments: ["*", "", "news", "ftp://e.org/x", "http:///x"])
  func noAddress(target: String) {
    #expect(throws: PurgeTarget.Refusal.notAnAddress) {
      try PurgeTarget.purge(target: target, host: nil, names: Self.names())
    }
  }

  @Test("an address that could not be read as text is refused rather than purged as another")
  func undecodable() {
    #expect(throws: PurgeTarget.Refusal.undecodable) {
      try PurgeTarget.purge(target: "/\u{fffd}", host: nil, names: Self.names())
    }
  }
}

import Cluster
import Testing

@Suite("Ban expressions")
struct BanExpressionTests {
  private func conditions(_ text: String) throws -> [String] {
    try BanExpression(parsing: text).conditions.map { "\($0.field) \($0.comparison) \($0.argument)" }
  }

  @Test(
    "an expression is read with its quotes; what requests bring is looked for where objects keep it",
    arguments: [
      ("obj.status == 200", ["obj.status == 200"]),
      (#"obj.http.x-url ~ "^/news""#, ["obj.http.x-url ~ ^/news"]),
      (#"  req.url   !~ \.png$  "#, [#"obj.http.x-url !~ \.png$"#]),
      (#"obj.http.x-url == "/a\"b\\c""#, [#"obj.http.x-url == /a"b\c"#]),
      (#"obj.http.x-url ~ "\.css$""#, [#"obj.http.x-url ~ \.css$"#]),
      (
        "obj.age > 1h && req.http.host == example.org",
        ["obj.age > 1h", "obj.http.x-host == example.org"]
      ),
      ("obj.ttl < 1.5m", ["obj.ttl < 1.5m"]),
      (#"obj.http.x-url ~ ^/(a|b)[)](?:c)?$"#, [#"obj.http.x-url ~ ^/(a|b)[)](?:c)?$"#]),
    ])
  func accepted(text: String, read: [String]) throws {
    #expect(try conditions(text) == read)
  }

  @Test(
    "nothing malformed is taken, and nothing that could reach beyond its own command",
    arguments: [
      "", "obj.status", "obj.status ==", "obj.status == 200 &&", "obj.status == 200 || obj.status == 201",
      "obj.status == 200\nstop", "obj.status == \"200\nstop\"", "obj.status << EOF", "obj.http.x << \"EOF\"",
      "obj.status == \"200", "status == 200", "obj.http.x-url == \"/a b\"", "obj.http.x-url == \"\"",
      "obj.http.x-url == \u{0}", "vcl.load == x", "obj.http.a == b obj.http.c == d", "obj.http. == x",
      "obj.http.x-url ~ (", "obj.http.x-url ~ [a", "obj.http.x-url ~ *a", "obj.http.x-url ~ a)",
      "obj.http.x-url ~ (*a)", "obj.http.x-url ~ a\\", "obj.age > soon", "obj.age ~ 1s", "obj.age > .s",
      "obj.status ~ 2", "req.http.cookie ~ x", "obj.uuid == 1", "obj.http.x;stop == 1",
      "obj.http.x-url ~ " + String(repeating: "x", count: 5_000),
    ])
  func refused(text: String) {
    #expect(throws: BanExpression.Malformed.self) { try BanExpression(parsing: text) }
  }

  @Test("who sends a bad one is told what is wrong with it, in one short line")
  func words() throws {
    let hostile = "obj.http.x ~ " + String(repeating: "(", count: 3_000)
    let complaint = try #require(Purge.ban(expression: "obj.http.x ~ (").complaint)
    #expect(
      complaint
        == "'obj.http.x ~ (' is no ban expression: its regular expression, at character 1: this ( is not closed"
    )
    #expect(try #require(Purge.ban(expression: hostile).complaint).count < 500)
  }
}

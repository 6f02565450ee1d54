import Cluster
import Testing

@Suite("Regular expressions in bans")
struct RegularExpressionTests {
  @Test(
    "what people write to ban pages is taken",
    arguments: [
      "^/news", #"\.png$"#, #"^/.*\.(css|js|jpe?g|csv)$"#, "^/(de|en)/.*/images/", "^/(de|en)/.*$",
      ".*/feed$",
      "^/[^/]*/[^/]*/images/[0-9]+$", "^/(?:[^/]*/){3}x", #"(?i)^/NEWS/.*\.PDF$"#, #"^/\w+-\d{4}$"#,
      "^/(?!de/)",
      "^/a(b|[c-e])+$", "^(?:/a|/b|/ab|/abc)$", #"[\w-]"#, "[]a]", "[^]a]", "^$", "ä+",
      #"^/a\{b\}\?x=\[1\]$"#,
      "(^|#)uuid(#|$)", "a{2}b{1,3}c{2,}d", "^/(ab|c)?d", "^/[a-c-e]", #"[\w-]+\.png"#,
      // A repeat that begins behind a byte which it cannot take: its runs do not overlap.
      #"/news/\d+$"#, "/images/[^/]+$", "^/.*/[^/]*$", "/[^/]+/edit$", "/[^/]+.$", #"/@@images/[^/]*-\d+"#,
      #"/(de|en)/[^?]*\?"#,
      // The first `.*` that is come to ends the search.
      #"\.(css|js)(\?.*)?$"#, #"\.(png|jpe?g|woff2?)(\?.*)?$"#, "/news(/.*)?",
    ])
  func taken(expression: String) {
    #expect(Purge.ban(expression: "req.url ~ \(expression)").complaint == nil)
  }

  @Test(
    "what Varnish would refuse after it was promised, or would not survive, is refused, with its place",
    arguments: [
      // Not well formed.
      ("a[b-a]", 3), ("(a", 1), ("a(b))", 5), ("x[a", 2), (#"ab\"#, 3), ("*a", 1), ("a|+", 3), ("a(?)", 2),
      ("a{3,1}", 2), ("a{,3}", 2), ("a{", 2), ("^*", 1), ("a**", 3), (#"[a-\d]"#, 2), (#"[\w-.]"#, 2),
      (#"[\b]"#, 2),
      // Not for bans.
      (#"(a)\1"#, 4), (#"\g1"#, 1), (#"\x41"#, 1), (#"\Qa"#, 1), ("a++", 3), ("(?>a)", 1), ("(?<n>a)", 1),
      ("b(?R)", 2), ("(?1)", 1), ("(?<=a)b", 1), ("(*ACCEPT)", 2), ("[[:alpha:]]", 2), ("a(?i)b", 2),
      // Too large.
      ("a{1001}", 2), ("((a{1000}){1000})", 1), (String(repeating: "(", count: 30), 21),
      // Matching them could go through every division of a text.
      ("^(a+)+$", 3), ("^(a*)*b", 3), ("(/[^/]+)*$", 3), ("^(a|a)+b", 2), ("^(.|a)*b", 2), ("^(a|ab)+c", 2),
      ("^(a?){50}a{50}", 2), ("^/.*a.*=", 6), ("^(.*){2}", 3), ("/x.*y", 3), ("[^/]+.$", 1),
      (String(repeating: "a?", count: 20) + String(repeating: "a", count: 20), 17),
      ("^" + String(repeating: "(a|aa)", count: 22) + "b", 128),
      // From every character on it would be gone through anew.
      (#"\d+/[^/]+$"#, 5), (#"(\?.*)?x$"#, 4), (#"\?(.*&)?page="#, 4), (#"\.css(\?.*)?(#.*)?$"#, 9),
      ("x.{0,1000}a$", 2), ("(/|.)[^/]+$", 6), ("/?[^/]+$", 3), ("(ab)*=", 1), ("[ab]+$", 1), ("a+?/", 1),
      (#"^.*(?:a[^a]*|b[^b]*|c[^c]*).{0,850}[!~]"#, 28), ("^.{0,3000}[^/]*", 3),
      ("^a[^/]*(?:/a){0}/[bc]", 14), ("^(" + String(repeating: "a|", count: 201) + "a)", 404),
      ("/a{2,}[ab]*$", 7), ("(?=.*a)b", 4), ("^/.*(?:a|x){500}y", 5), (String(repeating: "()", count: 31), 1),
    ])
  func refused(expression: String, place: Int) throws {
    let complaint = try #require(Purge.ban(expression: "req.url ~ \(expression)").complaint)
    #expect(complaint.contains("at character \(place): "), "\(complaint)")
  }

  @Test("no text makes the check fail, or take long")
  func anything() {
    var random = SplitMix64(seed: 7)
    let signs = Array(#"ab-^$.|?*+(){}[]\:=!0,1dw/ä"#)
    let began = ContinuousClock.now
    for _ in 0..<20_000 {
      let length = Int.random(in: 1...40, using: &random)
      let text = String((0..<length).map { _ in signs.randomElement(using: &random) ?? "a" })
      _ = Purge.ban(expression: "obj.http.x ~ " + text).complaint
    }
    for sign in signs {
      _ = Purge.ban(expression: "obj.http.x ~ " + String(repeating: sign, count: 1_900)).complaint
    }
    #expect(ContinuousClock.now - began < .seconds(20))
  }
}

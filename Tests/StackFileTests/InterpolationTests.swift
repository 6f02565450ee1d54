import Cluster
import StackFile
import Testing

@Suite("variables")
struct InterpolationTests {
  private static let variables = ["SET": "value", "EMPTY": "", "OTHER": "other", "DOLLAR": "$SET"]

  @Test(
    "each form gives what Docker gives",
    arguments: [
      ("$SET", "value"), ("${SET}", "value"), ("a${SET}b$SET", "avaluebvalue"), ("$$SET $$", "$SET $"),
      ("${SET:-d}", "value"), ("${EMPTY:-d}", "d"), ("${EMPTY-d}", ""), ("${UNSET-d}", "d"),
      ("${UNSET:-}", ""),
      ("${SET:+x}", "x"), ("${EMPTY:+x}", ""), ("${EMPTY+x}", "x"), ("${UNSET+x}", ""),
      ("${SET:?needed}", "value"), ("${EMPTY?needed}", ""),
      ("${UNSET:-${OTHER:-d}}", "other"), ("${UNSET:-a${UNSET:-b}c}d", "abcd"),
      ("${SET:-${UNSET:?no}}", "value"),
      ("${UNSET:-http://x:80/}", "http://x:80/"), ("$DOLLAR", "$SET"), ("${UNSET:-$$5}", "$5"),
      ("ü$SET.", "üvalue."),
    ])
  func forms(_ text: String, _ expected: String) throws {
    let found = try service("hostname: 'x'\nlabels: {l: \"\(text)\"}", variables: Self.variables)
    #expect(found.template.labels["l"] == expected)
  }

  @Test("an unset variable warns with its line and stands for nothing")
  func unset() throws {
    let (stack, complaints) = try parse(file("user: root\nlabels: {l: 'a${GONE}b'}"))
    #expect(stack.services[0].template.labels["l"] == "ab")
    #expect(
      complaints.map(\.description) == [
        "shop.yml:5:17: warning: services.web.labels.l: the variable `GONE` is not set and stands for an empty text; "
          + "set it, or write a default: ${GONE:-value}"
      ])
  }

  @Test(
    "what is no variable is an error at its line",
    arguments: [
      ("${UNSET:?tell me}", "the variable `UNSET` is required: tell me"),
      ("${EMPTY:?}", "the variable `EMPTY` is required: "),
      ("costs 5$", "a dollar sign is not followed by a variable's name"),
      ("$1", "a dollar sign is not followed by a variable's name"),
      ("${SET", "`${SET` is not closed"), ("${SET:-a", "`${SET` is not closed"),
      ("${SET!}", "`${SET` is followed by something unknown"),
      ("${}", "`${` is not followed by a variable's name"),
    ])
  func errors(_ text: String, _ message: String) {
    let found = complaints(file("hostname: '\(text)'"), variables: Self.variables)
    #expect(found.map(\.message) == [message])
    #expect(found.map(\.line) == [4] && found.map(\.severity) == [.error])
  }

  @Test("what nobody reads is not looked up: comments, extensions, ignored keys")
  func unread() {
    #expect(complaints(file("x-note: $5\n# $5", rest: "x-more: [$GONE]\n")).isEmpty)
  }
}

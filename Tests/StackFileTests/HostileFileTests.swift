import Cluster
import Foundation
import StackFile
import Testing

@Suite("files that are no stack files")
struct HostileFileTests {
  @Test(
    "a clear error at the line",
    arguments: [
      ("", 1, "the file is empty"), ("# only a comment\n", 1, "the file is empty"),
      ("just text", 1, "expected a mapping"), ("- a\n- b\n", 1, "expected a mapping"),
      ("services:\n", 1, "neither services nor databases"),
      ("services: {}\n", 1, "neither services nor databases"),
      ("services:\n  web: [\n", 3, "no valid YAML"), ("services: }\n", 1, "no valid YAML"),
      ("services:\n\tweb: {image: i}\n", 2, "YAML is indented with spaces, this line has a tab"),
      ("services:\r\n\tweb: {image: i}\r\n", 2, "YAML is indented with spaces, this line has a tab"),
      ("services:\n  web: {image: i}\n  web: {image: i}\n", 2, "`web` stands more than once"),
      ("services: {web: *gone}\n", 1, "undefined alias"), ("a: 1\n---\nb: 2\n", 2, "another document"),
      ("services:\n  web: {image: \u{1}}\n", 2, "no valid YAML"),
      ("x: &x i\nservices:\n  *x : {image: i}\n", 3, "an alias cannot be a key"),
      ("services:\n  [a, b]: {image: i}\n", 2, "a key must be a single word"),
      ("services:\n  a b: {image: i}\n", 2, "`a b` is no valid name"),
      ("services:\n  web:\n    <<: text\n    image: i\n", 3, "only a mapping"),
    ])
  func clearErrors(_ text: String, _ line: Int, _ message: String) {
    let found = complaints(text)
    #expect(found.first?.severity == .error)
    #expect(found.first?.line == line)
    #expect(found.first?.description.contains(message) == true, "\(found)")
  }

  @Test("text that is not UTF-8 is told with its line")
  func encoding() {
    let latin1 = Array("services:\n  web: {image: b".utf8) + [0xfc] + Array("ro}\n".utf8)
    let error = #expect(throws: StackFileError.self) {
      try StackFile.parse(bytes: latin1, fileName: "f.yml", stackName: "s")
    }
    #expect(error?.description == "f.yml:2:1: error: this line is not UTF-8 text; save the file as UTF-8")
    let utf16 = #expect(throws: StackFileError.self) {
      try StackFile.parse(bytes: [0xff, 0xfe, 0x61, 0x00], fileName: "f.yml", stackName: "s")
    }
    #expect(utf16?.description == "f.yml:1:1: error: the file is UTF-16; save the file as UTF-8")
  }

  @Test("a file of 10 MB is refused by its size")
  func tooLarge() {
    let found = complaints(String(repeating: "# nothing at all\n", count: 10 << 16))
    #expect(found.map(\.message) == ["the file has 11141120 bytes; a stack file has at most 1048576"])
  }

  /// Nine lists of nine aliases each stand for 9^9 values.
  @Test("an alias bomb is refused in bounded time", .timeLimit(.minutes(1)))
  func aliasBomb() {
    var text = "x-0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "x-\(level): &a\(level) [\(aliases)]\n"
    }
    let lists = complaints(text + "services: {web: {image: i, command: *a9}}")
    #expect(lists.map(\.severity) == [.error])

    text = "x-0: &a0 {k: v}\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "x-\(level): &a\(level) {<<: [\(aliases)]}\n"
    }
    let merges = complaints(text + "services: {web: {image: i, environment: *a9}}")
    #expect(merges.first?.message.contains("with its aliases followed") == true)
  }

  @Test("chains, nests and repetitions end in an error, not in a crash", .timeLimit(.minutes(1)))
  func depth() {
    #expect(
      complaints(String(repeating: "[", count: 100_000)).first?.message.contains("no valid YAML") == true)
    let nested = String(repeating: "${A:-", count: 100_000)
    #expect(complaints(file("hostname: '\(nested)'")).first?.message.contains("too deeply") == true)
    let aliases = "x: &x i\nx-many: [" + String(repeating: "*x, ", count: 2000) + "]\n"
    #expect(complaints(aliases + "services: {}").first?.message.contains("more than 1000 aliases") == true)
    var chain = "x-0: &a0 {k: v}\n"
    for level in 1...300 { chain += "x-\(level): &a\(level) {<<: *a\(level - 1)}\n" }
    let merged = complaints(chain + "services: {web: {image: i, environment: *a300}}")
    #expect(merged.first?.message.contains("merged through more than 100") == true)
    let services = (0..<5000).map { "  s\($0): {imag: i}\n" }.joined()
    #expect(complaints("services:\n" + services).count == 201)
  }

  @Test("a name that no stack can have is refused")
  func stackName() {
    let error = #expect(throws: StackFileError.self) {
      try StackFile.parse(text: "services: {web: {image: i}}", fileName: "f.yml", stackName: "-a/b")
    }
    #expect(error?.complaints.first?.message == "`-a/b` cannot name a stack")
  }

  @Test("the stack's name is looked for only in a file that may be parsed")
  func nameOfAHostileFile() throws {
    func complaints(_ text: String) -> [String] {
      do {
        return try StackFile.parse(text: text, fileName: "x.yml", stackName: nil).1.map(\.message)
      } catch {
        return error.complaints.map(\.message)
      }
    }
    #expect(complaints("name: shop\na: &a [b]\n*a : c\n") == ["an alias cannot be a key"])
    let long = "name: shop\n" + String(repeating: "# remark\n", count: 200_000)
    #expect(complaints(long).first?.contains("a stack file has at most") == true)
  }

  @Test("a stack has the name that is told, else its file's, else its folder's")
  func names() throws {
    func name(_ told: String?, _ first: String, folder: String?) throws -> String {
      let surroundings = StackFile.Surroundings(variables: { $0 == "X" ? "site" : nil }, folder: folder)
      return try StackFile.parse(
        text: first + "services: {web: {image: i}}\n", fileName: "x.yml", stackName: told,
        surroundings: surroundings
      ).0.name
    }
    #expect(try name("told", "name: own\n", folder: "/srv/shop") == "told")
    #expect(try name(nil, "name: own\n", folder: "/srv/shop") == "own")
    #expect(try name(nil, "name: ${X}\n", folder: "/srv/shop") == "site")
    #expect(try name(nil, "", folder: "/srv/shop") == "shop")
    #expect(throws: StackFileError.self) { try name(nil, "", folder: nil) }
  }
}

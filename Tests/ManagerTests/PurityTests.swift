import Foundation
import Testing

/// The core gives the same answers for the same inputs, on every machine and in every run: that is what the log,
/// and the simulator, rest on.
@Suite("Purity")
struct PurityTests {
  /// What each pure module may import: what stands below it, and swift-collections.
  private static let modules: [(module: String, allowed: [String])] = [
    ("WireFormat", []),
    ("PlantedBugs", []),
    ("Raft", ["WireFormat", "PlantedBugs", "DequeModule"]),
    ("Cluster", ["Raft", "WireFormat", "PlantedBugs", "DequeModule"]),
    ("Control", ["Cluster", "Raft", "PlantedBugs"]),
    ("Manager", ["Control", "Cluster", "Raft", "WireFormat", "PlantedBugs", "DequeModule"]),
    (
      "Simulation",
      ["PlantedBugs", "Manager", "Control", "Cluster", "Raft", "WireFormat", "DequeModule", "HeapModule"]
    ),
  ]

  private struct SourceLine: CustomStringConvertible {
    var place: String
    var text: String
    /// The names in it, without those in comments and texts.
    var words: [Substring]

    init(_ text: Substring, place: String) {
      self.place = place
      // Every second piece between quotation marks is a text.
      let outside = text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: " ")
      let code = outside.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
      self.text = String(code)
      words = code.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    }

    var description: String { "\(place): \(text)" }

    /// The module that the line imports, if it does.
    var imported: Substring? {
      guard let keyword = words.firstIndex(of: "import") else { return nil }
      let kinds: [Substring] = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
      return words[(keyword + 1)...].first { !kinds.contains($0) }
    }

    /// Whether it gets a time, a number or an order that another run would not get.
    var isImpure: Bool {
      words.contains { Self.impure.contains(String($0)) }
        || text.contains(".random(") && !text.contains("using:")
    }

    /// Hashes that never leave their process: two states of one run are compared, and a set's elements are told
    /// apart.
    var isKnown: Bool {
      ["digest: UInt64(bitPattern: Int64(manager.state.hashValue))", "func hash(into hasher: inout Hasher)"]
        .contains { text.contains($0) }
    }

    private static let impure: Set = [
      "async", "await", "actor", "hashValue", "Hasher", "ObjectIdentifier", "ContinuousClock",
      "SuspendingClock", "Date", "SystemRandomNumberGenerator", "randomElement", "shuffle", "shuffled",
      "Thread", "DispatchQueue", "CommandLine", "getenv", "print",
    ]
  }

  private static func lines(of module: String) throws -> [SourceLine] {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources").appending(path: module)
    let found = FileManager.default.enumerator(
      at: sources.resolvingSymlinksInPath(), includingPropertiesForKeys: nil)
    let files = (found?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    try #require(!files.isEmpty, "no sources in \(sources.path)")
    return try files.flatMap { file in
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated().map { SourceLine($1, place: "\(module)/\(file.lastPathComponent):\($0 + 1)") }
    }
  }

  @Test("a pure module imports what stands below it and nothing else", arguments: modules.map(\.module))
  func imports(module: String) throws {
    let allowed = Self.modules.first { $0.module == module }?.allowed ?? []
    for line in try Self.lines(of: module) {
      if let imported = line.imported { #expect(allowed.contains(String(imported)), "\(line)") }
    }
  }

  @Test(
    "a pure module uses no clock, no chance, no hash and no concurrency", arguments: modules.map(\.module))
  func noSurroundings(module: String) throws {
    for line in try Self.lines(of: module) where line.isImpure && !line.isKnown { Issue.record("\(line)") }
  }

  @Test(
    "the look at the sources finds what it looks for",
    arguments: [
      "func step() async {", "x.hashValue", "ContinuousClock().now", "Int.random(in: 0..<3)", "a.shuffled()",
    ])
  func finds(line: String) {
    #expect(SourceLine(line[...], place: "").isImpure)
    #expect(SourceLine("public import struct Foundation.Date", place: "").imported == "Foundation")
    #expect(!SourceLine("// \(line)", place: "").isImpure)
  }
}

import Foundation
import Raft
import Simulation
import Testing

/// The files of `simulations/`.
enum ScenarioFiles {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../simulations").standardizedFileURL

  static let names: [String] = {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return all.filter { $0.hasSuffix(".scn") }.sorted()
  }()

  static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }
}

@Suite("The files of simulations/")
struct ScenarioFileTests {
  @Test("there are at least thirty of them") func count() { #expect(ScenarioFiles.names.count >= 30) }

  @Test(
    "each is read, is named after its file, says what it is about, what it must reach and what must be so in the end",
    arguments: ScenarioFiles.names)
  func isWhole(_ name: String) throws {
    let text = try ScenarioFiles.text(name)
    let scenario = try Scenario(parsing: text, file: name)
    #expect(scenario.name + ".scn" == name)
    #expect(text.hasPrefix("# "))
    #expect(!scenario.reach.isEmpty)
    #expect(scenario.eventually != nil)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 110 })
  }

  @Test(
    "each is printed so that it is read as the same, and printed the same again",
    arguments: ScenarioFiles.names)
  func isStable(_ name: String) throws {
    let scenario = try Scenario(parsing: try ScenarioFiles.text(name), file: name)
    let again = try Scenario(parsing: scenario.text, file: name)
    #expect(again == scenario)
    #expect(again.text == scenario.text)
  }
}

@Suite("Where incidents can be brought about")
struct WorldsTests {
  /// Incidents as the README's table has them, with whether real zones can do them.
  private static func rows() throws -> [(incidents: [String], inRealZones: String)] {
    try ScenarioFiles.text("README.md").split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard cells.count == 5, cells[1].hasPrefix("`") else { return nil }
      return (cells[1].split(separator: "`").map(String.init).filter { $0.first?.isLetter == true }, cells[3])
    }
  }

  @Test("the README's table says of each kind of incident whether real zones can do it, as the code does")
  func table() throws {
    var seen = 0
    for row in try Self.rows() {
      // The first of a row is whole; what follows it may be short, such as `release` after `disk m1 stall`.
      let line = "at 1s kill m1; \(row.incidents[0])"
      let scenario = try Scenario(parsing: "scenario x v1\nnodes m1@a m2@b m3@c\n\(line)", file: "README.md")
      let worlds = scenario.steps[0].incidents[1].worlds
      seen += 1
      #expect(worlds.contains(.simulated), "\(line)")
      #expect(worlds.contains(.real) == !row.inRealZones.isEmpty, "\(line)")
    }
    #expect(seen >= 25)
  }

  @Test("what only the simulator can do says so")
  func simulatedOnly() {
    let machine = Target.named("m1")
    for incident: Incident in [
      .clog(machine, .all, .oneWay, .seconds(1)), .disk(machine, .stall), .disk(machine, .corrupt),
      .clockJump(machine, .seconds(1)), .docker(machine, .halfDone), .container(machine, .hang),
      .image("shop:2", .broken), .postgres(machine, .slow), .varnish(machine, .halfDone),
    ] { #expect(incident.worlds == .simulated, "\(incident.text)") }
    for incident: Incident in [
      .cut(machine, .all, .oneWay), .kill(machine), .disk(machine, .fill), .docker(machine, .down),
      .container(machine, .crash), .postgres(machine, .freeze), .varnish(machine, .unreachable),
      .operate(.promote, via: nil),
    ] { #expect(incident.worlds == .both, "\(incident.text)") }
  }
}

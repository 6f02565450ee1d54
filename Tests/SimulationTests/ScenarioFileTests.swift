import Foundation
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

import ArgumentParser
import Foundation
import Testing

@testable import tercet

/// What documents and help texts tell people to type.
@Suite("Commands that are quoted")
struct QuotedCommandTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static let files = [
    "README.md", "deploy/varnish/README.md", "deploy/examples/shop/README.md",
    "deploy/examples/shop/stack.yml",
  ]

  private static let commands: [any ParsableCommand.Type] =
    Tercet.configuration.subcommands.flatMap { [$0] + $0.configuration.subcommands }

  @Test("a document's commands are such as the program takes", arguments: files)
  func documents(_ document: String) throws {
    let text = try String(contentsOf: Self.repository.appending(path: document), encoding: .utf8)
    let quoted = Quoted.commands(in: text)
    if document != "deploy/varnish/README.md" { #expect(!quoted.isEmpty, "nothing was found to look at") }
    for words in quoted { Self.check(words) }
  }

  @Test("the examples of the help texts are such as the program takes")
  func helpTexts() {
    let quoted = Self.commands.flatMap { Quoted.commands(in: $0.configuration.discussion) }
    #expect(quoted.count > 20)
    for words in quoted { Self.check(words) }
  }

  private static func check(_ words: [String]) {
    #expect(throws: Never.self, "tercet \(words.joined(separator: " "))") {
      do {
        _ = try Tercet.parseAsRoot(words)
      } catch {
        throw Refused(description: Tercet.message(for: error))
      }
    }
  }

  private struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  @Test("commands are found as people write them")
  func finding() {
    let text = """
      Say `tercet explode` to nobody.

          $ SHOP_VERSION=2 tercet plan --stack example stack.yml   # a remark
          for zone in a b; do deploy/lab exec $zone tercet status; done
          tercet drain a && ssh a reboot; tercet activate a
          #   tercet purge 'a b' \\
                /c
      """
    #expect(
      Quoted.commands(in: text) == [
        ["plan", "--stack", "example", "stack.yml"], ["status"], ["drain", "a"], ["activate", "a"],
        ["purge", "a b", "/c"],
      ])
  }
}

/// Finds command lines of tercet in a text: lines that are indented, of which each is one or several commands.
private enum Quoted {
  static func commands(in text: String) -> [[String]] {
    let whole = text.replacing(#/\\\n\s*/#, with: " ")
    let lines = whole.split(separator: "\n").filter {
      $0.hasPrefix("  ") || $0.hasPrefix("#  ") || $0.hasPrefix("$ ")
    }
    return lines.flatMap { $0.split(separator: #/;|&&|\|/#) }.compactMap { command(in: String($0)) }
  }

  /// The words after `tercet`, if that is what the command runs: only a prompt, settings, or `deploy/lab exec` and
  /// `do` may stand before it.
  private static func command(in text: String) -> [String]? {
    guard
      let match = text.firstMatch(of: #/^[#\s$]*((do|\w+=\S+|deploy/lab\s+exec\s+\S+)\s+)*tercet\s+(.*)$/#)
    else {
      return nil
    }
    return words(String(match.3))
  }

  private static func words(_ text: String) -> [String] {
    text.matches(of: #/\s(#.*)$|'([^']*)'|"([^"]*)"|[^\s'"]+/#).compactMap { match in
      match.1 != nil ? nil : String(match.2 ?? match.3 ?? match.0)
    }
  }
}

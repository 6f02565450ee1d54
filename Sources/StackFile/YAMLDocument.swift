internal import Yams

/// From a file's text to its root node, or a complaint at the line where the text is no YAML.
enum YAMLDocument {
  static let maximumBytes = 1 << 20
  /// An alias is cheap to write and may stand for much; the nodes behind it share memory, but a chain of tens of
  /// thousands would end the stack when it is freed.
  static let maximumAliases = 1000

  static func root(of text: String, reading: Reading) -> Element? {
    func refuse(_ line: Int, _ column: Int, _ message: String, remedy: String? = nil) {
      reading.complain(.error, line: line, column: column, path: "", message, remedy: remedy)
    }
    guard text.utf8.count <= maximumBytes else {
      refuse(
        1, 1, "the file has \(text.utf8.count) bytes; a stack file has at most \(maximumBytes)",
        remedy: "check that this is the file you mean")
      return nil
    }
    if let alias = AliasScan.complaint(about: text) {
      refuse(alias.line, alias.column, alias.message, remedy: alias.remedy)
      return nil
    }
    do {
      // Without resolver rules every scalar keeps its text: no number, date or boolean is guessed.
      guard let node = try Yams.compose(yaml: text, .basic) else {
        refuse(1, 1, "the file is empty", remedy: "a stack file needs at least `services:`")
        return nil
      }
      return Element(node: node, path: "", reading: reading)
    } catch {
      let (line, column, message) = explain(error, text: text)
      refuse(line, column, message, remedy: remedy(line: line, text: text))
      return nil
    }
  }

  private static func explain(_ error: any Error, text: String) -> (Int, Int, String) {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let circumstances = context.map { " \($0.text) (line \($0.mark.line))" } ?? ""
      return (mark.line, mark.column, "no valid YAML: \(problem)\(circumstances)")
    case .reader(let problem, let offset, _, _):
      let before = text.prefix(offset ?? 0)
      let lines = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      return (lines.count, (lines.last?.unicodeScalars.count ?? 0) + 1, "no valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "`\($0)`" }.joined(separator: ", ")
      return (
        context.mark.line, context.mark.column,
        "the key \(names) stands more than once in one mapping; here is the first"
      )
    default:
      return (1, 1, "no valid YAML: \(error)")
    }
  }

  private static func remedy(line: Int, text: String) -> String? {
    let lines = text.split(maxSplits: line, omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.indices.contains(line - 1) else { return nil }
    let indentation = lines[line - 1].prefix { $0 == " " || $0 == "\t" }
    return indentation.contains("\t") ? "YAML is indented with spaces, this line has a tab" : nil
  }

  /// Where the first line that is not UTF-8 is.
  static func encodingComplaint(_ bytes: [UInt8], fileName: String) -> Complaint {
    let isUTF16 = bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    return Complaint(
      severity: .error, fileName: fileName, line: line + 1, column: 1, path: "",
      message: isUTF16 ? "the file is UTF-16" : "this line is not UTF-8 text",
      remedy: "save the file as UTF-8")
  }
}

/// Looks at the aliases of a text before it is parsed: the parser hashes keys whole, so that an alias as a key
/// could stand for a tree that no time suffices to hash. Lines with a quote or a comment before the star are left
/// to the parser.
private enum AliasScan {
  struct Finding {
    let line: Int
    let column: Int
    let message: String
    let remedy: String
  }

  static func complaint(about text: String) -> Finding? {
    var count = 0
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where line.contains(UInt8(ascii: "*")) {
      for (column, isKey) in aliases(in: line) {
        count += 1
        if isKey {
          return Finding(
            line: number + 1, column: column, message: "an alias cannot be a key",
            remedy: "write the key out, or merge with `<<: *name`")
        }
        if count > YAMLDocument.maximumAliases {
          return Finding(
            line: number + 1, column: column,
            message: "the file has more than \(YAMLDocument.maximumAliases) aliases",
            remedy: "write out what they stand for, or split the stack")
        }
      }
    }
    return nil
  }

  private static func aliases(in line: Substring.UTF8View) -> [(column: Int, isKey: Bool)] {
    let bytes = Array(line)
    var found: [(column: Int, isKey: Bool)] = []
    for index in bytes.indices {
      if "\"'`#".utf8.contains(bytes[index]) { break }
      guard bytes[index] == UInt8(ascii: "*"), index == 0 || " \t[{,:-?".utf8.contains(bytes[index - 1])
      else {
        continue
      }
      let name = bytes[(index + 1)...].prefix(while: isNameByte)
      guard !name.isEmpty else { continue }
      let next = bytes[name.endIndex...].first { $0 != UInt8(ascii: " ") }
      found.append((index + 1, next == UInt8(ascii: ":")))
    }
    return found
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

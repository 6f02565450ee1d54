/// One walk over one file: what it knows of the file's surroundings and the complaints it gathers. A reference,
/// because all elements of the walk write to the same list; it never leaves `StackFile.parse`.
final class Reading {
  /// Aliases are followed, not copied; a file of a few lines may still name an enormous tree with them. Nothing
  /// near this many nodes is a stack file.
  private static let maximumNodes = 100_000
  private static let maximumComplaints = 200

  let fileName: String
  let surroundings: StackFile.Surroundings
  private var complaints: [Complaint] = []
  private var places: Set<Place> = []
  private var visitedNodes = 0

  /// A node that many aliases name is complained of once.
  private struct Place: Hashable {
    let line: Int
    let column: Int
    let message: String
  }

  init(fileName: String, surroundings: StackFile.Surroundings) {
    self.fileName = fileName
    self.surroundings = surroundings
  }

  /// In the order of lines; on one line, in the order of columns.
  var sortedComplaints: [Complaint] {
    complaints.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
  }

  var hasErrors: Bool { complaints.contains { $0.severity == .error } }

  func complain(
    _ severity: Complaint.Severity, line: Int, column: Int, path: String, _ message: String, remedy: String?
  ) {
    guard complaints.count <= Self.maximumComplaints,
      places.insert(Place(line: line, column: column, message: message)).inserted
    else { return }
    let isLast = complaints.count == Self.maximumComplaints
    complaints.append(
      Complaint(
        severity: severity, fileName: fileName, line: line, column: column, path: isLast ? "" : path,
        message: isLast
          ? "there is more to complain of than \(Self.maximumComplaints) lines can tell" : message,
        remedy: isLast ? nil : remedy))
  }

  /// Counts one more node; false when the file has used up what any sensible file needs.
  func visit() -> Bool {
    visitedNodes += 1
    if visitedNodes == Self.maximumNodes {
      complain(
        .error, line: 1, column: 1, path: "",
        "with its aliases followed, the file has more than \(Self.maximumNodes) values",
        remedy: "write out what the aliases stand for, or split the stack")
    }
    return visitedNodes < Self.maximumNodes
  }
}

/// Something in a stack file that is wrong, or that has no effect here: where, what, and what to do.
public struct Complaint: Hashable, Sendable, CustomStringConvertible {
  public enum Severity: String, Hashable, Sendable {
    /// The file cannot be deployed.
    case error
    /// The file can be deployed; something in it has no effect, or not the one it seems to have.
    case warning
  }

  public var severity: Severity
  public var fileName: String
  /// From 1.
  public var line: Int
  /// From 1, counted in Unicode scalars.
  public var column: Int
  /// The way to the place through the file's keys, such as `services.web.ports[0]`; empty for the whole file.
  public var path: String
  /// What is wrong. Holds no value of an environment variable and no password.
  public var message: String
  /// What to do about it, where there is something to say.
  public var remedy: String?

  public init(
    severity: Severity, fileName: String, line: Int, column: Int, path: String, message: String,
    remedy: String? = nil
  ) {
    self.severity = severity
    self.fileName = fileName
    self.line = line
    self.column = column
    self.path = path
    self.message = message
    self.remedy = remedy
  }

  /// One line in the manner of compilers: `shop.yml:7:5: error: services.web.replcas: unknown key; …`.
  public var description: String {
    let place = "\(fileName):\(line):\(column): \(severity.rawValue): "
    return place + (path.isEmpty ? "" : "\(path): ") + message + (remedy.map { "; \($0)" } ?? "")
  }
}

/// A stack file cannot be deployed: every complaint about it, errors and warnings, in the order of its lines.
public struct StackFileError: Error, Hashable, Sendable, CustomStringConvertible {
  public var complaints: [Complaint]

  public init(complaints: [Complaint]) { self.complaints = complaints }

  /// One line for each complaint.
  public var description: String { complaints.map(\.description).joined(separator: "\n") }
}

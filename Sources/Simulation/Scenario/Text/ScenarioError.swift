/// A scenario file says something that has no meaning: where, what was expected there and what was found.
public struct ScenarioError: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// From 1.
  public var line: Int
  /// From 1, counted in characters.
  public var column: Int
  /// Such as ``expected a fault or a request, found `kil` ``.
  public var message: String
  /// What to do about it, where there is something to say.
  public var remedy: String?

  public init(file: String, line: Int, column: Int, message: String, remedy: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.remedy = remedy
  }

  /// One line in the manner of compilers: `zone-cut.scn:7:14: error: …; did you mean …?`
  public var description: String {
    "\(file):\(line):\(column): error: \(message)" + (remedy.map { "; \($0)" } ?? "")
  }
}

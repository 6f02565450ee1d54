/// Why a command ends with another code than 0.
struct CommandFailure: Error, Equatable {
  enum Code: Int32 {
    case error = 1
    case changes = 2
    case rolledBack = 3
    case unfinished = 4
    case noQuorum = 5
    case interrupted = 130
  }

  var code: Code
  /// For people; nil when all is said.
  var message: String?

  init(_ code: Code, _ message: String?) {
    self.code = code
    self.message = message
  }
}

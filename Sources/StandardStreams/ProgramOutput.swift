import Glibc

/// What a program says to whoever has started it. A program whose result cannot be written has nothing more to do.
public struct ProgramOutput: Sendable {
  /// As the shell would tell of a program that SIGPIPE has ended. Not 0: whoever reads no further does not know the
  /// rest, and how it ended.
  public static let readerGone: CInt = 128 + SIGPIPE

  private let program: String

  /// - Parameter program: the name before its complaints.
  public init(program: String) { self.program = program }

  /// Writes a part of the result to standard output. When that fails the program ends: without a word when the reader
  /// has gone (`tercet log | head -1`), with the reason and 1 otherwise.
  public func write(_ text: String) {
    guard let number = StandardStream.output.write(text).errorNumber else { return }
    guard number != EPIPE else { exit(Self.readerGone) }
    StandardStream.error.write(
      "\(program): standard output cannot be written: \(String(cString: strerror(number)))\n")
    exit(1)
  }

  public func line(_ text: String) { write(text + "\n") }

  /// Writes a line to standard error. Where that cannot be written nobody can be told so: the exit code has to do.
  public func complaint(_ text: String) {
    StandardStream.error.write(text + "\n")
  }
}

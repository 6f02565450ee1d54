/// What the encodings of this module's types have in common.
///
/// Whatever a person can ask for or configure can be written and read back, even if it makes no sense (a stack
/// without a name, say): an entry of the log must never be unreadable, and `apply` refuses it with a reason.
/// What only the program itself makes (a task, a step of a database) is refused here when an identity is
/// missing: the bytes are not its own.
///
/// Numbers of fields are never given a second meaning. A field that is added later gets the next free number,
/// and old programs refuse the record that has it.
import Raft
import WireFormat

extension WireWriter {
  /// A length of time in nanoseconds; zero is not written.
  mutating func field(_ number: Int, _ value: Duration) {
    field(number, value.nanoseconds)
  }

  mutating func field(_ number: Int, _ value: TaskID) {
    field(number, value.rawValue)
  }

  mutating func field(_ number: Int, _ value: LSN) {
    field(number, value.rawValue)
  }
}

extension WireReader {
  mutating func duration() throws(WireError) -> Duration {
    Duration(nanoseconds: try int64())
  }

  mutating func lsn() throws(WireError) -> LSN {
    LSN(try uint())
  }
}

extension Optional {
  /// The value, or an error that says what is missing.
  func required(_ what: StaticString) throws(WireError) -> Wrapped {
    guard let self else { throw .malformed("\(what) is missing") }
    return self
  }
}

extension String {
  /// The text, or an error that says what is missing when it is empty.
  func required(_ what: StaticString) throws(WireError) -> String {
    guard !isEmpty else { throw .malformed("\(what) is missing") }
    return self
  }
}

extension TaskID {
  /// The identity of a raw value; there is no task 0.
  init(reading rawValue: UInt64) throws(WireError) {
    guard rawValue != 0 else { throw .malformed("a task's identity is missing") }
    self.init(rawValue)
  }
}

extension [Setting] {
  /// Restores the order and the uniqueness that lists of settings have; of two values under one name the later
  /// counts.
  func sortedByName() -> [Setting] {
    let isSorted = zip(self, dropFirst()).allSatisfy { $0.name < $1.name }
    guard !isSorted else { return self }
    var result: [Setting] = []
    for setting in sorted(by: { $0.name < $1.name }) {
      if result.last?.name == setting.name { result.removeLast() }
      result.append(setting)
    }
    return result
  }
}

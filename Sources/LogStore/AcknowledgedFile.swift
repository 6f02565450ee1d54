/// A small file beside the log that holds the number of the latest transaction that was reported durable.
///
/// SQLite ends its recovery at the first invalid frame of the write-ahead log and silently drops what
/// follows; a log that was deleted, cut or replaced by an older copy looks like a shorter one. This number
/// is the second witness: a log that ends before it has lost what this node promised to remember.
///
/// It is written after each durable transaction and not synced, so it costs microseconds: exact after a
/// crash of the process, and after a power failure as old as the system's write-back (30 s by default).
/// It never runs ahead of the log, since the log's sync comes first. Its 20 bytes lie in one sector, which
/// a disk writes whole or not at all.
///
/// The file also carries the lock that keeps a second process out of the folder.
struct AcknowledgedFile: ~Copyable {
  private let file: File

  private static let magic = Array("TERCETAK".utf8)

  init(path: String) throws(SystemFailure) {
    file = try File(path: path, mode: .readWrite)
  }

  var path: String { file.path }

  /// Returns false if another opening has the folder.
  func lock() throws(SystemFailure) -> Bool {
    try file.lock()
  }

  /// What the file holds.
  func read() throws(SystemFailure) -> Content {
    let bytes = try file.contents()
    if bytes.isEmpty { return .nothing }
    let number = bytes.dropFirst(8).prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return bytes == AcknowledgedFile.encoded(number) ? .number(number) : .damaged
  }

  /// Replaces the number, without waiting for the disk.
  func record(_ number: UInt64) throws(SystemFailure) {
    try file.write(AcknowledgedFile.encoded(number))
  }

  /// Waits until the number is on the disk.
  func synchronize() throws(SystemFailure) {
    try file.synchronize()
  }

  enum Content: Equatable {
    /// The file was just created: nothing was ever acknowledged.
    case nothing
    case number(UInt64)
    case damaged
  }

  private static func encoded(_ number: UInt64) -> [UInt8] {
    var checksum = Checksum()
    checksum.addRaw(magic)
    checksum.add(number)
    return magic + littleEndian(number) + littleEndian(checksum.value)
  }

  private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}

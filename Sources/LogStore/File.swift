import Glibc

/// A plain file, opened for reading or for both; closed when the value goes.
struct File: ~Copyable {
  private let descriptor: CInt

  enum Mode {
    case read
    /// Reads and writes; creates the file, for its owner alone, if there is none.
    case readWrite
  }

  init(path: String, mode: Mode) throws(SystemFailure) {
    let flags =
      switch mode {
      case .read: O_RDONLY | O_CLOEXEC
      case .readWrite: O_RDWR | O_CREAT | O_CLOEXEC
      }
    descriptor = open(path, flags, 0o600)
    guard descriptor >= 0 else { throw SystemFailure("open", path) }
    self.path = path
  }

  deinit { close(descriptor) }

  let path: String

  /// Takes from everybody but its owner what they may do with the file.
  func makePrivate() throws(SystemFailure) {
    guard fchmod(descriptor, 0o600) == 0 else { throw SystemFailure("change the mode of", path) }
  }

  /// Takes the file for this opening alone, in this process and all others, until it is closed. Returns
  /// false if another has it.
  func lock() throws(SystemFailure) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw SystemFailure("lock", path) }
    return false
  }

  /// The whole content.
  func contents() throws(SystemFailure) -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemFailure("inspect", path) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress! + filled, $0.count - filled, off_t(filled))
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemFailure("read", path) }
      guard count > 0 else { return Array(bytes[..<filled]) }
      filled += count
    }
    return bytes
  }

  /// Replaces the bytes at the file's beginning.
  func write(_ bytes: [UInt8]) throws(SystemFailure) {
    let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    guard count == bytes.count else { throw SystemFailure("write", path) }
  }

  /// Waits until everything written is on the disk. For a folder: until its list of files is.
  func synchronize() throws(SystemFailure) {
    guard fsync(descriptor) == 0 else { throw SystemFailure("sync", path) }
  }

  static func exists(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }
}

/// A call to the operating system failed.
struct SystemFailure: Error {
  let operation: String
  let path: String
  let code: CInt

  /// Takes the reason from the calling thread's `errno`.
  init(_ operation: String, _ path: String) {
    self.operation = operation
    self.path = path
    self.code = errno
  }

  /// For example "cannot write /var/lib/tercet/raft.acknowledged: No space left on device".
  var reason: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
}

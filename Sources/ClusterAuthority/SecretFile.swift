import Glibc

/// Writes files that only their owner may read, whole or not at all.
public enum SecretFile {
  /// Writes `text` to `path` with mode 0600. The file appears under its name only when its bytes are on disk.
  ///
  /// - Parameters:
  ///   - path: a file in a folder that exists.
  ///   - overwriting: whether a file of that name is replaced; otherwise it is left alone.
  /// - Throws: `AuthorityError.exists`, `.cannotWrite`.
  public static func write(
    _ text: String, to path: String, overwriting: Bool = false
  ) throws(AuthorityError) {
    // Beside the target, so that the rename stays in one file system; the process id keeps two writers apart.
    let temporary = "\(path).\(getpid()).new"
    try create(temporary, Array(text.utf8), for: path)
    do {
      try publish(temporary, as: path, overwriting: overwriting)
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  private static func create(
    _ temporary: String, _ bytes: [UInt8], for path: String
  ) throws(AuthorityError) {
    // O_EXCL also refuses a symbolic link that somebody laid in the way.
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(path) }
    guard writeAll(bytes, to: file), fchmod(file, 0o600) == 0, fsync(file) == 0 else {
      let error = failure(path)
      close(file)
      unlink(temporary)
      throw error
    }
    close(file)
  }

  private static func writeAll(_ bytes: [UInt8], to file: CInt) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while !rest.isEmpty {
        let count = Glibc.write(file, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return true
    }
  }

  private static func publish(
    _ temporary: String, as path: String, overwriting: Bool
  ) throws(AuthorityError) {
    if overwriting {
      guard rename(temporary, path) == 0 else { throw failure(path) }
      return
    }
    // Unlike `rename`, `link` never replaces a file, not even one that appears at this very moment.
    guard link(temporary, path) == 0 else {
      throw errno == EEXIST ? .exists(path: path) : failure(path)
    }
    unlink(temporary)
  }

  private static func synchronizeFolder(of path: String) throws(AuthorityError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(path) }
  }

  private static func failure(_ path: String) -> AuthorityError {
    .cannotWrite(path: path, reason: String(cString: strerror(errno)))
  }
}

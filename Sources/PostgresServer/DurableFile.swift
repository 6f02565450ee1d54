package import Glibc

/// The user that owns what a server reads; nil stands for this process's own.
package struct Owner: Hashable, Sendable {
  package var user: uid_t
  package var group: gid_t
}

func message(ofCode code: Int32) -> String { String(cString: strerror(code)) }

/// Files that are there whole or not at all, across a power failure.
package enum DurableFile {
  /// Replaces the file's content: a new file, fsync, rename, fsync of its folder. A file in the way under the
  /// temporary name is removed, never followed: the folder may belong to a less trusted user.
  package static func write(_ text: String, to path: String, mode: mode_t = 0o644, owner: Owner? = nil) throws
  {
    try write(Array(text.utf8), to: path, mode: mode, owner: owner)
  }

  static func write(_ bytes: [UInt8], to path: String, mode: mode_t, owner: Owner?) throws {
    let temporary = path + ".new"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard file >= 0 else { throw PostgresError.file(operation: "create", path: temporary, code: errno) }
    defer { close(file) }
    try writeAll(bytes, to: file, path: temporary)
    if let owner, fchown(file, owner.user, owner.group) != 0 {
      throw PostgresError.file(operation: "change the owner of", path: temporary, code: errno)
    }
    guard fchmod(file, mode) == 0, fsync(file) == 0 else {
      throw PostgresError.file(operation: "save", path: temporary, code: errno)
    }
    guard rename(temporary, path) == 0 else {
      throw PostgresError.file(operation: "replace", path: path, code: errno)
    }
    try synchronizeFolder(of: path)
  }

  /// Writes only when the content differs; true when it did.
  static func update(_ text: String, at path: String, mode: mode_t, owner: Owner?) throws -> Bool {
    let bytes = Array(text.utf8)
    if (try? read(path)) == bytes { return false }
    try write(bytes, to: path, mode: mode, owner: owner)
    return true
  }

  /// The file's content, up to 16 MiB.
  static func read(_ path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw PostgresError.file(operation: "read", path: path, code: errno) }
    defer { close(file) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while content.count < 16 << 20 {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw PostgresError.file(operation: "read", path: path, code: errno) }
      if count == 0 { break }
      content += chunk[..<count]
    }
    return content
  }

  /// The file as text; nil when there is none or it cannot be read.
  package static func text(_ path: String) -> String? {
    (try? read(path)).map { String(decoding: $0, as: UTF8.self) }
  }

  static func remove(_ path: String) throws {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw PostgresError.file(operation: "remove", path: path, code: errno)
    }
    try synchronizeFolder(of: path)
  }

  static func synchronizeFolder(of path: String) throws {
    let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw PostgresError.file(operation: "open", path: parent, code: errno) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw PostgresError.file(operation: "save", path: parent, code: errno) }
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32, path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw PostgresError.file(operation: "write", path: path, code: errno) }
      rest = rest.dropFirst(count)
    }
  }
}

/// Folders, their content and their removal.
package enum Folder {
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  package static func make(_ path: String, mode: mode_t, owner: Owner?) throws {
    if mkdir(path, mode) != 0, errno != EEXIST {
      throw PostgresError.file(operation: "make", path: path, code: errno)
    }
    guard chmod(path, mode) == 0 else {
      throw PostgresError.file(operation: "change the mode of", path: path, code: errno)
    }
    if let owner, lchown(path, owner.user, owner.group) != 0 {
      throw PostgresError.file(operation: "change the owner of", path: path, code: errno)
    }
  }

  /// Names in the folder, sorted; empty when there is no such folder.
  package static func names(in path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    return names(in: stream).sorted()
  }

  private static func names(in stream: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes the folder with all it holds. Links are removed and never followed, even when the folder's owner
  /// puts one there meanwhile.
  package static func remove(_ path: String) throws {
    try remove(path, in: AT_FDCWD, shownAs: path)
    try DurableFile.synchronizeFolder(of: path)
  }

  private static func remove(_ name: String, in parent: Int32, shownAs path: String) throws {
    if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return }
    let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0, let stream = fdopendir(descriptor) else {
      throw PostgresError.file(operation: "remove", path: path, code: errno)
    }
    defer { closedir(stream) }
    for child in names(in: stream) { try remove(child, in: descriptor, shownAs: path + "/" + child) }
    guard unlinkat(parent, name, AT_REMOVEDIR) == 0 else {
      throw PostgresError.file(operation: "remove", path: path, code: errno)
    }
  }

  static func move(_ path: String, to target: String) throws {
    guard rename(path, target) == 0 else {
      throw PostgresError.file(operation: "rename to \(target)", path: path, code: errno)
    }
    try DurableFile.synchronizeFolder(of: target)
  }
}

import Foundation
import NIOPosix
import Subprocess
import SystemPackage

/// HAProxy's file on disk: either the old text or the new one, never a part, and none that HAProxy does not take.
struct ConfigurationFile: Sendable {
  let path: String

  /// The text, or nil when there is no readable file.
  func read() async -> String? {
    try? await NIOThreadPool.singleton.runIfActive { [path] in
      try String(contentsOfFile: path, encoding: .utf8)
    }
  }

  /// Where somebody else's file is kept that ours takes the place of.
  var keptPath: String { path + ".before-tercet" }

  /// Writes beside the file, has HAProxy check it, and puts it in the file's place.
  ///
  /// - Returns: whether that was somebody else's file, which was kept at `keptPath` just now.
  @discardableResult
  func write(_ text: String, checkedBy program: String) async throws(LoadBalancerError) -> Bool {
    let draft = path + ".new"
    do {
      try await save(text, as: draft)
      try await check(draft, with: program)
      return try await onDisk {
        let isKept = try keepForeign()
        guard rename(draft, path) == 0 else { throw Failure(path: path, code: errno) }
        return isKept
      }
    } catch {
      _ = try? await onDisk { unlink(draft) }
      throw error as? LoadBalancerError ?? .fileUnwritable(path: path, reason: "\(error)")
    }
  }

  /// Gives a file that is not ours a second name, under which it stays as it is. Only the first one: what is there
  /// already is what somebody wrote by hand, and nothing of later is worth more.
  private func keepForeign() throws -> Bool {
    guard let present = FileManager.default.contents(atPath: path), !present.starts(with: header.utf8) else {
      return false
    }
    if link(path, keptPath) == 0 { return true }
    guard errno == EEXIST else { throw Failure(path: keptPath, code: errno) }
    return false
  }

  private func save(_ text: String, as draft: String) async throws {
    try await onDisk {
      try Data(text.utf8).write(to: URL(filePath: draft))
      let file = try FileHandle(forWritingTo: URL(filePath: draft))
      // After a power cut HAProxy starts with this file: it must not be an empty one.
      try file.synchronize()
      try file.close()
    }
  }

  private func check(_ draft: String, with program: String) async throws {
    let complaint: String?
    do {
      let result = try await run(
        program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: ["-c", "-f", draft],
        output: .discarded, error: .string(limit: 1 << 16))
      complaint = result.terminationStatus.isSuccess ? nil : result.standardError
    } catch {
      throw LoadBalancerError.programUnusable(program, reason: "\(error)")
    }
    if let complaint { throw LoadBalancerError.fileRefused(path: draft, output: complaint) }
  }

  /// Not on a thread of the cooperative pool, which a slow disk would hold up.
  private func onDisk<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(work)
  }

  private struct Failure: Error, CustomStringConvertible {
    var path: String
    var code: Int32
    var description: String { String(cString: strerror(code)) }
  }
}

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

  /// Writes beside the file, has HAProxy check it, and puts it in the file's place.
  func write(_ text: String, checkedBy program: String) async throws(LoadBalancerError) {
    let draft = path + ".new"
    do {
      try await save(text, as: draft)
      try await check(draft, with: program)
      try await onDisk { guard rename(draft, path) == 0 else { throw Failure(path: path, code: errno) } }
    } catch {
      try? await onDisk { unlink(draft) }
      throw error as? LoadBalancerError ?? .fileUnwritable(path: path, reason: "\(error)")
    }
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
  private func onDisk(_ work: @escaping @Sendable () throws -> Void) async throws {
    try await NIOThreadPool.singleton.runIfActive(work)
  }

  private struct Failure: Error, CustomStringConvertible {
    var path: String
    var code: Int32
    var description: String { String(cString: strerror(code)) }
  }
}

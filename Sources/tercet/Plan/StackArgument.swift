import ArgumentParser
import Cluster
import Foundation
import StackFile

/// A stack file on the command line.
struct StackArgument: ParsableArguments {
  @Argument(help: "The stack file.", completion: .file(extensions: ["yml", "yaml"]))
  var file: String

  @Option(help: "The stack's name; otherwise the file's `name:`, otherwise its folder's.")
  var stack: String?

  /// What is larger is no stack file.
  private static let maximumBytes = 4 << 20

  /// - Throws: `CommandFailure` with the reason and the remedy.
  private static func contents(of url: URL, named file: String) throws -> Data {
    let remedy = "name a stack file, such as docker-stack.yml"
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw CommandFailure(.error, "\(file) does not exist; \(remedy)")
    }
    guard !isFolder.boolValue else { throw CommandFailure(.error, "\(file) is a folder; \(remedy)") }
    // Not the whole-file way, which takes no pipes.
    guard let handle = FileHandle(forReadingAtPath: url.path),
      let data = try? handle.read(upToCount: maximumBytes + 1) ?? Data()
    else {
      throw CommandFailure(.error, "\(file) cannot be read; see who may read it, or \(remedy)")
    }
    guard data.count <= maximumBytes else {
      throw CommandFailure(.error, "\(file) is larger than \(maximumBytes >> 20) MiB; \(remedy)")
    }
    guard !data.isEmpty else { throw CommandFailure(.error, "\(file) is empty; \(remedy)") }
    return data
  }

  /// Reads the file; warnings go to standard error.
  ///
  /// - Throws: `CommandFailure` with every complaint.
  func read() throws -> Stack {
    let url = URL(fileURLWithPath: file).standardizedFileURL
    let data = try Self.contents(of: url, named: file)
    let folder = url.deletingLastPathComponent()
    let environment = ProcessInfo.processInfo.environment
    let surroundings = StackFile.Surroundings(
      variables: { environment[$0] },
      readFile: { path in
        FileManager.default.contents(atPath: URL(fileURLWithPath: path, relativeTo: folder).path).map {
          Array($0)
        }
      }, folder: folder.path)
    do throws(StackFileError) {
      let (stack, warnings) = try StackFile.parse(
        bytes: Array(data), fileName: file, stackName: stack, surroundings: surroundings)
      for warning in warnings { StandardError.line(warning.description) }
      return stack
    } catch {
      throw CommandFailure(.error, "the stack file cannot be deployed\n\(error)")
    }
  }
}

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

  /// Reads the file; warnings go to standard error.
  ///
  /// - Throws: `CommandFailure` with every complaint.
  func read() throws -> Stack {
    let url = URL(fileURLWithPath: file).standardizedFileURL
    guard let data = FileManager.default.contents(atPath: url.path) else {
      throw CommandFailure(.error, "\(file) cannot be read")
    }
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

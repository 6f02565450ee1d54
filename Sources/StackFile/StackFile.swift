/// StackFile: Docker's stack format (compose-spec with `deploy:`) → `Stack`, with the line of every complaint.
///
/// The file is read as YAML nodes, never as typed YAML: each scalar is text until a key says what it means, so
/// that `22:22` stays a port and `0644` a mode. Where Docker's documents leave a value open, the default is Swarm's.

public import Cluster
internal import Yams

public enum StackFile {
  /// Where a file's words lead outside of it.
  public struct Surroundings {
    /// The value of a variable for `${NAME}`; nil when it is not set.
    public var variables: (String) -> String?
    /// The bytes of a file that `env_file` names, its path taken from the stack file's folder; nil when it
    /// cannot be read.
    public var readFile: (String) -> [UInt8]?
    /// The absolute path of the folder that relative bind mounts start from; nil refuses them.
    public var folder: String?

    public init(
      variables: @escaping (String) -> String? = { _ in nil },
      readFile: @escaping (String) -> [UInt8]? = { _ in nil }, folder: String? = nil
    ) {
      self.variables = variables
      self.readFile = readFile
      self.folder = folder
    }
  }

  /// Reads a stack file.
  ///
  /// - Parameters:
  ///   - text: the whole file, at most 1 MiB.
  ///   - fileName: how complaints name the file.
  ///   - stackName: the stack's name; names of volumes and networks start with it. Nil for what the file says under
  ///     `name`, or else its folder's.
  ///   - surroundings: variables and other files.
  /// - Returns: the stack, and warnings in the order of lines.
  /// - Throws: `StackFileError` with all complaints when at least one is an error.
  public static func parse(
    text: String, fileName: String, stackName: String?, surroundings: Surroundings = Surroundings()
  ) throws(StackFileError) -> (Stack, [Complaint]) {
    let reading = Reading(fileName: fileName, surroundings: surroundings)
    var stack = Stack(name: stackName ?? "")
    if let root = YAMLDocument.root(of: text, reading: reading) {
      let name = stackName ?? root.ownName ?? surroundings.folderName
      stack = StackReader(stackName: name, reading: reading).read(root)
    }
    let complaints = reading.sortedComplaints
    if complaints.contains(where: { $0.severity == .error }) { throw StackFileError(complaints: complaints) }
    return (stack, complaints)
  }

  /// Reads a stack file from its bytes, which must be UTF-8; otherwise like `parse(text:…)`.
  public static func parse(
    bytes: [UInt8], fileName: String, stackName: String?, surroundings: Surroundings = Surroundings()
  ) throws(StackFileError) -> (Stack, [Complaint]) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw StackFileError(complaints: [YAMLDocument.encodingComplaint(bytes, fileName: fileName)])
    }
    return try parse(text: text, fileName: fileName, stackName: stackName, surroundings: surroundings)
  }
}

extension StackFile.Surroundings {
  /// The last part of its path.
  fileprivate var folderName: String { folder?.split(separator: "/").last.map(String.init) ?? "" }
}

extension Element {
  /// What the file calls the stack. Complaints about it are the reader's.
  fileprivate var ownName: String? {
    guard let raw = node.mapping?["name"]?.scalar?.string else { return nil }
    return (try? Interpolation.expand(raw, variables: reading.surroundings.variables) { _ in }) ?? raw
  }
}

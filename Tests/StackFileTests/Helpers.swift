import Cluster
import StackFile
import Testing

/// The stack of a file without errors.
func parse(
  _ text: String, variables: [String: String] = [:], files: [String: String] = [:], folder: String? = nil
) throws -> (Stack, [Complaint]) {
  try StackFile.parse(
    text: text, fileName: "shop.yml", stackName: "shop",
    surroundings: StackFile.Surroundings(
      variables: { variables[$0] }, readFile: { files[$0].map { Array($0.utf8) } }, folder: folder))
}

/// The only service of a file whose service `web` has the image `i` and the given keys, each indented by four.
func service(_ keys: String, variables: [String: String] = [:], rest: String = "") throws -> Service {
  let (stack, _) = try parse(file(keys, rest: rest), variables: variables)
  return try #require(stack.services.first)
}

func file(_ keys: String, rest: String = "") -> String {
  let indented = keys.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
  return "services:\n  web:\n    image: i\n" + indented.joined(separator: "\n") + "\n" + rest
}

/// All complaints about a file, whether it has errors or not.
func complaints(_ text: String, variables: [String: String] = [:], files: [String: String] = [:])
  -> [Complaint]
{
  do {
    return try parse(text, variables: variables, files: files).1
  } catch {
    return (error as? StackFileError)?.complaints ?? []
  }
}

func settings(_ pairs: KeyValuePairs<String, String>) -> [Setting] { pairs.map { Setting($0.key, $0.value) } }

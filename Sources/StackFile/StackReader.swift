internal import Cluster
internal import Raft

/// Reads the top level of a stack file.
struct StackReader {
  let stackName: String
  let reading: Reading

  private static let keys = Keys(
    known: ["version", "name", "services", "networks", "volumes", "x-databases"],
    unsupported: [
      "secrets": "this version has no secrets; hand them over as environment variables or mounted files",
      "configs": "this version has no configs; put the file into the image or mount it from the nodes",
      "include": "merge the files before deploying, as `docker stack config` does",
    ])

  func read(_ root: Element) -> Stack {
    if !isValidName(stackName) {
      root.error(
        "`\(stackName)` cannot name a stack",
        remedy:
          "use 1 to 63 letters, digits, `-`, `_` or `.`, the first a letter or digit, or name it with --stack"
      )
    }
    guard let record = Record(root, Self.keys) else { return Stack(name: stackName) }
    if let name = record["name"]?.text(), name != stackName {
      record.keyElement("name")?.warning("the key has no effect: the stack is deployed as `\(stackName)`")
    }
    let surroundings = Definitions(
      networks: NetworkDefinitions(record["networks"], stackName: stackName),
      volumes: VolumeDefinitions(record["volumes"], stackName: stackName))
    let services = read(record["services"], Self.readService(surroundings))
    let databases = read(record["x-databases"], DatabaseReader.read)
    if services.isEmpty, databases.isEmpty, !reading.hasErrors {
      root.error("the stack has neither services nor databases", remedy: "add them under `services:`")
    }
    checkPorts(services)
    checkPorts(databases)
    return Stack(name: stackName, services: services.map(\.value), databases: databases.map(\.value))
  }

  /// What a file names at its top level for its services.
  struct Definitions {
    let networks: NetworkDefinitions
    let volumes: VolumeDefinitions
  }

  /// A value with the place of its name.
  private struct Placed<Value> {
    let field: Field
    let value: Value
  }

  private static func readService(_ definitions: Definitions) -> (Field) -> Service? {
    { field in ServiceReader(name: field.key, definitions: definitions).read(field.value) }
  }

  private func read<Value>(_ element: Element?, _ readOne: (Field) -> Value?) -> [Placed<Value>] {
    (element?.fields() ?? []).compactMap { field in
      guard isValidName(field.key) else {
        field.keyElement.error(
          "`\(field.key)` is no valid name",
          remedy: "use 1 to 63 letters, digits, `-`, `_` or `.`, the first a letter or digit")
        return nil
      }
      return readOne(field).map { Placed(field: field, value: $0) }
    }
  }

  /// A published port belongs to one service in the cluster: which of a node's containers has it must not depend on
  /// where the tasks are put.
  private func checkPorts(_ services: [Placed<Service>]) {
    var owners: [PublishedPort: String] = [:]
    for service in services {
      for port in service.value.template.ports {
        let published = PublishedPort(number: port.published, transport: port.transport)
        if let owner = owners[published], owner != service.field.key {
          service.field.keyElement.error(
            "port \(port.published) is published by `\(owner)` already", remedy: "publish another one")
        }
        owners[published] = service.field.key
      }
    }
  }

  private struct PublishedPort: Hashable {
    let number: Int
    let transport: Port.Transport
  }

  private func checkPorts(_ databases: [Placed<DatabaseSpecification>]) {
    var owners: [Int: String] = [:]
    for database in databases {
      if let owner = owners[database.value.port] {
        database.field.keyElement.error(
          "port \(database.value.port) belongs to the database `\(owner)` already",
          remedy: "give each database a port of its own")
      }
      owners[database.value.port] = database.field.key
    }
  }
}

import ArgumentParser
import Cluster
import ManagerAPI

struct Scale: ClusterCommand {
  static let configuration = CommandConfiguration(
    abstract: "Sets how many tasks services have.",
    discussion: """
      Examples:
        tercet scale shop/web=4
        tercet scale shop/web=4 shop/worker=0
      """)

  @Argument(
    help: ArgumentHelp("A service and its number of tasks.", valueName: "stack/service=n"),
    transform: ScaleArgument.init(parsing:))
  var services: [ScaleArgument]

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var cluster: ClusterOptions

  func run(with client: OperatorClient) async throws {
    guard let last = services.last else { return }
    var accepted: [ScaleArgument] = []
    do {
      for one in services.dropLast() {
        _ = try await client.submit(.scale(one.service, replicas: one.replicas))
        accepted.append(one)
      }
      let names = services.map(\.service.description)
      try await Change(client: client, cluster: cluster, waiting: waiting).make(
        .scale(last.service, replicas: last.replicas),
        interrupted: "scaling \(names.joined(separator: ", ")) goes on; see `tercet ps`"
      ) { ServicesGoal(index: $0.index, names: names) }
    } catch let error as ClientError where !accepted.isEmpty {
      var failure = CommandFailure(error)
      let done = accepted.map { "\($0.service)=\($0.replicas)" }.joined(separator: ", ")
      failure.message = "\(error)\ntercet: \(done) was accepted before that, and goes on"
      throw failure
    }
  }
}

/// `STACK/SERVICE=N`.
struct ScaleArgument: Equatable {
  let service: ServiceName
  let replicas: Int

  /// - Throws: `ValidationError` with the form that is expected.
  init(parsing text: String) throws {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, let service = ServiceName(String(sides[0])), let replicas = Int(sides[1]),
      (0...Service.maximumReplicas).contains(replicas)
    else {
      throw ValidationError(
        "write STACK/SERVICE=N, with N from 0 to \(Service.maximumReplicas), such as shop/web=4")
    }
    self.service = service
    self.replicas = replicas
  }
}

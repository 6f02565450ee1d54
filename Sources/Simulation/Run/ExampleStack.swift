public import Cluster
public import Raft

/// The stack that simulated clusters run: a web service that publishes a port and has a health check, and a database
/// with a copy in each zone that carries data.
public enum ExampleStack {
  public static let web = ServiceName(stack: "example", service: "web")
  public static let database = "shop"

  public static func stack(
    image: String = "shop:1", replicas: Int = 3, order: UpdatePolicy.Order = .startFirst,
    zones: [String] = ["a", "b"],
    relaxAfter: Duration? = .seconds(2)
  ) -> Stack {
    var template = TaskTemplate(image: image)
    template.ports = [Port(target: 8080, published: 8080)]
    template.healthcheck = Healthcheck(test: ["CMD", "true"], interval: .seconds(1), retries: 2)
    let update = UpdatePolicy(monitor: .seconds(2), failureAction: .rollBack, order: order)
    let service = Service(
      name: "web", template: template, mode: .replicated(replicas), update: update, rollback: update)
    // What is deployed changes the database too.
    let specification = DatabaseSpecification(
      name: database, zones: zones, owner: "shop", parameters: [Setting("shop.release", image)],
      relaxAfter: relaxAfter)
    return Stack(name: "example", services: [service], databases: [specification])
  }
}

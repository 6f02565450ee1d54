import Cluster
import FakeManager
import Raft
import Testing

@testable import tercet

@Suite("The plan")
struct PlanTests {
  private static func service(_ change: (inout Service) -> Void = { _ in }) -> Service {
    var service = Service(name: "web", template: TaskTemplate(image: "web:1"), mode: .replicated(2))
    service.template.environment = [Setting("COLOUR", "blue"), Setting("DB_PASSWORD", "hunter2")]
    change(&service)
    return service
  }

  private static func plan(_ old: [Service], _ new: [Service]) -> Plan {
    Plan(from: Stack(name: "shop", services: old), to: Stack(name: "shop", services: new))
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let change: @Sendable (inout Service) -> Void
    let lines: [String]

    static let all: [Case] = [
      Case(
        testDescription: "image", change: { $0.template.image = "web:2" }, lines: ["~ image: web:1 → web:2"]),
      Case(testDescription: "replicas", change: { $0.mode = .replicated(3) }, lines: ["~ replicas: 2 → 3"]),
      Case(
        testDescription: "mode", change: { $0.mode = .global },
        lines: ["+ mode:     global", "- replicas: 2"]),
      Case(
        testDescription: "a variable more", change: { $0.template.environment.append(Setting("X", "1")) },
        lines: ["+ environment.X: 1"]),
      Case(
        testDescription: "a variable less", change: { $0.template.environment.remove(at: 0) },
        lines: ["- environment.COLOUR: blue"]),
      Case(
        testDescription: "a secret",
        change: { $0.template.environment[1] = Setting("DB_PASSWORD", "correct horse") },
        lines: ["~ environment.DB_PASSWORD: (hidden), changed"]),
      Case(
        testDescription: "a password inside an address",
        change: { $0.template.environment.append(Setting("URL", "amqp://user:pw@mq/")) },
        lines: ["+ environment.URL: (hidden)"]),
      Case(
        testDescription: "a password in a command",
        change: { $0.template.command = ["serve", "--admin-password", "hunter2"] },
        lines: ["+ command: (hidden)"]),
      Case(
        testDescription: "a token in a health check",
        change: { $0.template.healthcheck = Healthcheck(test: ["CMD", "probe", "--token=hunter2"]) },
        lines: [
          "+ healthcheck.test:         (hidden)", "+ healthcheck.interval:     30s",
          "+ healthcheck.timeout:      30s",
          "+ healthcheck.start_period: 0s", "+ healthcheck.retries:      3",
        ]),
      Case(
        testDescription: "a share with its password",
        change: {
          $0.template.mounts = [
            Mount(
              kind: .volume(driverOptions: [
                Setting("o", "username=ana,password=hunter2"), Setting("type", "cifs"),
              ]),
              source: "shop_files", target: "/files")
          ]
        }, lines: ["+ volumes./files: (hidden)"]),
      Case(
        testDescription: "a command without a secret",
        change: { $0.template.command = ["serve", "--port", "80", "passages"] },
        lines: ["+ command: serve --port 80 passages"]),
      Case(
        testDescription: "order", change: { $0.update.order = .startFirst },
        lines: ["~ update_config.order: stop-first → start-first"]),
      Case(
        testDescription: "back to a default", change: { $0.restart.delay = .seconds(5) }, lines: []),
      Case(
        testDescription: "port", change: { $0.template.ports = [Port(target: 80, published: 8_080)] },
        lines: ["+ ports.8080/tcp: to 80, balanced"]),
      Case(
        testDescription: "memory", change: { $0.template.resources.limitMemoryBytes = 512 << 20 },
        lines: ["+ resources.limits.memory: 512M"]),
      Case(
        testDescription: "constraint",
        change: { $0.placement.constraints = [Constraint(attribute: .zone, isEqual: true, value: "a")] },
        lines: ["+ placement.constraints: node.zone == a"]),
    ]
  }

  @Test("a change is shown by the file's own key", arguments: Case.all)
  func change(example: Case) {
    let plan = Self.plan([Self.service()], [Self.service(example.change)])
    let text = plan.text(.pipe)
    let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { $0.contains(":") }
      .filter { !$0.hasPrefix("Stack") }
    #expect(lines.map(String.init) == example.lines)
    #expect(plan.isEmpty == example.lines.isEmpty)
    #expect(!text.contains("hunter2") && !text.contains("correct horse") && !text.contains("pw@"))
  }

  @Test("a new service is shown whole, with what the file leaves to the defaults")
  func added() {
    let plan = Plan(from: nil, to: Stack(name: "shop", services: [Self.service()]))
    let text = plan.text(.pipe)
    #expect(text.hasPrefix("Stack shop: 1 to add, 0 to change, 0 to remove\n\n+ service web\n"))
    #expect(text.contains(" update_config.order: ") && text.contains("stop-first (default)"))
    #expect(text.contains("restart_policy.delay: ") && text.contains("5s (default)"))
    #expect(text.contains("environment.DB_PASSWORD: ") && !text.contains("hunter2"))
    for name in ["RABBITMQ_DEFAULT_PASS", "MYSQL_PWD", "SMTP_AUTH", "signing_key"] {
      #expect(Attribute.isSecret(name: name, value: "x"))
    }
    #expect(!Attribute.isSecret(name: "PWD", value: "/srv"))
    #expect(!text.contains("web:1 (default)"))
  }

  @Test("a service that is gone from the file is removed; a database stays")
  func removed() {
    let data = FakeManager.databaseStack()
    let old = Stack(name: "shop", services: [Self.service()], databases: data.databases)
    let plan = Plan(from: old, to: Stack(name: "shop", services: []))
    #expect(plan.changes.map(\.action) == [.remove, .keep])
    let text = plan.text(.pipe)
    #expect(text.contains("- service web\n") && text.contains("= database plone\n"))
    #expect(!text.contains("secret"))
    #expect(Plan(from: data, to: Stack(name: "data")).isEmpty)
  }

  @Test("what happens to running tasks is said when they are replaced, and only then")
  func effect() {
    #expect(
      Self.plan([Self.service()], [Self.service { $0.template.image = "web:2" }]).changes[0].effect
        == "its tasks are replaced 1 at a time, stop-first")
    #expect(Self.plan([Self.service()], [Self.service { $0.mode = .replicated(9) }]).changes[0].effect == nil)
  }

  @Test("an unchanged stack is an empty plan")
  func unchanged() {
    #expect(Self.plan([Self.service()], [Self.service()]).isEmpty)
  }
}

extension Terminal {
  /// What is no terminal.
  static let pipe = Terminal(isTerminal: false, hasColours: false, columns: 80, rows: 24)
}

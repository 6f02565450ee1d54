import Cluster
import Control
import Raft
import Testing

@Suite("Placement")
struct PlacementTests {
  @Test("tasks spread over zones first, then over the nodes of a zone")
  func spread() {
    var scene = Scene(nodes: ["a1", "a2", "b1"])
    scene.accept(.deploy(.replicated(4)))
    #expect(scene.look().added.map(\.node) == ["a1", "b1", "a2", "b1"])
  }

  @Test("within a zone, label values asked for come before the number on a node")
  func labels() {
    var scene = Scene(nodes: ["a1", "a2", "a3"]) { node in
      node.labels = [Setting("rack", node.name == "a3" ? "right" : "left")]
    }
    scene.accept(.deploy(.replicated(4)) { $0.placement.spread = ["rack"] })
    #expect(scene.look().added.map(\.node) == ["a1", "a3", "a2", "a3"])
  }

  @Test("of equal nodes the one with the fewest tasks of all services is taken")
  func fewestOfAll() {
    var scene = Scene(nodes: ["a1", "a2"])
    let other = Service(name: "other", template: TaskTemplate(image: "x"))
    scene.accept(.deploy(Stack(name: "aaa", services: [other])), .deploy(.replicated(1)))
    #expect(scene.look().added.map(\.node) == ["a1", "a2"])
  }

  /// Why node a1 cannot have the service's one task.
  struct Obstacle: CustomTestStringConvertible, Sendable {
    var words: String
    var service: @Sendable (inout Service) -> Void = { _ in }
    var node: @Sendable (inout Scene) -> Void = { _ in }
    var testDescription: String { words }
  }

  private static let obstacles = [
    Obstacle(
      words: "a1 does not fit node.zone == x",
      service: {
        $0.placement.constraints = [Constraint(attribute: .zone, isEqual: true, value: "x")]
      }),
    Obstacle(
      words: "a1 does not fit node.labels.disk != ssd",
      service: {
        $0.placement.constraints = [Constraint(attribute: .label("disk"), isEqual: false, value: "ssd")]
      }),
    Obstacle(
      words: "a1 has not enough memory left",
      service: { $0.template.resources.reservedMemoryBytes = 4 << 30 + 1 }),
    Obstacle(
      words: "a1 has not enough processors left",
      service: { $0.template.resources.reservedNanoCPUs = 4_000_000_001 }),
    Obstacle(words: "a1 is drained", node: { $0.accept(.drain(node: "a1")) }),
    Obstacle(
      words: "a1 is lost",
      node: {
        $0.accept(.health(node: "a1", .lost))
        $0.silence("a1")
        $0.pass(.seconds(2))
      }),
    Obstacle(
      words: "a1 does not answer",
      node: {
        $0.silence("a1")
        $0.pass(.seconds(1))
      }),
  ]

  @Test("a task without a place stays away, and the problem says why", arguments: obstacles)
  func nothingFits(obstacle: Obstacle) {
    var scene = Scene(nodes: ["a1"]) { $0.labels = [Setting("disk", "ssd")] }
    scene.accept(.deploy(.replicated(1)) { obstacle.service(&$0) })
    obstacle.node(&scene)
    #expect(scene.look() == [])
    #expect(scene.controllers.problems.contains("no node for a task of shop/web: \(obstacle.words)"))
  }

  @Test("a cluster without a node for containers says so")
  func noNodes() {
    var scene = Scene(nodes: ["a1"]) { $0.runsContainers = false }
    scene.accept(.deploy(.replicated(1)))
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == ["no node for a task of shop/web: no node runs containers"])
  }

  @Test("what fits is placed though the rest does not: a host port and a maximum are for each node")
  func oneForEachNode() {
    let port = Port(target: 80, published: 80, mode: .host)
    for (change, words) in [
      ({ (service: inout Service) in service.template.ports = [port] }, "has its port 80 in use"),
      ({ (service: inout Service) in service.placement.maximumPerNode = 1 }, "has its 1 tasks of it"),
    ] {
      var scene = Scene(nodes: ["a1", "b1"])
      scene.accept(.deploy(.replicated(3), change))
      #expect(scene.look().added.map(\.node) == ["a1", "b1"])
      #expect(scene.controllers.problems == ["no node for a task of shop/web: a1 \(words), b1 \(words)"])
    }
  }

  @Test("reservations of tasks that are there count")
  func reservations() {
    var scene = Scene(nodes: ["a1"])
    scene.accept(.deploy(.replicated(3)) { $0.template.resources.reservedMemoryBytes = 2 << 30 })
    #expect(scene.act().added.count == 2)
    scene.serveAll()
    #expect(scene.look() == [])
    #expect(scene.controllers.problems == ["no node for a task of shop/web: a1 has not enough memory left"])
  }

  @Test("two services decided in one look do not reserve the same memory")
  func reservationsOfOneLook() {
    var scene = Scene(nodes: ["a1"])
    let services = ["api", "web"].map { name in
      var service = Service(name: name, template: TaskTemplate(image: "x"))
      service.template.resources.reservedMemoryBytes = 3 << 30
      return service
    }
    scene.accept(.deploy(Stack(name: "shop", services: services)))
    #expect(scene.look().added.map(\.service.service) == ["api"])
  }

  // MARK: Number

  @Test("scaling down takes what does not serve first")
  func downNotServing() {
    var scene = Scene(nodes: ["a1", "a2", "b1"])
    scene.accept(.deploy(.replicated(3)))
    scene.settle()
    scene.phases[scene.task(2).id] = .starting
    scene.accept(.scale(.web, replicas: 2))
    #expect(scene.look().removed == [scene.task(2).id])
  }

  @Test("scaling down what serves takes from the fuller zone, the highest slot first")
  func downFullerZone() {
    var scene = Scene(nodes: ["a1", "a2", "b1"])
    scene.accept(.deploy(.replicated(5)))
    scene.settle()
    #expect(scene.places == ["a1", "b1", "a2", "b1", "a1"])
    scene.accept(.scale(.web, replicas: 2))
    #expect(scene.look().removed == [5, 4, 3].map { scene.task($0).id })
  }

  @Test("a slot that became free is filled first")
  func lowestSlot() {
    var scene = Scene(nodes: ["a1"])
    scene.accept(.deploy(.replicated(3)))
    scene.settle()
    scene.accept(.assign(remove: [scene.task(2).id], add: []))
    #expect(scene.look().added.map(\.slot) == [2])
  }

  // MARK: Global services

  @Test("a global service runs once on every node that fits, also on one that comes later")
  func global() {
    var scene = Scene(nodes: ["a1", "b1", "c1"])
    scene.accept(
      .deploy(.global) {
        $0.placement.constraints = [Constraint(attribute: .zone, isEqual: false, value: "c")]
      })
    #expect(scene.act().added.map(\.node) == ["a1", "b1"])
    scene.settle()
    var late = scene.state.nodes["a1"]!.description
    late.name = "a2"
    scene.accept(.register(late))
    #expect(scene.look().added.map(\.node) == ["a2"])
  }

  @Test("a global task waits for its lost node and leaves a drained one, without another in its place")
  func globalLeaves() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.deploy(.global))
    scene.settle()
    scene.silence("a1")
    scene.pass(.seconds(2))
    #expect(scene.act() == [.health(node: "a1", .lost)])
    #expect(scene.look() == [])
    scene.speak("a1")
    scene.act()
    scene.accept(.drain(node: "a1"))
    let intents = scene.look()
    #expect(intents.removed == scene.tasks.filter { $0.node == "a1" }.map(\.id))
    #expect(intents.added == [])
  }

  // MARK: Nodes

  @Test("a drained node's task goes only when the one in its place serves")
  func drained() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.deploy(.replicated(2)))
    scene.settle()
    let old = scene.task(1)
    scene.accept(.drain(node: "a1"))
    let start = scene.act()
    #expect(start.removed == [])
    #expect(start.added.map(\.node) == ["b1"])
    #expect(scene.look() == [])
    scene.phases[scene.task(1).id] = .well
    #expect(scene.look() == [])
    scene.phases[scene.task(1).id] = .serving
    #expect(scene.look() == [.assign(remove: [old.id], add: [])])
  }

  @Test(
    "a node that is silent for 2 s is lost, its tasks are replaced elsewhere, and it is ready again when it speaks"
  )
  func lost() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.deploy(.replicated(2)))
    scene.settle()
    scene.silence("a1")
    #expect(scene.look(after: .milliseconds(1_999)) == [])
    #expect(scene.act(after: .milliseconds(1)) == [.health(node: "a1", .lost)])
    let moved = scene.look()
    #expect(moved.removed == [])
    #expect(moved.added.map(\.node) == ["b1"])
    scene.speak("a1")
    #expect(scene.look() == [.health(node: "a1", .ready)])
  }

  @Test("a lost node's task goes on, should the node be back, until what replaces it serves")
  func lostForAMoment() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.deploy(.replicated(2)))
    scene.settle()
    let old = scene.task(1)
    scene.silence("a1")
    scene.act(after: .seconds(2))
    scene.act()
    scene.speak("a1")
    scene.act()
    #expect(scene.look() == [])
    scene.phases[scene.task(1).id] = .serving
    #expect(scene.look() == [.assign(remove: [old.id], add: [])])
  }

  @Test("a lost node's task stays in the log while there is nowhere else")
  func lostWithoutElsewhere() {
    var scene = Scene(nodes: ["a1"])
    scene.accept(.deploy(.replicated(1)))
    scene.settle()
    scene.silence("a1")
    scene.act(after: .seconds(2))
    #expect(scene.look() == [])
    #expect(scene.tasks.count == 1)
  }

  @Test("a zone that comes back gets its share only after a while, one task at a time, start-first")
  func rebalance() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.drain(node: "b1"), .deploy(.replicated(4)))
    scene.settle()
    scene.accept(.activate(node: "b1"))
    #expect(scene.look() == [])
    #expect(scene.look(after: .milliseconds(29_999)) == [])
    let intents = scene.act(after: .milliseconds(1))
    #expect(intents.removed == [])
    #expect(intents.added.map(\.node) == ["b1"])
    scene.settle()
    #expect(scene.places.count { $0 == "a1" } == 2)
    #expect(scene.places.count { $0 == "b1" } == 2)
  }

  @Test("a zone that goes and comes again begins to wait anew")
  func rebalanceWaitsAnew() {
    var scene = Scene(nodes: ["a1", "b1"])
    scene.accept(.drain(node: "b1"), .deploy(.replicated(2)))
    scene.settle()
    scene.accept(.activate(node: "b1"))
    #expect(scene.look() == [])
    scene.accept(.drain(node: "b1"))
    #expect(scene.look(after: .seconds(20)) == [])
    scene.accept(.activate(node: "b1"))
    #expect(scene.look(after: .seconds(20)) == [])
    #expect(scene.look(after: .seconds(29)) == [])
    #expect(scene.look(after: .seconds(1)).added.map(\.node) == ["b1"])
  }
}

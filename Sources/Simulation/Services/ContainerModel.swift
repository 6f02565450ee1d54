public import Cluster
import Raft

/// Docker on one machine.
public struct ContainerModel: Sendable {
  public private(set) var running: [ContainerObservation] = []
  /// Containers started since the beginning.
  public private(set) var starts = 0
  /// The engine does not answer.
  var isDown = false
  var extraTime = Duration.zero
  var isFailing = false
  var isHalfDone = false
  var answersTwice = false

  /// Containers that run and are as well as their health check says.
  public var well: Int { running.count { $0.isWell } }

  /// What came of starting a task: when its health check will say something, and what.
  struct Started {
    var healthAfter: Duration
    var health: ContainerObservation.Health
  }

  /// Starts a task's container, unless it is there.
  mutating func run(_ launch: TaskLaunch, as nature: ImageNature, at now: Instant) -> Started? {
    guard !running.contains(where: { $0.task == launch.task.id }) else { return nil }
    starts += 1
    let isChecked = launch.template.healthcheck != nil
    var container = ContainerObservation(
      task: launch.task.id, name: launch.task.containerName, container: "c\(launch.task.id)",
      condition: .running,
      health: isChecked ? .starting : .unchecked)
    container.address = "172.17.0.2"
    container.startedMilliseconds = now.nanoseconds / 1_000_000
    if nature == .broken { container.condition = .exited(code: 1, outOfMemory: false, message: "broken") }
    let place = running.firstIndex { $0.task > launch.task.id } ?? running.endIndex
    running.insert(container, at: place)
    guard isChecked else { return nil }
    return switch nature {
    case .well: Started(healthAfter: .milliseconds(300), health: .healthy)
    case .slow: Started(healthAfter: .seconds(8), health: .healthy)
    case .neverHealthy: Started(healthAfter: .seconds(3), health: .unhealthy)
    case .broken: nil
    }
  }

  mutating func remove(_ task: TaskID) { running.removeAll { $0.task == task } }

  mutating func setHealth(_ health: ContainerObservation.Health, of task: TaskID) {
    guard let place = running.firstIndex(where: { $0.task == task && $0.condition == .running }) else {
      return
    }
    running[place].health = health
  }

  /// Befalls the first container that runs; says whether there was one.
  mutating func befall(_ fault: ContainerFault) -> Bool {
    guard let place = running.firstIndex(where: { $0.condition == .running }) else { return false }
    switch fault {
    case .crash: running[place].condition = .exited(code: 1, outOfMemory: false, message: "crashed")
    case .outOfMemory: running[place].condition = .exited(code: 137, outOfMemory: true, message: "killed")
    case .hang where running[place].health == .unchecked: return false
    case .hang: running[place].health = .unhealthy
    }
    return true
  }

  /// The machine lost its power: nothing runs any more, and Docker remembers all.
  mutating func losePower() {
    for place in running.indices where running[place].condition == .running {
      running[place].condition = .exited(code: 137, outOfMemory: false, message: "")
    }
  }
}

extension ContainerObservation {
  var isWell: Bool { condition == .running && (health == .healthy || health == .unchecked) }
}

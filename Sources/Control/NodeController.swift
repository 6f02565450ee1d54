import Cluster
import Raft

extension Controllers {
  /// Registers nodes that report for the first time or say something new of themselves, and keeps account of
  /// which are lost.
  mutating func decideNodes(_ situation: Situation, _ look: inout Look) {
    for (name, report) in situation.reports
    where situation.state.nodes[name]?.description != report.description {
      // A report from before a loss says nothing about now, also when this manager has only just begun to listen.
      guard situation.silence(of: name) < settings.nodeLostAfter, situation.hasHeard(name) else { continue }
      if let complaint = situation.state.complaint(of: report.description) {
        look.note(complaint)
      } else {
        look.propose(.register(report.description))
      }
    }
    for (name, node) in situation.state.nodes {
      let silence = situation.silence(of: name)
      let health: Node.Health = silence < settings.nodeLostAfter ? .ready : .lost
      if health == .ready, situation.reports[name] == nil { continue }
      // A manager that has only just begun to listen takes nobody for lost, and nobody lost for found.
      if node.health == .lost, health == .ready, !situation.hasHeard(name) { continue }
      // Since when it takes tasks: a zone that comes and goes gets no tasks moved to it.
      if node.takesTasks { _ = timers.duration(of: Self.takingTasks(name)) }
      if node.health != health {
        look.propose(.health(node: name, health))
      } else if health == .ready {
        look.wait(
          until: situation.now
            + Duration(nanoseconds: settings.nodeLostAfter.nanoseconds - silence.nanoseconds))
      } else {
        look.note("node \(name) in zone \(node.zone) is lost")
      }
    }
  }
  /// The timer of a node that can have tasks.
  static func takingTasks(_ node: String) -> String { "node \(node) takes tasks" }
}

import Cluster
import Raft

extension Controllers {
  /// Registers nodes that report for the first time or say something new of themselves, and keeps account of
  /// which are lost.
  mutating func decideNodes(_ world: World, _ look: inout Look) {
    for (name, report) in world.reports where world.state.nodes[name]?.description != report.description {
      // A report from before a loss says nothing about now.
      if world.silence(of: name) < settings.nodeLostAfter { look.propose(.register(report.description)) }
    }
    for (name, node) in world.state.nodes {
      let silence = world.silence(of: name)
      let health: Node.Health = silence < settings.nodeLostAfter ? .ready : .lost
      if health == .ready, world.reports[name] == nil { continue }
      if node.health != health {
        look.propose(.health(node: name, health))
      } else if health == .ready {
        look.wait(
          until: world.now + Duration(nanoseconds: settings.nodeLostAfter.nanoseconds - silence.nanoseconds))
      } else {
        look.note("node \(name) in zone \(node.zone) is lost")
      }
    }
  }
}

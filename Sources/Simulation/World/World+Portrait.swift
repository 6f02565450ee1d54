import Cluster
import Manager
import Raft

extension World {
  /// How every machine is at the moment, a few lines each.
  public var portrait: [String] {
    machines.indices.flatMap { index in
      [headline(of: index), "    " + services(of: index)]
        + machines[index].databases.keys.sorted().map { "    " + databaseLine($0, at: index) }
    } + ["cluster: " + clusterLine]
  }

  private func headline(of index: Int) -> String {
    let machine = machines[index]
    let place = "\(machine.name) in zone \(machine.zone): "
    guard let manager = machine.manager else {
      return place + (machine.isOn ? "the manager does not run" : "without power")
    }
    let raft = manager.raft
    return place + "\(raft.role) in term \(raft.term), leader \(raft.leader.map { "\($0)" } ?? "none"), "
      + "applied \(raft.appliedIndex), committed \(raft.commitIndex), last \(raft.lastPosition.index), "
      + "durable \(raft.durableIndex)\(machine.isPaused ? ", frozen" : "")\(machine.disk.isStalled ? ", disk hangs" : "")"
  }

  private func services(of index: Int) -> String {
    let machine = machines[index]
    let containers = machine.containers.running.map { container in
      "\(container.name) \(container.isWell ? "well" : "\(container.condition) \(container.health)")"
    }
    let cuts = machines.indices.filter { !network.connects(index, $0) }.map { machines[$0].name }
    return "containers [\(containers.joined(separator: ", "))], serving \(serving(at: index).count), "
      + "cache \(machine.cache.isReachable ? "through \(machine.cache.through)" : "unreachable")"
      + (cuts.isEmpty ? "" : ", cut off from \(cuts.joined(separator: ", "))")
  }

  private func databaseLine(_ name: String, at index: Int) -> String {
    guard let model = machines[index].databases[name] else { return "" }
    return
      "database \(name): \(model.server)\(model.isFrozen ? " (frozen)" : ""), timeline \(model.timeline), "
      + "position \(model.wal.position), epoch \(model.epoch), commits wait for "
      + "\(model.synchronousStandby ?? "nobody"), \(model.waiting.count) waiting"
  }

  private var clusterLine: String {
    guard let state = newestState else { return "no manager runs" }
    let databases = state.databases.values.map { "database \($0.specification.name) \($0.mode.summary)" }
    let services = state.services.map { "\($0.0) wants \(state.wantedTasks(of: $0.1))" }
    let nodes = state.nodes.values.map { "\($0.name) \($0.health) \($0.availability)" }
    return (nodes + services + databases).joined(separator: "; ")
  }
}

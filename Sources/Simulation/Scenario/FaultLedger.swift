/// Which faults of a scenario last, and which of them are never ended: found out without a run, as far as targets
/// are known before it.
public struct FaultLedger: Sendable {
  public struct Place: Hashable, Sendable {
    public var step: Int
    public var incident: Int
  }

  /// What lasts until something else ends it.
  private enum Fault: Hashable {
    case link, manager, frozen, diskStalled, diskFull, drift
    case engineDown, engineOdd, serverFrozen, serverSlow, cacheUnreachable, cacheOdd
    case image(String)
  }

  private struct Lasting {
    var fault: Fault
    var target: Target
    /// The other end, of a link.
    var other: Target?
    /// Of the target, those that are not well again; nil while only a run can tell which they are.
    var machines: [Int]?
    var place: Place
  }

  private let nodes: [Scenario.Participant]
  private var open: [Lasting] = []
  /// What the latest kill, stop, power-off or pause befell.
  private var lastKilled: Target?
  /// Machines whose log is damaged: their managers do not start.
  private var damaged: [Target] = []
  /// Folders of managers that run are wiped or rewritten.
  public private(set) var offlineActsOnRunningManagers: [Place] = []

  public init(_ scenario: Scenario) {
    nodes = scenario.nodes
    for (step, content) in scenario.steps.enumerated() {
      for (number, incident) in content.incidents.enumerated() {
        record(incident, at: Place(step: step, incident: number))
      }
    }
  }

  /// The faults that nothing ends, in the order in which they begin.
  public var lasting: [Place] { open.map(\.place) }

  // MARK: One incident

  private mutating func record(_ incident: Incident, at place: Place) {
    switch incident {
    case .cut(let from, let to, _), .link(let from, let to, _, _):
      begin(.link, from, other: to, at: place)
    case .isolate(let target): begin(.link, target, other: .all, at: place)
    case .heal(let target): endLinks(of: target)
    case .healLink(let from, let to):
      open.removeAll { $0.fault == .link && [[from, to], [to, from]].contains([$0.target, $0.other]) }
    case .kill(let target), .stop(let target), .powerOff(let target):
      begin(.manager, target, at: place)
      lastKilled = resolved(target)
    case .start(let target): end([.manager], of: target)
    case .pause(let target):
      begin(.frozen, target, at: place)
      lastKilled = resolved(target)
    case .resume(let target): end([.frozen], of: target)
    case .wipe(let target), .recover(let target): recordOfflineAct(on: target, at: place)
    case .disk(let target, let fault): record(fault, of: target, at: place)
    case .clockDrift(let target, let parts):
      end([.drift], of: target)
      if parts != 0 { begin(.drift, target, at: place) }
    case .docker(let target, let fault): record(fault, of: target, at: place)
    case .image(let name, let nature):
      open.removeAll { $0.fault == .image(name) }
      if nature != .well { begin(.image(name), .all, at: place) }
    case .postgres(let target, let fault): record(fault, of: target, at: place)
    case .varnish(let target, let fault): record(fault, of: target, at: place)
    case .restore(let target):
      endLinks(of: target)
      end(nil, of: target)
    case .clog, .flap, .reboot, .install, .clockJump, .wallClock, .container, .operate: break
    }
  }

  private mutating func record(_ fault: DiskFault, of target: Target, at place: Place) {
    switch fault {
    case .stall: begin(.diskStalled, target, at: place)
    case .release: end([.diskStalled], of: target)
    case .fill: begin(.diskFull, target, at: place)
    case .free: end([.diskFull], of: target)
    case .loseUnsynced, .tearTail:
      // A manager whose writes are lost has ended.
      begin(.manager, target, at: place)
    case .corrupt: damaged.append(resolved(target))
    }
  }

  private mutating func record(_ fault: EngineFault, of target: Target, at place: Place) {
    switch fault {
    case .down: begin(.engineDown, target, at: place)
    case .up: end([.engineDown], of: target)
    case .slow, .failing, .halfDone, .answersTwice: begin(.engineOdd, target, at: place)
    case .well: end([.engineOdd], of: target)
    }
  }

  private mutating func record(_ fault: ServerFault, of target: Target, at place: Place) {
    switch fault {
    case .freeze: begin(.serverFrozen, target, at: place)
    case .thaw: end([.serverFrozen], of: target)
    case .slow: begin(.serverSlow, target, at: place)
    case .well: end([.serverSlow], of: target)
    case .crash: break
    }
  }

  private mutating func record(_ fault: CacheFault, of target: Target, at place: Place) {
    switch fault {
    case .unreachable: begin(.cacheUnreachable, target, at: place)
    case .reachable: end([.cacheUnreachable], of: target)
    case .halfDone: begin(.cacheOdd, target, at: place)
    case .well: end([.cacheOdd], of: target)
    case .restart: break
    }
  }

  /// The folder of a manager that is known to run.
  private mutating func recordOfflineAct(on target: Target, at place: Place) {
    let isDown = open.contains { lasting in
      guard lasting.fault == .manager else { return false }
      guard let machines = machines(of: resolved(target)), let down = lasting.machines else {
        return lasting.target == resolved(target) || lasting.target == .all
      }
      return machines.allSatisfy(down.contains)
    }
    if !isDown, !damaged.contains(resolved(target)) { offlineActsOnRunningManagers.append(place) }
  }

  // MARK: Begin and end

  private mutating func begin(_ fault: Fault, _ target: Target, other: Target? = nil, at place: Place) {
    let target = resolved(target)
    open.append(
      Lasting(fault: fault, target: target, other: other, machines: machines(of: target), place: place))
  }

  /// Nil ends all but links.
  private mutating func end(_ faults: [Fault]?, of target: Target) {
    let target = resolved(target)
    let well = machines(of: target)
    for index in open.indices where isEnded(open[index].fault, by: faults, of: target) {
      if target == .all || target == open[index].target {
        open[index].machines = []
      } else if let well {
        open[index].machines?.removeAll { well.contains($0) }
      }
    }
    open.removeAll { $0.machines == [] }
  }

  private func isEnded(_ fault: Fault, by faults: [Fault]?, of target: Target) -> Bool {
    switch fault {
    case .link: false
    case .image: target == .all && faults == nil
    default: faults?.contains(fault) ?? true
    }
  }

  /// Of which one end or the other lies within the target.
  private mutating func endLinks(of target: Target) {
    open = open.filter { lasting in
      lasting.fault != .link || ![lasting.target, lasting.other ?? .all].contains { covers(target, $0) }
    }
  }

  // MARK: Targets

  private func resolved(_ target: Target) -> Target { target == .lastKilled ? lastKilled ?? target : target }

  private func covers(_ wide: Target, _ narrow: Target) -> Bool {
    if wide == .all || resolved(wide) == resolved(narrow) { return true }
    guard let wide = machines(of: resolved(wide)), let narrow = machines(of: resolved(narrow)) else {
      return false
    }
    return narrow.allSatisfy(wide.contains)
  }

  /// Indices of the machines, where they are known before a run.
  private func machines(of target: Target) -> [Int]? {
    switch target {
    case .all: Array(nodes.indices)
    case .named(let name):
      nodes.firstIndex { $0.name == name }.map { [$0] } ?? machines(of: .zone(name))
    case .zone(let zone): nodes.indices.filter { nodes[$0].zone == zone }
    case .decider: nodes.last.flatMap { machines(of: .zone($0.zone)) }
    case .leader, .follower, .primary, .secondary, .lastKilled: nil
    }
  }
}

import Cluster
import Manager
import Raft

// MARK: What befalls the cluster

extension World {
  /// Lets something befall; returns false if nothing was there to be befallen: what does not run cannot be killed. Only
  /// what was befallen counts.
  @discardableResult
  public mutating func befall(_ incident: Incident) -> Bool {
    chronicle?.note(now, nil, .befell(incident))
    guard carryOut(incident) else { return false }
    if incident.isFault {
      counters[.faults] += 1
      faults[incident.kind, default: 0] += 1
    }
    return true
  }

  private mutating func carryOut(_ incident: Incident) -> Bool {
    switch incident {
    case .cut(let from, let to, let direction):
      return eachLink(from, to, direction) { $0.cut($1, $2) }
    case .isolate(let target):
      let inside = machines(target)
      let outside = machines.indices.filter { !inside.contains($0) }
      return eachLink(inside, outside, .bothWays) { $0.cut($1, $2) }
    case .healLink(let from, let to):
      return eachLink(from, to, .bothWays) { $0.heal($1, $2) }
    case .heal(let target):
      return healAll(machines(target))
    case .link(let from, let to, let direction, let quality):
      return eachLink(from, to, direction) { $0.network.setQuality(quality, from: $1, to: $2) }
    case .clog(let from, let to, let direction, let duration):
      return eachLink(from, to, direction) { $0.network.clog(from: $1, to: $2, until: $0.now + duration) }
    case .flap(let from, let to, let period, let duration):
      return flap(from, to, every: period, for: duration)
    case .kill(let target), .stop(let target):
      return bringDown(able(target) { $0.manager != nil }) { $0.kill($1) }
    case .start(let target):
      return each(able(target) { $0.manager == nil || $0.hasHalted }) { world, index in
        if world.machines[index].hasHalted { world.kill(index, keeping: 0) }
        world.switchOn(index)
      }
    case .pause(let target):
      return bringDown(able(target) { $0.manager != nil && !$0.isPaused }) { world, index in
        world.machines[index].isPaused = true
        world.chronicle?.note(world.now, index, .paused)
      }
    case .resume(let target): return each(able(target) { $0.isPaused }) { $0.resume($1) }
    case .reboot(let target, let down):
      return bringDown(able(target) { $0.isOn }) { world, index in
        world.disturbedAt = world.now + down
        world.powerOff(index)
        world.schedule(.powerOn(machine: index), after: down)
      }
    case .powerOff(let target):
      return bringDown(able(target) { $0.isOn }) { world, index in
        world.disturbedAt = world.now
        world.powerOff(index)
      }
    case .wipe(let target):
      return each(able(target) { $0.manager == nil }) { world, index in
        world.invariants.wiped(world.machines[index].id)
        world.machines[index].wipe()
      }
    case .recover(let target): return machines(target).first.map { recover($0) } ?? false
    case .install(let target, let program):
      let isOther = { (machine: Machine) in machine.configuration.featureLevel != program.featureLevel }
      return each(able(target, isOther)) { $0.install(program, on: $1) }
    case .disk(let target, let fault):
      return each(able(target) { $0.canBefallDisk(fault) }) { $0.befallDisk($1, fault) }
    case .clockJump(let target, let ahead):
      return each(target) { world, index in
        world.machines[index].clock.jump(ahead, at: world.now)
        world.machines[index].wake = .never
        world.arm(index)
      }
    case .clockDrift(let target, let drift):
      return each(target) { $0.setDrift(drift, of: $1) }
    case .wallClock(let target, let offset): return each(target) { $0.machines[$1].clock.wallOffset = offset }
    case .docker(let target, let fault):
      return each(able(target) { $0.node.runsContainers }) { $0.befallEngine($1, fault) }
    case .container(let target, let fault):
      let befallen = machines(target).filter { machines[$0].containers.befall(fault) }
      for index in befallen { changed(index) }
      guard !befallen.isEmpty else { return false }
      disturbedAt = now
      counters[.crashes] += 1
      return true
    case .image(let image, let nature):
      images[image] = nature
      return true
    case .postgres(let target, let fault):
      return each(able(target) { !$0.databases.isEmpty }) { $0.befallServers($1, fault) }
    case .varnish(let target, let fault):
      return each(able(target) { $0.node.cache != nil }) { $0.befallCache($1, fault) }
    case .restore(let target): return each(target) { $0.restore($1) }
    case .operate(let operation, let target): return !operate(operation, via: target).isEmpty
    }
  }

  /// Ends all that lasts on a machine.
  private mutating func restore(_ index: Int) {
    _ = healAll([index])
    flapping = []
    releaseDisk(index)
    machines[index].disk.isFull = false
    if machines[index].hasHalted { kill(index, keeping: 0) }
    setDrift(0, of: index)
    for fault in [EngineFault.up, .well] { befallEngine(index, fault) }
    for fault in [ServerFault.thaw, .well] { befallServers(index, fault) }
    for fault in [CacheFault.reachable, .well] { befallCache(index, fault) }
    switchOn(index)
    resume(index)
    for image in images.keys.sorted() { images[image] = .well }
  }

  // MARK: Links

  private mutating func eachLink(
    _ from: Target, _ to: Target, _ direction: Direction, _ body: (inout World, Int, Int) -> Void
  ) -> Bool {
    eachLink(machines(from), machines(to), direction, body)
  }

  private mutating func eachLink(
    _ from: [Int], _ to: [Int], _ direction: Direction, _ body: (inout World, Int, Int) -> Void
  ) -> Bool {
    var found = false
    for one in from {
      for other in to where one != other {
        found = true
        body(&self, one, other)
        if direction == .bothWays { body(&self, other, one) }
      }
    }
    return found
  }

  private mutating func cut(_ from: Int, _ to: Int) {
    network.cut(from: from, to: to, at: now)
    chronicle?.note(now, from, .cut(to: to))
  }

  private mutating func mend(_ from: Int, _ to: Int) {
    network.mend(from: from, to: to)
    chronicle?.note(now, from, .mended(to: to))
  }

  private mutating func heal(_ from: Int, _ to: Int) {
    network.heal(from: from, to: to)
    chronicle?.note(now, from, .mended(to: to))
  }

  private mutating func healAll(_ ends: [Int]) -> Bool {
    eachLink(ends, Array(machines.indices), .bothWays) { world, from, to in
      world.heal(from, to)
      world.network.setQuality(world.usualQualities[from * world.machines.count + to], from: from, to: to)
    }
  }

  /// The beginning of flapping, and each of its turns: an incident that brings the next one about.
  private mutating func flap(_ from: Target, _ to: Target, every period: Duration, for duration: Duration)
    -> Bool
  {
    let links = Flapping(from: from, to: to)
    guard duration > .zero else {
      flapping.removeAll { $0 == links }
      return eachLink(from, to, .bothWays) { $0.mend($1, $2) }
    }
    let isCut = flapping.contains(links)
    if isCut { flapping.removeAll { $0 == links } } else { flapping.append(links) }
    let rest = Duration(nanoseconds: max(0, duration.nanoseconds - period.nanoseconds))
    schedule(.befall(.flap(from, to, every: period, for: rest)), after: period)
    return eachLink(from, to, .bothWays) { world, one, other in
      if isCut {
        world.mend(one, other)
      } else {
        world.cut(one, other)
      }
    }
  }

  // MARK: Machines

  /// Those that are meant and that can be befallen.
  private func able(_ target: Target, _ canBefall: (Machine) -> Bool) -> [Int] {
    machines(target).filter { canBefall(machines[$0]) }
  }

  private mutating func each(_ target: Target, _ body: (inout World, Int) -> Void) -> Bool {
    each(machines(target), body)
  }

  private mutating func each(_ able: [Int], _ body: (inout World, Int) -> Void) -> Bool {
    for index in able { body(&self, index) }
    return !able.isEmpty
  }

  /// Likewise, and they are the last ones that were.
  private mutating func bringDown(_ able: [Int], _ body: (inout World, Int) -> Void) -> Bool {
    if !able.isEmpty { lastKilled = able }
    return each(able, body)
  }

  private mutating func switchOn(_ index: Int) {
    if machines[index].isOn { start(index) } else { powerOn(index) }
  }

  private mutating func install(_ program: Program, on index: Int) {
    let isRunning = machines[index].manager != nil
    if isRunning { kill(index) }
    machines[index].install(program)
    if isRunning { start(index) }
  }

  private mutating func befallDisk(_ index: Int, _ fault: DiskFault) {
    switch fault {
    case .stall: machines[index].disk.isStalled = true
    case .release: releaseDisk(index)
    case .fill: machines[index].disk.isFull = true
    case .free: machines[index].disk.isFull = false
    case .corrupt: machines[index].disk.corrupt()
    case .loseUnsynced: kill(index, keeping: 0)
    case .tearTail: kill(index)
    }
  }

  private mutating func setDrift(_ drift: Int, of index: Int) {
    machines[index].clock.set(drift: drift, at: now)
    machines[index].wake = .never
    arm(index)
  }

  // MARK: Services

  private mutating func befallEngine(_ index: Int, _ fault: EngineFault) {
    disturbedAt = now
    switch fault {
    case .down: machines[index].containers.isDown = true
    case .up: machines[index].containers.isDown = false
    case .slow(let time): machines[index].containers.extraTime = time
    case .failing: machines[index].containers.isFailing = true
    case .halfDone: machines[index].containers.isHalfDone = true
    case .answersTwice: machines[index].containers.answersTwice = true
    case .well:
      machines[index].containers.extraTime = .zero
      machines[index].containers.isFailing = false
      machines[index].containers.isHalfDone = false
      machines[index].containers.answersTwice = false
    }
    changed(index)
  }

  private mutating func befallServers(_ index: Int, _ fault: ServerFault) {
    for name in machines[index].databases.keys.sorted() {
      switch fault {
      case .crash: machines[index].databases[name]?.crash()
      case .freeze: machines[index].databases[name]?.isFrozen = true
      case .thaw: machines[index].databases[name]?.isFrozen = false
      case .slow: machines[index].databases[name]?.isSlow = true
      case .well: machines[index].databases[name]?.isSlow = false
      }
    }
    changed(index)
  }

  private mutating func befallCache(_ index: Int, _ fault: CacheFault) {
    switch fault {
    case .unreachable: machines[index].cache.isReachable = false
    case .reachable: machines[index].cache.isReachable = true
    case .restart: machines[index].cache.restart()
    case .halfDone: machines[index].cache.isHalfDone = true
    case .well: machines[index].cache.isHalfDone = false
    }
    changed(index)
  }

  // MARK: Operators

  /// Asks for something; returns the tokens of the requests, none if no machine could be asked.
  mutating func operate(_ operation: Operation, via target: Target?) -> [UInt64] {
    let candidates = machines(target ?? .all).filter { machines[$0].manager != nil }
    guard let index = candidates.first else { return [] }
    switch operation {
    case .deploy(let image, let order):
      var replicas = 3
      if case .replicated(let count)? = newestState?.services[ExampleStack.web]?.specification.mode {
        replicas = count
      }
      let stack = ExampleStack.stack(image: image, replicas: replicas, order: order, zones: dataZones)
      return [submit(.deploy(stack), to: index)]
    case .scale(let replicas): return [submit(.scale(ExampleStack.web, replicas: replicas), to: index)]
    case .promote: return [submit(.promote(database: ExampleStack.database), to: index)]
    case .purge(let path, nil): return [edit(path, at: index)]
    case .purge(let path, let pages?): return [purge(Self.pages(pages, beneath: path), at: index)]
    case .drain(let node): return machines(node).map { submit(.drain(node: machines[$0].name), to: index) }
    case .activate(let node):
      return machines(node).map { submit(.activate(node: machines[$0].name), to: index) }
    case .forget(let node): return machines(node).map { submit(.forget(node: machines[$0].name), to: index) }
    case .replace(let node): return machines(node).compactMap { replaceManager(of: $0) }
    }
  }

  /// Addresses of a kibibyte each.
  private static func pages(_ count: Int, beneath path: String) -> [Purge] {
    (0..<count).map { page in
      let start = "\(path)/\(page)/"
      return .address(host: nil, path: start + String(repeating: "x", count: 1_024 - start.utf8.count))
    }
  }

  /// The zones that carry data, in the machines' order.
  public var dataZones: [String] {
    var zones: [String] = []
    for machine in machines where machine.node.runsDatabases && !zones.contains(machine.zone) {
      zones.append(machine.zone)
    }
    return Array(zones.prefix(2))
  }

  /// A page is cached everywhere, then edited, and its purge is asked for at a machine's door.
  @discardableResult
  mutating func edit(_ path: String, at index: Int) -> UInt64 {
    let edition = editions[path, default: 0]
    for machine in machines.indices { machines[machine].cache.fetch(path, version: edition) }
    editions[path] = edition + 1
    let token = purge([.address(host: nil, path: path)], at: index)
    edits.append(Edit(path: path, edition: edition + 1, token: token))
    return token
  }
}

extension Machine {
  /// Its manager has stopped for good, and its process with it.
  fileprivate var hasHalted: Bool { manager?.haltReason != nil }

  /// Whether something on its disk would change, or its manager end.
  fileprivate func canBefallDisk(_ fault: DiskFault) -> Bool {
    switch fault {
    case .stall: !disk.isStalled
    case .release: disk.isStalled
    case .fill: !disk.isFull
    case .free: disk.isFull
    case .corrupt: !disk.isDamaged
    case .loseUnsynced, .tearTail: manager != nil
    }
  }
}

public import Cluster
public import Raft

/// What can befall a cluster: faults, their ends, and what operators ask.
public enum Incident: Hashable, Sendable {
  // MARK: Network
  /// `cut a->b`, `cut a<->b`: what is sent gets lost, what is on its way too.
  case cut(Target, Target, Direction)
  /// `isolate a`: cut off from all others, both ways.
  case isolate(Target)
  /// `heal a<->b`, `heal a`, `heal all`: ends cuts, clogs, flapping and bad qualities of the links.
  case healLink(Target, Target)
  case heal(Target)
  /// `link a->b delay 20ms~5ms loss 2%`
  case link(Target, Target, Direction, LinkQuality)
  /// `clog a->b 3s`: messages wait for so long, then come all at once, in their order.
  case clog(Target, Target, Direction, Duration)
  /// `flap a<->b every 300ms for 10s`: cut and healed in turn.
  case flap(Target, Target, every: Duration, for: Duration)

  // MARK: Machines
  /// `kill m1`: SIGKILL of the manager. Writes under way may be lost or not; local services run on.
  case kill(Target)
  /// `stop m1`: SIGTERM of the manager.
  case stop(Target)
  /// `start m1`
  case start(Target)
  /// `pause m1`, `resume m1`: the manager's process is frozen; what comes meanwhile waits.
  case pause(Target)
  case resume(Target)
  /// `reboot m1 down 5s`: power is lost: unsynced writes are gone, containers and servers have ended, Varnish is empty.
  /// All come back after the time given.
  case reboot(Target, down: Duration)
  /// `poweroff m1`, ended by `start m1`.
  case powerOff(Target)
  /// `wipe m1`: the manager's data folder is lost. The manager must be stopped.
  case wipe(Target)
  /// `recover m1`: an operator lets the cluster go on with this manager alone, because a majority was lost. It must be
  /// stopped. The others are given up: they stand aside until they are replaced.
  case recover(Target)
  /// `install m1 newer`: the manager's program is another version from now on; if it runs it is restarted.
  case install(Target, Program)

  // MARK: Disks and clocks
  case disk(Target, DiskFault)
  /// `clock m1 jump +90s`: the monotonic clock goes on so much later (a virtual machine that was suspended);
  /// never back.
  case clockJump(Target, Duration)
  /// `clock m1 drift -300ppm`: runs slower or faster, in parts per million; 0 ends it.
  case clockDrift(Target, partsPerMillion: Int)
  /// `clock m1 wall -1h`: the wall clock alone is off.
  case wallClock(Target, Duration)

  // MARK: Local services
  case docker(Target, EngineFault)
  /// `container @leader crash`: the first running container on the machine.
  case container(Target, ContainerFault)
  /// `image shop:2 broken`: what containers of an image do, on all machines.
  case image(String, ImageNature)
  case postgres(Target, ServerFault)
  case varnish(Target, CacheFault)

  // MARK: Healing
  /// `restore all`, `restore zone a`: ends all that lasts on the machines: their links are as in a local network or
  /// as the scenario's `link` lines have them, managers run, disks, engines, servers and caches are well, clocks
  /// drift no more. On `all` every image is well again, too. Damage done once (corrupted entries, wiped folders,
  /// jumped clocks) stays.
  case restore(Target)

  // MARK: Operators
  /// Asked of the machine given; the answer is part of the history. Without one, of any that runs.
  case operate(Operation, via: Target?)
}

/// A version of tercetd, known by what it understands of the log (`FeatureLevel`).
public enum Program: String, Hashable, Sendable, CaseIterable {
  /// The program before this one, as far as the log is concerned.
  case older
  case newer

  var featureLevel: FeatureLevel {
    switch self {
    case .older: FeatureLevel(rawValue: FeatureLevel.current.rawValue - 1)
    case .newer: .current
    }
  }
}

public enum DiskFault: String, Hashable, Sendable, CaseIterable {
  /// Writes no longer end.
  case stall
  /// Waiting writes end, one after another.
  case release
  /// The next write fails for lack of room.
  case fill
  case free
  /// One byte of a stored entry is another one; found when the log is opened again.
  case corrupt
  /// The manager is killed, and none of its writes under way reaches the disk.
  case loseUnsynced = "lose-unsynced"
  /// The manager is killed, and of its writes under way a part is there.
  case tearTail = "torn-tail"
}

public enum EngineFault: Hashable, Sendable {
  /// The engine does not answer; its containers run on.
  case down
  case up
  /// `slow 3s`: each action takes so much longer.
  case slow(Duration)
  /// Each action fails without effect.
  case failing
  /// Each action takes effect and is reported as failed.
  case halfDone
  /// Each action's end is reported twice.
  case answersTwice
  /// Ends slow, failing, half-done and answers-twice.
  case well
}

public enum ContainerFault: String, Hashable, Sendable, CaseIterable {
  case crash
  /// Its health check fails from now on.
  case hang
  case outOfMemory = "oom"
}

public enum ImageNature: String, Hashable, Sendable, CaseIterable {
  case well
  /// Ends at once with code 1.
  case broken
  /// Its health check never passes.
  case neverHealthy = "never-healthy"
  /// Its health check passes after 8 s only.
  case slow
}

public enum ServerFault: String, Hashable, Sendable, CaseIterable {
  /// The server's processes end without a checkpoint.
  case crash
  /// The server does not answer, and acknowledges nothing.
  case freeze
  case thaw
  /// Actions take 3 s longer.
  case slow
  case well
}

public enum CacheFault: String, Hashable, Sendable, CaseIterable {
  /// Its control port does not answer, while it goes on serving pages.
  case unreachable
  case reachable
  /// It ends and comes back empty.
  case restart
  /// Each action is carried out, and reported as failed.
  case halfDone = "half-done"
  case well
}

public enum Operation: Hashable, Sendable {
  /// `deploy image shop:2 order stop-first`
  case deploy(image: String, order: UpdatePolicy.Order)
  case scale(Int)
  case promote
  /// With `pages`, a batch of that many addresses beneath the path, of a kibibyte each.
  case purge(path: String, pages: Int? = nil)
  case drain(Target)
  case activate(Target)
  case forget(Target)
  /// `replace m1`: a manager with a new disk and a new identity is set up on the machine, and asked to be taken in the
  /// old one's place. It is asked of another machine.
  case replace(Target)
}

/// What a link does to messages.
public struct LinkQuality: Hashable, Sendable {
  /// Every message takes this long and up to `jitter` longer.
  public var delay: Duration
  public var jitter: Duration
  /// Out of a million messages.
  public var lost: UInt64
  public var duplicated: UInt64
  /// So many of a million messages take up to ten times as long and are overtaken by others.
  public var reordered: UInt64

  public init(
    delay: Duration = .microseconds(200), jitter: Duration = .microseconds(300), lost: UInt64 = 0,
    duplicated: UInt64 = 0, reordered: UInt64 = 0
  ) {
    self.delay = delay
    self.jitter = jitter
    self.lost = lost
    self.duplicated = duplicated
    self.reordered = reordered
  }

  /// A local network.
  public static let usual = LinkQuality()
}

public import Cluster
public import Raft

/// A story about a cluster: who takes part, what befalls them and when, and what must hold.
///
/// It is what a file under `simulations/` says, what exploring draws from a seed, and what shrinking makes smaller:
/// one value, one way to run it (`ScenarioRun`).
public struct Scenario: Hashable, Sendable {
  public var name: String
  /// The managers' machines, in the order of their identities, which begin with 1.
  public var nodes: [Participant]
  public var start: Start
  /// Deviations from the managers' usual times and sizes.
  public var settings: [ScenarioSetting]
  /// How links differ from a local network; later rules win.
  public var links: [LinkRule]
  public var load: Load
  /// `misses allowed`: a step that finds nothing to befall, or whose condition does not come to be in time, is passed
  /// over instead of failing the run: for scenarios that are drawn or made smaller, not written.
  public var allowsMisses = false
  /// In the order in which they befall, one after the other: the times of `at` never go back.
  public var steps: [Step]
  /// Invariants that are checked after every step; empty means all.
  public var always: [Invariant]
  /// What must come to be once the faults have ended.
  public var eventually: Eventually?
  /// What the run must have exercised to count.
  public var reach: [Bound]
  public var expect: [Expectation]

  /// A cluster of the usual shape, settled, without load: zones a and b carry data, zone c decides.
  public init(name: String) {
    self.name = name
    nodes = [
      Participant(name: "m1", zone: "a"), Participant(name: "m2", zone: "b"),
      Participant(name: "m3", zone: "c"),
    ]
    start = .settled
    settings = []
    links = []
    load = Load()
    steps = []
    always = []
    eventually = nil
    reach = []
    expect = []
  }
}

extension Scenario {
  /// `m1@a`: a machine with a manager. The machines of the last zone decide only; all others carry data.
  public struct Participant: Hashable, Sendable {
    public var name: String
    public var zone: String

    public init(name: String, zone: String) {
      self.name = name
      self.zone = zone
    }
  }

  /// How the world is when the scenario's time begins.
  public enum Start: String, Hashable, Sendable, CaseIterable {
    /// The machines have just been switched on for the first time.
    case cold
    /// A leader is elected, the example stack is deployed and serves, its database has its synchronous secondary.
    case settled
  }

  /// `link a<->b delay 2ms~1ms loss 0.1%`
  public struct LinkRule: Hashable, Sendable {
    public var from: Target
    public var to: Target
    public var direction: Direction
    public var quality: LinkQuality

    public init(from: Target, to: Target, direction: Direction, quality: LinkQuality) {
      self.from = from
      self.to = to
      self.direction = direction
      self.quality = quality
    }
  }

  /// `set rebalance-after 10s`
  public enum ScenarioSetting: Hashable, Sendable {
    case rebalanceAfter(Duration)
    case transferAfter(Duration)
    case snapshotEntries(Int)
    case entriesKept(Int)
    /// Bytes of a snapshot that one message carries.
    case chunkBytes(Int)
    /// Bytes of proposals that may wait for their commit.
    case uncommittedBytes(Int)
    /// Unanswered appends on their way to one follower.
    case inFlight(Int)
    case relaxAfter(Duration?)
    case replicas(Int)
    /// The version of the managers' program at the beginning.
    case program(Program)
  }

  /// `load clients 4 rate 20/s mix insert:60 scale:20 purge:20 until 90s`
  public struct Load: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
      case insert, purge, scale, deploy, promote, drain, forget, read
    }

    public struct Share: Hashable, Sendable {
      public var kind: Kind
      /// Relative to the sum of all; at least 1.
      public var weight: UInt64

      public init(kind: Kind, weight: UInt64) {
        self.kind = kind
        self.weight = weight
      }
    }

    public var clients = 0
    /// Of all clients together; 0 to 10,000.
    public var requestsPerSecond = 0
    public var mix: [Share] = []
    public var until = Duration.zero

    public init() {}
  }

  /// When something befalls, and what. Steps are equal when they say the same, wherever they stand in a file.
  public struct Step: Hashable, Sendable {
    public var trigger: Trigger
    public var incidents: [Incident]
    /// The line in its file, from 1; 0 without a file.
    public var line: Int

    public static func == (left: Step, right: Step) -> Bool {
      left.trigger == right.trigger && left.incidents == right.incidents
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(trigger)
      hasher.combine(incidents)
    }

    public init(_ trigger: Trigger, _ incidents: [Incident], line: Int = 0) {
      self.trigger = trigger
      self.incidents = incidents
      self.line = line
    }
  }

  public enum Trigger: Hashable, Sendable {
    /// `at 10s`: since the scenario's time began.
    case at(Duration)
    /// `when applied(m2)>=40 within 30s`: as soon as it is so, after the step before; if it does not come to be in
    /// time, the run fails.
    case when(Condition, within: Duration)
    /// `then +200ms`: after the step before.
    case then(Duration)
  }

  public enum Condition: Hashable, Sendable {
    case bound(Bound)
    /// `database(shop)=promoting`: in the newest state of any manager.
    case mode(database: String, ModeName)
    /// `leader=m3`, `leader=none`
    case leader(Target?)
    case goal(Goal)
  }

  /// A database's mode without its nodes.
  public enum ModeName: String, Hashable, Sendable, CaseIterable {
    case waiting, initializing, solo, syncing, sync, switching, stopped, promoting

    public init(_ mode: Database.Mode) {
      self =
        switch mode {
        case .waiting: .waiting
        case .initializing: .initializing
        case .solo: .solo
        case .syncing: .syncing
        case .sync: .sync
        case .switching: .switching
        case .stopped: .stopped
        case .promoting: .promoting
        }
    }
  }

  /// `elections>=2`
  public struct Bound: Hashable, Sendable {
    public enum Relation: String, Hashable, Sendable, CaseIterable {
      case atLeast = ">="
      case atMost = "<="
      case equal = "="
    }

    public var measure: Measure
    public var relation: Relation
    public var value: UInt64

    public init(_ measure: Measure, _ relation: Relation, _ value: UInt64) {
      self.measure = measure
      self.relation = relation
      self.value = value
    }

    public func holds(for actual: UInt64) -> Bool {
      switch relation {
      case .atLeast: actual >= value
      case .atMost: actual <= value
      case .equal: actual == value
      }
    }
  }

  /// A number that a run counts from the beginning of the scenario's time.
  public enum Measure: Hashable, Sendable {
    /// The applied index of one machine's manager, while it runs; otherwise 0.
    case applied(Target)
    /// The writes that machines' managers have under way to their disks, the most of any of them.
    case unsynced(Target)
    /// Likewise, of those that hold a vote.
    case unsyncedVotes(Target)
    /// The containers of ours that run on machines, together.
    case tasks(Target)
    case counter(Counter)

    public enum Counter: String, Hashable, Sendable, CaseIterable {
      case elections, terms, truncations, snapshots, installations, restarts, halts, failovers, switchovers,
        clones
      case rows, purges, replays, flushes, intents, refusals, timeouts, starts, crashes, faults
      /// Requests that were refused because too much waited.
      case overloads
      case lostWrites = "lost-writes"
      case lostMessages = "lost-messages"
    }
  }

  /// `eventually within 20s after heal all-applied one-primary`; all goals are written `everything`.
  public struct Eventually: Hashable, Sendable {
    /// Counted from the last step or the end of the load, whichever is later, when all faults have been ended.
    public var within: Duration
    public var goals: [Goal]

    public init(within: Duration, goals: [Goal]) {
      self.within = within
      self.goals = goals
    }
  }

  public enum Goal: String, Hashable, Sendable, CaseIterable {
    /// Every manager runs and has applied the same index; of managers, here and below, those do not count whose disk
    /// was replaced and that stand aside.
    case allApplied = "all-applied"
    /// One leader, which all others follow.
    case oneLeader = "one-leader"
    /// One server accepts writes, and a synchronous secondary follows it.
    case onePrimary = "one-primary"
    /// Every service has as many healthy tasks that receive traffic as wanted, spread over the zones, and no other
    /// container of ours runs.
    case desiredIsActual = "desired=actual"
    /// Every cache has applied every purge.
    case allPurged = "all-purged"
    /// The cluster is at the feature level that all managers understand.
    case levelRaised = "level-raised"
    /// A fresh intent and a fresh read succeed at every manager.
    case freshIntent = "fresh-intent"
    /// A fresh row is acknowledged.
    case freshRow = "fresh-row"
  }

  /// What is checked over the whole history when the run has ended.
  public enum Expectation: String, Hashable, Sendable, CaseIterable {
    /// The clients' intents and reads are linearizable (Herlihy and Wing 1990), service by service.
    case linearizable = "linearizable(intents)"
    /// No container was restarted or replaced after the scenario's time began.
    case noRestart = "no-container-restarted"
    /// Every manager was running all the time it was not made to end.
    case noHalt = "no-halt"
  }
}

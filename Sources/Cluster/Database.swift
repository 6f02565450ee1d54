public import Raft

/// What a stack file says of a database under `x-databases`.
public struct DatabaseSpecification: Hashable, Codable, Sendable {
  /// Unique in the cluster, over all stacks.
  public var name: String
  /// The zones that hold a copy, the preferred primary first: one or two.
  public var zones: [String]
  /// The port of its server on each node: 1 to 65535.
  public var port: Int
  /// The role that owns the database; made at the start.
  public var owner: String
  /// The owner's password; empty means that clients cannot log in with one.
  public var password: String
  /// postgresql.conf, sorted by name.
  public var parameters: [Setting]
  /// Networks in CIDR form whose clients may connect with a password.
  public var clientNetworks: [String]
  /// After how long without its secondary a primary goes on alone; nil blocks writes until it is back.
  public var relaxAfter: Duration?

  public init(
    name: String, zones: [String], port: Int = 5432, owner: String, password: String = "",
    parameters: [Setting] = [], clientNetworks: [String] = [], relaxAfter: Duration? = .seconds(5)
  ) {
    self.name = name
    self.zones = zones
    self.port = port
    self.owner = owner
    self.password = password
    self.parameters = parameters
    self.clientNetworks = clientNetworks
    self.relaxAfter = relaxAfter
  }
}

/// A position in Postgres' write-ahead log, in bytes; written as two hexadecimal halves, `16/B374D848`.
public struct LSN: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  public var rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  public init?(_ text: String) {
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, let high = UInt32(halves[0], radix: 16), let low = UInt32(halves[1], radix: 16)
    else { return nil }
    rawValue = UInt64(high) << 32 | UInt64(low)
  }

  public var description: String {
    String(rawValue >> 32, radix: 16, uppercase: true) + "/"
      + String(rawValue & 0xffff_ffff, radix: 16, uppercase: true)
  }

  public static func < (left: LSN, right: LSN) -> Bool { left.rawValue < right.rawValue }
}

/// A database as the log has it. Every step raises the epoch; an intent or an action that expects another
/// epoch is refused. The secondary may be promoted only from `sync`, or from `stopped`.
public struct Database: Hashable, Codable, Sendable {
  public var specification: DatabaseSpecification
  /// The stack whose file holds it.
  public var stack: String
  public var epoch: UInt64
  public var mode: Mode
  /// The epoch at which the present secondary began to follow: part of its standby name.
  public var incarnation: UInt64
  /// Postgres' own identity of the data (pg_control), known once the first primary is up; every copy has it.
  public var systemIdentifier: UInt64?

  public init(specification: DatabaseSpecification, stack: String, epoch: UInt64, mode: Mode) {
    self.specification = specification
    self.stack = stack
    self.epoch = epoch
    self.mode = mode
    incarnation = 0
  }

  /// Who may write, who follows. Names are nodes.
  public enum Mode: Hashable, Codable, Sendable {
    /// No node is chosen yet.
    case waiting
    /// The node makes a new, empty database.
    case initializing(primary: String)
    /// One copy; commits are not replicated.
    case solo(primary: String)
    /// The secondary is being made or is catching up; commits do not wait for it yet.
    case syncing(primary: String, secondary: String)
    /// Every commit waits for the secondary: it may be promoted.
    case sync(primary: String, secondary: String)
    /// Planned switchover, first half: the old primary stops for good.
    case switching(from: String, to: String)
    /// The old primary has shut down, and its last record ends at `at`; the secondary must have received so far.
    case stopped(from: String, to: String, at: LSN)
    /// The node becomes the primary. `from` follows it afterwards: without a rewind after a switchover.
    case promoting(primary: String, from: String)
  }
}

extension Database {
  /// The node that may accept writes in this mode; nil while none may.
  public var primary: String? {
    switch mode {
    case .solo(let primary), .syncing(let primary, _), .sync(let primary, _): primary
    case .waiting, .initializing, .switching, .stopped, .promoting: nil
    }
  }

  /// Whether a step is under way that somebody waits for.
  public var isMoving: Bool {
    switch mode {
    case .initializing, .syncing, .switching, .stopped, .promoting: true
    case .waiting, .solo, .sync: false
    }
  }

  /// All nodes that have a part in this mode.
  public var members: [String] {
    switch mode {
    case .waiting: []
    case .initializing(let primary), .solo(let primary): [primary]
    case .syncing(let primary, let secondary), .sync(let primary, let secondary): [primary, secondary]
    case .switching(let from, let to), .stopped(let from, let to, _): [from, to]
    case .promoting(let primary, let from): [primary, from]
    }
  }

  /// The name under which a node's server connects as a standby: tagged with the epoch at which it joined, so
  /// that no other server, and no earlier life of this one, counts as the synchronous secondary.
  public static func standbyName(node: String, epoch: UInt64) -> String {
    let safe = node.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    return "tercet_\(String(safe))_\(epoch)"
  }
}

/// One move of the database machine, proposed by the leader.
public struct DatabaseStep: Hashable, Sendable {
  public var database: String
  /// The epoch the proposer saw; another one refuses the step.
  public var expectedEpoch: UInt64
  public var mode: Database.Mode
  public var systemIdentifier: UInt64?

  public init(database: String, expectedEpoch: UInt64, mode: Database.Mode, systemIdentifier: UInt64? = nil) {
    self.database = database
    self.expectedEpoch = expectedEpoch
    self.mode = mode
    self.systemIdentifier = systemIdentifier
  }
}

public struct Raft: Equatable, Sendable {
  public let id: NodeID
  public let settings: Settings

  public init(id: NodeID, settings: Settings, restored: Restored, seed: UInt64, at now: Instant) {
    self.id = id
    self.settings = settings
    self.membership = restored.snapshot.membership
    self.snapshotPosition = restored.snapshot.position
  }

  public mutating func start(into effects: inout [Effect]) {}
  public mutating func step(_ input: Input, at now: Instant, into effects: inout [Effect]) {}
  public var nextDeadline: Instant { .never }

  public var role: Role { .follower }
  public private(set) var term: Term = 0
  public var leader: NodeID? { nil }
  public var isLeader: Bool { role == .leader }
  public private(set) var commitIndex: Index = 0
  public private(set) var appliedIndex: Index = 0
  public var lastPosition: Position { .zero }
  public let membership: Membership
  public let snapshotPosition: Position
  public var leaderLastHeard: Instant? { nil }
  public var members: [MemberStatus] { [] }
  public var isCurrent: Bool { false }
}

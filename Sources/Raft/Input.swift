/// Everything that can happen to a Raft node.
public enum Input: Hashable, Sendable {
  /// Time has passed; due at `Raft.nextDeadline`, harmless at any other moment.
  case timer
  /// A message from the member it names as its sender. The caller has authenticated that member.
  case message(Message)
  /// Commands to append, in order, as one batch. Answered by `Effect.appended` or `.refused`.
  case propose(token: UInt64, commands: [[UInt8]])
  /// Changes who votes and who only replicates. Answered by `Effect.appended` or `.refused`; the change is
  /// complete once `Raft.membership` is no longer joint and its entry is committed.
  case changeMembers(token: UInt64, voters: [NodeID], learners: [NodeID])
  /// A linearizable read (ReadIndex, Raft thesis 6.4). Answered by `Effect.readReady` or `.refused`.
  /// The token is the caller's, unique within the process.
  case read(token: UInt64)
  /// Hands leadership to a voter, or to the best one (thesis 3.10).
  case transfer(to: NodeID?)
  /// All writes up to and including this one are durable.
  case stored(WriteID)
  /// A write failed: what is on disk is unknown, so the node halts.
  case writeFailed(WriteID, reason: String)
  /// The state machine's state after the entry at `index`, which it has applied: the log before it can go.
  case snapshot(index: Index, state: [UInt8])
  /// This node's disk belongs to the cluster, which knows these others. From now on it votes and may be elected.
  case admit(Admission)
  /// The connection to a member broke: what was in flight to it may be lost.
  case unreachable(NodeID)
}

/// Everything a Raft node asks of its surroundings. They are carried out at once and in order; a message that
/// depends on a write is held back in the core until that write is durable, so no order is needed between a
/// write's completion and later sends.
public enum Effect: Hashable, Sendable {
  case write(Write)
  case send(Message)
  /// Committed entries, consecutive, each handed out once, to be applied before the next step.
  case apply([Entry])
  /// Replaces the state machine's state: a snapshot came from the leader, or was on disk.
  case restore(Snapshot)
  /// The batch stands in this node's log (not yet committed) at `first` and the following indices, in `term`.
  case appended(token: UInt64, first: Index, count: Int, term: Term)
  case refused(token: UInt64, Refusal)
  /// Once the state machine has applied up to `index`, its answer to the read is linearizable.
  case readReady(token: UInt64, index: Index)
  /// The role, the term or the known leader changed.
  case leadership(Leadership)
  /// The node has stopped for good and answers nothing more.
  case halted(reason: String)
}

/// Who leads, as far as this node knows.
public struct Leadership: Hashable, Sendable {
  public var term: Term
  public var leader: NodeID?
  public var isLeader: Bool

  public init(term: Term, leader: NodeID?, isLeader: Bool) {
    self.term = term
    self.leader = leader
    self.isLeader = isLeader
  }
}

/// Why a request was not taken. It changed nothing; the caller may try again.
public enum Refusal: Hashable, Sendable {
  /// This node does not lead; the leader is named if known.
  case notLeader(leader: NodeID?)
  /// Leadership is being handed over.
  case transferring
  /// Too much is uncommitted already (`Settings.maximumUncommittedBytes`).
  case overloaded
  /// A command is longer than `Settings.maximumCommandBytes`; nothing of its batch was taken.
  case tooLarge
  /// An earlier change of the membership is not complete, or the leader is so new that it cannot know.
  case changeUnderWay
  /// A membership without voters, or with a member that is both voter and learner.
  case impossibleMembership
  /// The leader lost its leadership before it could confirm the read.
  case leadershipLost
  /// The node has halted.
  case halted
}

// Seen from another module, `Raft` names the type and not this module. These names let a caller that has an
// `Input` and an `Effect` of its own write `Raft.Input` and `Raft.Effect`.
public typealias RaftInput = Input
public typealias RaftEffect = Effect

extension Raft {
  public typealias Input = RaftInput
  public typealias Effect = RaftEffect
}

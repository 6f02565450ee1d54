public import Cluster
public import Raft

extension Manager {
  /// Everything that can happen to a manager.
  public enum Input: Sendable {
    /// Time has passed; due at `nextDeadline`, harmless at any other moment.
    case timer
    /// What the wall clock shows, milliseconds since 1970; for the history's lines only.
    case wallClock(milliseconds: Int64)
    /// Frames from an authenticated manager, in the order they came, and the disk that it runs on.
    case received(from: NodeID, disk: Incarnation, frames: [[UInt8]])
    /// The connection to a manager broke.
    case disconnected(NodeID)
    /// Clients' intents. Those that wait together are given together: they share a write.
    case submit([Submission])
    /// Purges of the zone's door or of clients, given together like intents.
    case purge([PurgeRequest])
    /// A client wants to read what is certain.
    case barrier(token: UInt64)
    /// All writes up to and including this one are durable.
    case stored(WriteID)
    case writeFailed(WriteID, reason: String)
    /// A local action ended.
    case finished(ActionID, ActionResult)
    /// A local driver saw something.
    case observed(Observation)
  }

  /// An intent of a client, whose answer bears the token: the caller's, unique within the process.
  public struct Submission: Sendable {
    public var token: UInt64
    public var request: RequestID
    public var origin: String
    public var intent: Intent

    public init(token: UInt64, request: RequestID, origin: String, intent: Intent) {
      self.token = token
      self.request = request
      self.origin = origin
      self.intent = intent
    }
  }

  public struct PurgeRequest: Sendable {
    public var token: UInt64
    public var origin: String
    public var purges: [Purge]

    public init(token: UInt64, origin: String, purges: [Purge]) {
      self.token = token
      self.origin = origin
      self.purges = purges
    }
  }

  /// The number of a local action, unique within the process.
  public typealias ActionID = UInt64

  /// Everything a manager asks of its surroundings.
  public enum Effect: Sendable {
    /// To the log store; answered by `Input.stored` or `.writeFailed`.
    case write(Write)
    /// A frame to another manager; it may get lost.
    case send(to: NodeID, [UInt8])
    /// To a client.
    case answer(UInt64, Answer)
    /// To a local driver; answered by `Input.finished`.
    case perform(ActionID, Action)
    /// Where managers are found that joined after the beginning, and who is no manager any more.
    case managers(joined: [ManagerMember], removed: [NodeID])
    /// The view is another one.
    case changed
    /// Something worth a line in the log of the process.
    case note(String)
    /// Something has failed here that is tried again.
    case warning(String)
    /// Something that an operator must see to.
    case alarm(String)
    /// The manager has stopped for good and does nothing more.
    case halted(reason: String)
  }

  /// What a client is told.
  public enum Answer: Hashable, Sendable {
    /// The intent stands in the log and was applied here.
    case applied(Applied)
    /// The purges stand in the log.
    case purged
    /// The state holds everything that was acknowledged before the question.
    case current
    /// No majority confirmed it in time. It may yet be applied.
    case noQuorum
    /// Too much waits; nothing was changed.
    case overloaded
    case stopped(reason: String)
  }
}

public import Cluster
import Manager
public import Raft

/// What happened in a world, for people: the timeline's and the replay's material.
public struct Chronicle: Sendable {
  public struct Line: Sendable {
    public var time: Instant
    /// The machine's place; nil for what concerns the whole world.
    public var machine: Int?
    public var kind: Kind
  }

  public enum Kind: Sendable {
    case started
    case ended
    case leads(term: Term)
    case halted(String)
    case said(String)
    /// A client or operator asked.
    case asked(String)
    case acts(Action)
    case acted(Action, ActionResult)
    /// A fault, the end of one, or what the scenario asks for.
    case befell(Incident)
    /// The index up to which it has applied its log.
    case applied(Index)
    case paused
    case resumed
    /// What it sends to another machine gets lost from now on, or arrives again.
    case cut(to: Int)
    case mended(to: Int)
    case violation(String)
  }

  /// A message on its way, as far as it can be told from outside.
  public struct Message: Sendable {
    public var time: Instant
    public var from: Int
    public var to: Int
    /// When it is to arrive; nil if it got lost at once.
    public var arrives: Instant?
    public var frame: [UInt8]
  }

  public private(set) var lines: [Line] = []
  public private(set) var messages: [Message] = []
  private let keepsMessages: Bool

  public init(keepsMessages: Bool) { self.keepsMessages = keepsMessages }

  mutating func note(_ time: Instant, _ machine: Int?, _ kind: Kind) {
    lines.append(Line(time: time, machine: machine, kind: kind))
  }

  mutating func sent(_ time: Instant, from: Int, to: Int, arrives: Instant?, _ frame: [UInt8]) {
    if keepsMessages {
      messages.append(Message(time: time, from: from, to: to, arrives: arrives, frame: frame))
    }
  }
}

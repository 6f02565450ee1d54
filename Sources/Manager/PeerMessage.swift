public import Cluster
public import Raft
public import WireFormat

/// What one manager tells another: a frame between them holds one.
public enum PeerMessage: Hashable, Sendable {
  case raft(Message)
  /// To the leader: commands to append, as encoded proposals.
  case propose([[UInt8]])
  /// From the leader: these requests were not taken, for too much waits already.
  case overloaded([RequestID])
  case report(Report)
  case identity(Identity)
  case introduction(Introduction)
  /// The highest level that the sender's program understands, beside every report. It is no part of that: a program from
  /// before there were levels could not read it, and would not know how its sender is.
  case understands(FeatureLevel)
}

extension PeerMessage {
  /// What a message is about, by the number of its one field.
  package enum Kind: UInt8, Sendable {
    case raft = 1
    case propose, overloaded, report, identity, introduction, understands

    /// Of a frame that was encoded by this program, without reading the rest; nil for any other.
    package init?(of frame: [UInt8]) {
      guard let tag = frame.first else { return nil }
      self.init(rawValue: tag >> 3)
    }
  }
}

extension PeerMessage: WireCodable {
  public func encode(into writer: inout WireWriter) {
    switch self {
    case .raft(let message): writer.field(1, message)
    case .propose(let commands): writer.record(2) { for command in commands { $0.field(1, command) } }
    case .overloaded(let requests): writer.record(3) { $0.repeated(1, requests) }
    case .report(let report): writer.field(4, report)
    case .identity(let identity): writer.field(5, identity)
    case .introduction(let introduction): writer.field(6, introduction)
    case .understands(let level): writer.present(7, level.rawValue)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    guard let kind = try reader.next() else { throw .truncated }
    switch kind {
    case 1: self = .raft(try reader.record())
    case 2: self = .propose(try PeerMessage.commands(try reader.nested()))
    case 3: self = .overloaded(try PeerMessage.requests(try reader.nested()))
    case 4: self = .report(try reader.record())
    case 5: self = .identity(try reader.record())
    case 6: self = .introduction(try reader.record())
    case 7: self = .understands(FeatureLevel(rawValue: try reader.uint()))
    default: throw reader.unknown(kind)
    }
    guard reader.isAtEnd else { throw .malformed("more than one message in a frame") }
  }

  private static func commands(_ reader: WireReader) throws(WireError) -> [[UInt8]] {
    var reader = reader
    var commands: [[UInt8]] = []
    while let field = try reader.next() {
      guard field == 1 else { throw reader.unknown(field) }
      commands.append(try reader.data())
    }
    return commands
  }

  private static func requests(_ reader: WireReader) throws(WireError) -> [RequestID] {
    var reader = reader
    var requests: [RequestID] = []
    while let field = try reader.next() {
      guard field == 1 else { throw reader.unknown(field) }
      requests.append(try reader.record())
    }
    return requests
  }
}

public import WireFormat

// A message is a record of the sender (1), the receiver (2), the term (3) and one of the bodies, told apart
// by its field number. A body that this version does not know is an error.

extension Message.Body {
  /// The number of the body's field.
  var kind: Int {
    switch self {
    case .preVoteRequest: 10
    case .preVoteReply: 11
    case .voteRequest: 12
    case .voteReply: 13
    case .append: 14
    case .appendAccepted: 15
    case .appendRejected: 16
    case .snapshotChunk: 17
    case .snapshotReceived: 18
    case .timeoutNow: 19
    case .readRequest: 20
    case .readReply: 21
    }
  }
}

extension Message: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, from.rawValue)
    writer.field(2, to.rawValue)
    writer.field(3, term)
    writer.record(body.kind) { body.encode(into: &$0) }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var from: UInt64 = 0
    var to: UInt64 = 0
    var term: Term = 0
    var body: Body?
    while let field = try reader.next() {
      switch field {
      case 1: from = try reader.uint()
      case 2: to = try reader.uint()
      case 3: term = try reader.uint()
      default:
        guard body == nil else { throw .malformed("a message with two bodies") }
        var inner = try reader.nested()
        body = try Body(kind: field, from: &inner)
      }
    }
    guard let body else { throw .malformed("a message without a body") }
    self.init(from: NodeID(from), to: NodeID(to), term: term, body: body)
  }
}

extension Message.Body {
  fileprivate func encode(into writer: inout WireWriter) {
    switch self {
    case .preVoteRequest(let last):
      writer.field(1, last)
    case .preVoteReply(let requestTerm, let granted):
      writer.field(1, requestTerm)
      writer.field(2, granted)
    case .voteRequest(let last, let isTransfer):
      writer.field(1, last)
      writer.field(2, isTransfer)
    case .voteReply(let granted):
      writer.field(1, granted)
    case .append(let append):
      append.encode(into: &writer)
    case .appendAccepted(let matched, let round):
      writer.field(1, matched)
      writer.field(2, round)
    case .appendRejected(let previous, let hint, let round):
      writer.field(1, previous)
      writer.field(2, hint)
      writer.field(3, round)
    case .snapshotChunk(let chunk):
      chunk.encode(into: &writer)
    case .snapshotReceived(let position, let count):
      writer.field(1, position)
      writer.field(2, count)
    case .timeoutNow:
      break
    case .readRequest(let number):
      writer.field(1, number)
    case .readReply(let number, let index):
      writer.field(1, number)
      writer.field(2, index)
    }
  }

  fileprivate init(kind: Int, from reader: inout WireReader) throws(WireError) {
    switch kind {
    case 10:
      self = .preVoteRequest(last: try SmallBody(from: &reader, placeAt: 1, lastField: 1).place)
    case 11:
      let fields = try SmallBody(from: &reader, lastField: 2)
      self = .preVoteReply(requestTerm: fields.first, granted: try SmallBody.truth(fields.second))
    case 12:
      let fields = try SmallBody(from: &reader, placeAt: 1, lastField: 2)
      self = .voteRequest(last: fields.place, isTransfer: try SmallBody.truth(fields.second))
    case 13:
      self = .voteReply(granted: try SmallBody.truth(SmallBody(from: &reader, lastField: 1).first))
    case 14:
      self = .append(try Message.Append(from: &reader))
    case 15:
      let fields = try SmallBody(from: &reader, lastField: 2)
      self = .appendAccepted(matched: fields.first, round: fields.second)
    case 16:
      let fields = try SmallBody(from: &reader, placeAt: 2, lastField: 3)
      self = .appendRejected(previous: fields.first, hint: fields.place, round: fields.third)
    case 17:
      self = .snapshotChunk(try Message.SnapshotChunk(from: &reader))
    case 18:
      let fields = try SmallBody(from: &reader, placeAt: 1, lastField: 2)
      self = .snapshotReceived(position: fields.place, count: fields.second)
    case 19:
      _ = try SmallBody(from: &reader, lastField: 0)
      self = .timeoutNow
    case 20:
      self = .readRequest(number: try SmallBody(from: &reader, lastField: 1).first)
    case 21:
      let fields = try SmallBody(from: &reader, lastField: 2)
      self = .readReply(number: fields.first, index: fields.second)
    default:
      throw reader.unknown(kind)
    }
  }
}

/// The fields of a body that is made of numbers and at most one place in the log.
private struct SmallBody {
  var place = Position.zero
  var first: UInt64 = 0
  var second: UInt64 = 0
  var third: UInt64 = 0

  init(from reader: inout WireReader, placeAt placeField: Int = 0, lastField: Int) throws(WireError) {
    while let field = try reader.next() {
      guard field <= lastField else { throw reader.unknown(field) }
      if field == placeField {
        place = try reader.record()
      } else if field == 1 {
        first = try reader.uint()
      } else if field == 2 {
        second = try reader.uint()
      } else {
        third = try reader.uint()
      }
    }
  }

  static func truth(_ number: UInt64) throws(WireError) -> Bool {
    guard number <= 1 else { throw .malformed("truth value \(number)") }
    return number == 1
  }
}

extension Message.Append: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, previous)
    writer.repeated(2, entries)
    writer.field(3, commit)
    writer.field(4, round)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(previous: .zero, entries: [], commit: 0, round: 0)
    while let field = try reader.next() {
      switch field {
      case 1: previous = try reader.record()
      case 2: entries.append(try reader.record())
      case 3: commit = try reader.uint()
      case 4: round = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Message.SnapshotChunk: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, position)
    writer.field(2, membership)
    writer.field(3, offset)
    writer.field(4, total)
    writer.field(5, bytes)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(position: .zero, membership: Membership(voters: []), offset: 0, total: 0, bytes: [])
    while let field = try reader.next() {
      switch field {
      case 1: position = try reader.record()
      case 2: membership = try reader.record()
      case 3: offset = try reader.uint()
      case 4: total = try reader.uint()
      case 5: bytes = try reader.data()
      default: throw reader.unknown(field)
      }
    }
  }
}

import Cluster
import NIOCore

/// A command for Varnish's command line (`man varnish-cli`).
enum Command: LineRequest {
  case ban(BanExpression)
  case status
  case processes
  case bans
  case showParameter(String)
  case setParameter(String, String)
  /// The SHA-256 over challenge and secret, in hexadecimal.
  case authenticate(String)

  func write(into bytes: inout ByteBuffer) {
    bytes.writeString(text)
    bytes.writeStaticString("\n")
  }

  private var text: String {
    switch self {
    case .ban(let expression): "ban \(expression.command)"
    case .status: "status"
    case .processes: "pid"
    case .bans: "ban.list"
    case .showParameter(let name): "param.show \(name)"
    case .setParameter(let name, let value): "param.set \(name) \(value)"
    case .authenticate(let digest): "auth " + digest
    }
  }
}

/// An answer of Varnish's command line.
struct CommandReply: Sendable {
  /// 200 for success, 201 for success with a text cut short, 107 for a challenge.
  var status: Int
  var text: String

  var isSuccess: Bool { status == 200 || status == 201 }

  func number(after label: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(label) {
      return Int(line.dropFirst(label.count).drop(while: { $0 == " " }))
    }
    return nil
  }

  /// In an answer to `ban.list`: after a title, one line a ban, of its time, references, flags and expression. The
  /// flag C marks one that is completed.
  var pendingBans: Int {
    text.split(separator: "\n").dropFirst().count {
      let columns = $0.split(separator: " ", maxSplits: 3)
      return columns.count > 2 && !columns[2].contains("C")
    }
  }
}

/// Cuts answers out of the stream: "NNN LLLLLLLL\n", then as many bytes as L tells, then a line feed.
struct CommandReplyDecoder: NIOSingleStepByteToMessageDecoder {
  typealias InboundOut = CommandReply

  struct Malformed: Error, CustomStringConvertible {
    var description: String { "it does not speak the protocol of Varnish's command line" }
  }

  private static let headLength = 13
  /// More than any `cli_limit` in use; a stranger's stream must not fill our memory.
  private static let longest = 16 << 20

  mutating func decode(buffer: inout ByteBuffer) throws -> CommandReply? {
    guard let head = buffer.getString(at: buffer.readerIndex, length: Self.headLength) else { return nil }
    guard let status = Int(head.prefix(3)),
      let length = Int(head.dropFirst(4).prefix(8).filter { $0 != " " }),
      head.utf8.last == UInt8(ascii: "\n"), (0...Self.longest).contains(length)
    else { throw Malformed() }
    guard buffer.readableBytes > Self.headLength + length else { return nil }
    buffer.moveReaderIndex(forwardBy: Self.headLength)
    let text = buffer.readString(length: length) ?? ""
    buffer.moveReaderIndex(forwardBy: 1)
    return CommandReply(status: status, text: text)
  }

  mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> CommandReply? {
    try decode(buffer: &buffer)
  }
}

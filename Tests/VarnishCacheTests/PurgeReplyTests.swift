import NIOCore
import Testing
import VarnishCache

@Suite("What answers a PURGE")
struct PurgeReplyTests {
  private static let purged =
    "HTTP/1.1 200 Purged\r\nDate: Mon, 30 Nov 2026 11:18:53 GMT\r\nServer: Varnish\r\nX-Varnish: 32019\r\n"
    + "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"
  private static let refused =
    "HTTP/1.1 405 Method Not Allowed\r\ncontent-length:  14\r\n\r\n<html>\r\n\r\n 200"

  /// Feeds a stream in pieces of so many bytes.
  private static func statuses(of stream: String, inPiecesOf size: Int) throws -> [Int] {
    var decoder = PurgeReplyDecoder()
    var (buffer, statuses) = (ByteBuffer(), [Int]())
    var rest = Array(stream.utf8)[...]
    while !rest.isEmpty {
      buffer.writeBytes(rest.prefix(size))
      rest = rest.dropFirst(size)
      while let status = try decoder.decode(buffer: &buffer) { statuses.append(status) }
    }
    #expect(buffer.readableBytes == 0)
    return statuses
  }

  @Test(
    "answers are told apart wherever the stream is cut, their bodies passed over",
    arguments: [1, 2, 3, 7, 64, 9_999])
  func stream(pieces: Int) throws {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    let stream = Self.purged + Self.refused + early + Self.purged + "HTTP/1.0 204 None\n\n" + Self.purged
    #expect(try Self.statuses(of: stream, inPiecesOf: pieces) == [200, 405, 200, 204, 200])
  }

  @Test(
    "what is no answer of a Varnish is an error, and no status",
    arguments: [
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "200 1234    \nStart\n\n",
      "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 200_000),
    ])
  func strangers(stream: String) {
    #expect(throws: PurgeReplyDecoder.Malformed.self) {
      _ = try Self.statuses(of: stream, inPiecesOf: 4_096)
    }
  }
}

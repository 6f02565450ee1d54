import Crypto
import Foundation
import NIOCore
import NIOPosix

typealias CommandLine = Line<Command, CommandReply>
typealias PurgeLine = Line<PurgeText, Int>

/// Opens connections to one Varnish.
struct Connector: Sendable {
  let configuration: VarnishCache.Configuration
  let group: any EventLoopGroup

  /// Connects to the command line and answers its challenge.
  func openCommandLine() async throws(VarnishError) -> CommandLine {
    let endpoint = configuration.commandLine
    let timeout = configuration.replyTimeoutMilliseconds
    let greeting = group.next().makePromise(of: [CommandReply].self)
    let channel = try await connect(to: endpoint, failing: greeting) { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandlers(
          ByteToMessageHandler(CommandReplyDecoder()),
          LineHandler<CommandReply>(
            endpoint: endpoint, timeoutMilliseconds: timeout, greeting: greeting))
      }
    }
    let line = CommandLine(channel: channel, endpoint: endpoint)
    do throws(VarnishError) {
      try await authenticate(line, greeting: greeting.futureResult)
    } catch {
      await line.close()
      throw error
    }
    return line
  }

  /// Connects to the address that takes purges, and makes sure that it is one: other servers may answer 200 to whatever
  /// they are asked.
  ///
  /// - Parameter timeoutMilliseconds: the longest silence while an answer is due.
  func openPurgeLine(timeoutMilliseconds timeout: Int) async throws(VarnishError) -> PurgeLine {
    guard let endpoint = configuration.purges else {
      preconditionFailure("a cache without an address for purges is driven by its command line alone")
    }
    let channel = try await connect(to: endpoint, failing: nil) { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandlers(
          ByteToMessageHandler(PurgeReplyDecoder()),
          LineHandler<Int>(endpoint: endpoint, timeoutMilliseconds: timeout))
      }
    }
    let line = PurgeLine(channel: channel, endpoint: endpoint)
    // The first answer may not take as long as a page.
    let limit = configuration.replyTimeoutMilliseconds
    let deadline = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(limit))) { [timeout] in
      if timeout > limit { channel.close(promise: nil) }
    }
    defer { deadline.cancel() }
    do throws(VarnishError) {
      let status = try await line.send([.question])[0]
      guard status == PurgeText.answerToQuestion else { throw .takesNoPurges(endpoint, status: status) }
    } catch {
      await line.close()
      throw error
    }
    return line
  }

  private func connect(
    to endpoint: Endpoint, failing greeting: EventLoopPromise<[CommandReply]>?,
    initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws(VarnishError) -> any Channel {
    do {
      return try await ClientBootstrap(group: group)
        .connectTimeout(.milliseconds(Int64(configuration.connectTimeoutMilliseconds)))
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer(initializer)
        .connect(host: endpoint.host, port: endpoint.port).get()
    } catch {
      // A second failure, after the handler's own, is ignored.
      greeting?.fail(error)
      throw .unreachable(endpoint, reason: "\(error)")
    }
  }

  private func authenticate(
    _ line: CommandLine, greeting: EventLoopFuture<[CommandReply]>
  ) async throws(VarnishError) {
    let reply: CommandReply
    do { reply = try await greeting.get()[0] } catch { throw VarnishError(error, at: line.endpoint) }
    // Without a secret Varnish greets with its banner.
    if reply.isSuccess { return }
    guard reply.status == 107, reply.text.utf8.count >= 32 else {
      throw .unexpectedReply(line.endpoint, status: reply.status)
    }
    let secret = try await readSecret()
    let digest = authenticationDigest(challenge: Array(reply.text.utf8.prefix(32)), secret: secret)
    let answers = try await line.send([.authenticate(digest)])
    guard answers.allSatisfy(\.isSuccess) else {
      throw .secretRefused(line.endpoint, path: configuration.secretFile)
    }
  }

  /// Read anew for each connection: the secret may change with Varnish.
  private func readSecret() async throws(VarnishError) -> [UInt8] {
    let path = configuration.secretFile
    do {
      // A file may lie on a slow disk: not on a thread of the cooperative pool.
      return try await NIOThreadPool.singleton.runIfActive {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
      }
    } catch {
      throw .secretUnreadable(path: path)
    }
  }
}

/// The answer to a challenge: SHA-256 of the challenge, a line feed, the secret, the challenge and a line feed, in
/// hexadecimal (`man varnish-cli`, "Authentication").
package func authenticationDigest(challenge: [UInt8], secret: [UInt8]) -> String {
  let lineFeed: [UInt8] = [0x0A]
  return SHA256.hash(data: challenge + lineFeed + secret + challenge + lineFeed)
    .map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    .joined()
}

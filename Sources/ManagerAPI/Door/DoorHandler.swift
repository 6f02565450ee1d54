import Cluster
import DequeModule
import NIOCore
import NIOHTTP1

/// One connection at the zone's door.
///
/// Requests are answered in the order they came, as HTTP asks, but not one after the other: a client that
/// pipelines has all its purges in the same batch. Answers that are ready wait for those before them.
final class DoorHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = HTTPServerResponsePart

  private let door: Door
  private let batcher: PurgeBatcher
  private var context: ChannelHandlerContext?
  private var names: DoorNames
  private var isAllowed = false
  private var mayPurge = false

  private var reading: Reading?
  private var pending: Deque<Pending> = []
  /// Bytes of the bodies of those in `pending`.
  private var pendingBytes = 0
  /// The number of the first in `pending`.
  private var firstPending: UInt64 = 0
  /// Nothing more is read; the connection closes after the last answer.
  private var isClosing = false
  private var needsFlush = false
  private var wantsRead = false
  /// When the last whole request came, or the connection.
  private var lastRequest = NIODeadline.now()
  private var timer: Scheduled<Void>?

  /// A request whose end has not come yet.
  private struct Reading {
    let head: HTTPRequestHead
    var bodyBytes = 0
    /// Kept for batches only.
    var body = ByteBuffer()

    var isBatch: Bool { head.method == .POST && head.uri.hasPrefix(Door.batchPath) }
  }

  /// A request that has to be answered.
  private struct Pending {
    let version: HTTPVersion
    let isHead: Bool
    let keepAlive: Bool
    let bodyBytes: Int
    var response: DoorResponse?
  }

  /// Requests one connection may have waiting before no more is read from it.
  private static let maximumPending = 1_024
  /// Bytes of bodies one connection may have waiting likewise: a batch and the next.
  private static let maximumPendingBytes = 1 << 20

  init(door: Door, batcher: PurgeBatcher) {
    self.door = door
    self.batcher = batcher
    names = door.names
  }

  // MARK: The connection's life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard timer == nil else { return }
    let configuration = door.configuration
    isAllowed = context.remoteAddress.map(configuration.allowed.allows) ?? false
    mayPurge = context.remoteAddress.map((configuration.purgers ?? configuration.allowed).allows) ?? false
    names.local = context.localAddress?.ipAddress
    watch(context.channel)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    self.context = nil
    pending.removeAll()
    pendingBytes = 0
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    self.context = nil
  }

  /// A connection has to bring whole requests; bytes that trickle in do not keep it open. The timer is set anew
  /// only when it fires: to move it with each of thousands of requests a second would cost more than they do.
  private func watch(_ channel: any Channel) {
    let configuration = door.configuration
    let limit = isAllowed ? configuration.idleTimeout : configuration.patienceWithStrangers
    let deadline = lastRequest + limit
    guard deadline > .now() else { return channel.close(promise: nil) }
    timer = channel.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
      self?.watch(channel)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      isClosing = true
      closeIfDone(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Reading

  func read(context: ChannelHandlerContext) {
    // What a refused client still sends is read and dropped: it would not read its answer before all is sent.
    if isClosing { return context.read() }
    if hasRoom, context.channel.isWritable {
      context.read()
    } else {
      wantsRead = true
    }
  }

  private var hasRoom: Bool {
    pending.count < Self.maximumPending && pendingBytes < Self.maximumPendingBytes
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    readAgain(context)
    context.fireChannelWritabilityChanged()
  }

  private func readAgain(_ context: ChannelHandlerContext) {
    guard wantsRead, hasRoom, context.channel.isWritable else { return }
    wantsRead = false
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head)
    case .body(let bytes): take(bytes)
    case .end: end(context)
    }
  }

  private func begin(_ head: HTTPRequestHead) {
    guard isAllowed else {
      return refuse(
        head, .text(.forbidden, "this network may not use the door; see door.allow in tercetd.yaml"))
    }
    guard head.uri.utf8.count <= door.configuration.maximumTargetBytes else {
      return refuse(head, .addressTooLong(door.configuration))
    }
    let request = Reading(head: head)
    // Nothing is held in memory for those who may not ask for it.
    if request.isBatch, let refusal = refusal(of: head) { return refuse(head, refusal) }
    reading = request
  }

  /// No request of the door but a batch needs a body; a small one is passed over.
  private func take(_ bytes: ByteBuffer) {
    guard var request = reading else { return }
    // Its only owner from here on: the body grows in place.
    reading = nil
    let configuration = door.configuration
    let limit = request.isBatch ? configuration.maximumBatchBytes : configuration.maximumBodyBytes
    request.bodyBytes += bytes.readableBytes
    guard request.bodyBytes <= limit else {
      let sentence =
        request.isBatch ? "a batch may have at most \(limit) bytes" : "requests to the door have no body"
      return refuse(request.head, .text(.payloadTooLarge, sentence))
    }
    if request.isBatch { request.body.writeImmutableBuffer(bytes) }
    reading = request
  }

  private func end(_ context: ChannelHandlerContext) {
    guard let request = reading else { return }
    reading = nil
    lastRequest = .now()
    let head = request.head
    // After an upgrade or a tunnel the bytes would no longer be HTTP; none is offered here.
    let keepsGoing = head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
    let number = append(head, keepAlive: keepsGoing, bodyBytes: request.body.readableBytes)
    if !keepsGoing { isClosing = true }
    answer(head, request.body, number: number)
  }

  private func refuse(_ head: HTTPRequestHead, _ response: DoorResponse) {
    let number = append(head, keepAlive: false, bodyBytes: 0)
    isClosing = true
    complete(number, with: response)
    flushIfNeeded()
  }

  private func append(_ head: HTTPRequestHead, keepAlive: Bool, bodyBytes: Int) -> UInt64 {
    pending.append(
      Pending(
        version: head.version, isHead: head.method == .HEAD, keepAlive: keepAlive, bodyBytes: bodyBytes))
    pendingBytes += bodyBytes
    return firstPending + UInt64(pending.count) - 1
  }

  private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, number: UInt64) {
    if head.changesSomething, let refusal = refusal(of: head) {
      complete(number, with: refusal)
      return flushIfNeeded()
    }
    guard head.method == .PURGE else { return look(head, body, number: number) }
    do throws(PurgeTarget.Refusal) {
      batcher.add(try purges(head), for: self, request: number)
    } catch {
      complete(number, with: error.response)
      flushIfNeeded()
    }
  }

  private func refusal(of head: HTTPRequestHead) -> DoorResponse? {
    if !mayPurge { return .text(.forbidden, "this network may not purge; see door.purge in tercetd.yaml") }
    return head.traceOfProxy.map(DoorResponse.cameThroughProxy)
  }

  private func purges(_ head: HTTPRequestHead) throws(PurgeTarget.Refusal) -> [Purge] {
    let keys = try PurgeTarget.keys { head.headers[$0] }
    if !keys.isEmpty { return keys }
    return try PurgeTarget.purges(
      target: head.uri, host: head.headers.first(name: "host"), names: names, sites: door.configuration.sites)
  }

  /// What is not a purge needs the manager's view, which is fetched beside the event loop.
  private func look(_ head: HTTPRequestHead, _ body: ByteBuffer, number: UInt64) {
    guard let context else { return }
    let eventLoop = context.eventLoop
    let handler = NIOLoopBound(self, eventLoop: eventLoop)
    let request = DoorRequest(method: head.method, target: head.uri, body: body)
    _Concurrency.Task { [door] in
      let response = await door.response(to: request)
      eventLoop.execute {
        handler.value.complete(number, with: response)
        handler.value.flushIfNeeded()
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let parserError = error as? HTTPParserError, !isClosing else {
      return context.close(promise: nil)
    }
    door.metrics.garbage(from: context.remoteAddress, parserError)
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    reading = nil
    let response: DoorResponse =
      if !isAllowed {
        .text(.forbidden, "this network may not use the door; see door.allow in tercetd.yaml")
      } else if parserError == .headerOverflow, isRequestLine(context) {
        .addressTooLong(door.configuration)
      } else if parserError == .headerOverflow {
        .text(.requestHeaderFieldsTooLarge, "the request's address and headers are too large")
      } else {
        .text(.badRequest, "this is no HTTP request: \(parserError)")
      }
    refuse(head, response)
  }

  private func isRequestLine(_ context: ChannelHandlerContext) -> Bool {
    (try? context.pipeline.syncOperations.handler(type: RequestLineWatch.self).isRequestLine) ?? false
  }

  // MARK: Answering

  /// Gives a request its answer. It is written once all before it are.
  func complete(_ number: UInt64, with response: DoorResponse) {
    guard let context, number >= firstPending else { return }
    let place = Int(number - firstPending)
    guard place < pending.count else { return }
    pending[place].response = response
    while let first = pending.first, let response = first.response {
      pending.removeFirst()
      firstPending += 1
      pendingBytes -= first.bodyBytes
      write(response, to: first, context)
    }
  }

  private func write(_ response: DoorResponse, to request: Pending, _ context: ChannelHandlerContext) {
    door.metrics.answered(response.status)
    let keepAlive = request.keepAlive && !(isClosing && pending.isEmpty)
    context.write(
      wrapOutboundOut(.head(response.head(keepAlive: keepAlive, version: request.version))), promise: nil)
    if !request.isHead, !response.body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: response.body)))), promise: nil)
    }
    context.write(wrapOutboundOut(.end(nil)), promise: nil)
    needsFlush = true
  }

  func flushIfNeeded() {
    guard needsFlush, let context else { return }
    needsFlush = false
    context.flush()
    closeIfDone(context)
    readAgain(context)
  }

  private func closeIfDone(_ context: ChannelHandlerContext) {
    guard isClosing, pending.isEmpty else { return }
    // The client's unread bytes would turn a full close into a reset that can overtake the answer: end our
    // side first, and give it a moment to hang up.
    let channel = context.channel
    context.close(mode: .output, promise: nil)
    timer?.cancel()
    timer = context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }
}

extension HTTPRequestHead {
  /// Whether it is more than a question.
  fileprivate var changesSomething: Bool { method == .PURGE || method == .POST }

  /// A header that proxies and caches leave on what they forward.
  fileprivate var traceOfProxy: String? {
    ["Via", "X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Varnish"].first { headers.contains(name: $0) }
  }
}

extension DoorResponse {
  /// A proxy forwards what anybody sends, from an address that is allowed here: with it the whole internet could
  /// purge. Its headers do not tell from where, for anybody can write them.
  fileprivate static func cameThroughProxy(_ header: String) -> DoorResponse {
    .text(
      .forbidden, "this came through a proxy (\(header)), which may bring anybody's; purge at the door itself"
    )
  }

  fileprivate static func addressTooLong(_ configuration: DoorServer.Configuration) -> DoorResponse {
    .text(.uriTooLong, "an address may have at most \(configuration.maximumTargetBytes) bytes")
  }
}

extension PurgeTarget.Refusal {
  fileprivate var response: DoorResponse {
    switch self {
    case .notAnAddress:
      .text(.badRequest, "PURGE takes a path that begins with / or a whole http:// address")
    case .undecodable:
      .text(.badRequest, "the address, host or tags hold bytes that are no UTF-8; percent-encode them")
    case .unfit(let complaint):
      .text(.badRequest, complaint)
    }
  }
}

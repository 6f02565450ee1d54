public import Logging
public import NIOCore
import NIOHTTP1
public import NIOPosix
public import Raft
public import ServiceLifecycle

/// The zone's door: plain HTTP for the zone's own machines. It takes `PURGE` for any path, tells load
/// balancers where a database can be written, and shows metrics. It runs until graceful shutdown.
public struct DoorServer: Service {
  public struct Configuration: Sendable {
    public var host: String
    /// 0 takes any that is free.
    public var port: Int
    /// Clients from elsewhere get 403.
    public var allowed: NetworkList
    /// Who may purge, of those who may come in; nil for all of them.
    public var purgers: NetworkList?
    /// Names and addresses by which clients reach the door: a request's `Host` that is one of them names no
    /// site.
    public var names: [String]
    /// This node's name.
    public var node: String
    /// The program's version.
    public var version: String
    /// Further connections wait in the listen queue.
    public var maximumConnections = 1_024
    /// Of them, those from networks that may not come in; further ones are hung up on.
    public var maximumStrangers = 64
    /// How long such a client has for the request that it is told so.
    public var patienceWithStrangers = TimeAmount.seconds(5)
    /// A connection that brings no whole request for so long is closed.
    public var idleTimeout = TimeAmount.seconds(75)
    /// Longer request targets get 414.
    public var maximumTargetBytes = 8_192
    /// Longer bodies get 413.
    public var maximumBodyBytes = 65_536
    /// Longer batches of purges get 413.
    public var maximumBatchBytes = 1 << 20
    /// The hosts that purges are for.
    public var sites = PurgeSites()
    /// How long a cache may lack a purge before `/cache` says that it should not serve.
    public var maximumCacheStaleness: Duration = .seconds(30)

    public init(
      host: String, port: Int, allowed: NetworkList, names: [String], node: String, version: String
    ) {
      self.host = host
      self.port = port
      self.allowed = allowed
      self.names = names
      self.node = node
      self.version = version
    }
  }

  private let configuration: Configuration
  private let gateway: any ManagerGateway
  private let registry: MetricsRegistry
  private let metrics: DoorMetrics
  private let group: any EventLoopGroup
  private let logger: Logger
  private let onListening: @Sendable (SocketAddress) -> Void

  /// - Parameters:
  ///   - registry: the process's own metrics, shown beside the cluster's.
  ///   - onListening: called with the bound address once connections are taken.
  public init(
    configuration: Configuration, gateway: any ManagerGateway, registry: MetricsRegistry, logger: Logger,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.gateway = gateway
    self.registry = registry
    self.metrics = DoorMetrics(registry, logger: logger)
    self.group = group
    self.logger = logger
    self.onListening = onListening
  }

  /// - Throws: when the address cannot be bound.
  public func run() async throws {
    let connections = ConnectionSet(
      maximum: configuration.maximumConnections, maximumStrangers: configuration.maximumStrangers)
    let channel = try await listen(connections)
    if let address = channel.localAddress {
      logger.info("the door is open", metadata: ["address": "\(address.endpoint)"])
      onListening(address)
    }
    // It ends with this scope.
    async let _: Void = LeaderWatch(gateway: gateway, registry: registry).run()
    try await withGracefulShutdownHandler {
      try await channel.closeFuture.get()
    } onGracefulShutdown: {
      channel.close(promise: nil)
    }
    await connections.quiesce(within: .seconds(5), on: group.any())
  }

  private func listen(_ connections: ConnectionSet) async throws -> any Channel {
    let batchers = batchers()
    return try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            AcceptGate(connections: connections, allowed: configuration.allowed))
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try addHandlers(to: channel, batchers: batchers)
        }
      }
      .bind(host: configuration.host, port: configuration.port).get()
  }
}

extension DoorServer {
  /// One an event loop, made at its first connection.
  private typealias Batchers = [ObjectIdentifier: NIOLoopBoundBox<PurgeBatcher?>]

  private func batchers() -> Batchers {
    var batchers: Batchers = [:]
    for eventLoop in group.makeIterator() {
      batchers[ObjectIdentifier(eventLoop)] = .makeEmptyBox(
        valueType: PurgeBatcher.self, eventLoop: eventLoop)
    }
    return batchers
  }

  private func addHandlers(to channel: any Channel, batchers: Batchers) throws {
    let eventLoop = channel.eventLoop
    guard let box = batchers[ObjectIdentifier(eventLoop)] else {
      preconditionFailure("a connection runs on an event loop of its server's group")
    }
    let batcher =
      box.value
      ?? PurgeBatcher(
        eventLoop: eventLoop, gateway: gateway, origin: "door/\(configuration.node)", metrics: metrics)
    box.value = batcher
    let port = channel.localAddress?.port ?? configuration.port
    let door = Door(
      configuration: configuration, names: DoorNames(configuration.names, port: port), gateway: gateway,
      registry: registry, metrics: metrics)
    try addHTTP(to: channel.pipeline.syncOperations)
    try channel.pipeline.syncOperations.addHandler(DoorHandler(door: door, batcher: batcher))
  }

  private func addHTTP(to pipeline: ChannelPipeline.SynchronousOperations) throws {
    var limits = NIOHTTPDecoderLimitConfiguration()
    // Well above the longest target that is taken, so that a longer one can be told apart and gets its 414.
    limits.maxHeaderFieldSize = configuration.maximumTargetBytes * 8
    limits.maxHeaderListSize = configuration.maximumTargetBytes * 8
    limits.maxHeaderFieldCount = 100
    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(RequestLineWatch())
    try pipeline.addHandler(ByteToMessageHandler(decoder))
  }
}

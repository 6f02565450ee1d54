import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import NIOCore
import NIOSSL
public import ServiceLifecycle

/// The operators' API: JSON over HTTPS. TLS 1.3 with a client certificate from the cluster's authority is the
/// only way in. It runs until graceful shutdown, which ends its streams.
public struct OperatorServer: Service {
  public struct Configuration: Sendable {
    public var host: String
    /// 0 takes any that is free.
    public var port: Int
    /// The cluster's identity: certificates of another one are refused.
    public var cluster: String
    /// Certificates and key in PEM.
    public var authorityPEM: String
    public var certificatePEM: String
    public var keyPEM: String
    /// A larger body gets 413; stack files are far smaller.
    public var maximumBodyBytes = 4 << 20
    /// A body that takes longer gets 408.
    public var bodyTimeout = Swift.Duration.seconds(30)
    /// Further connections wait in the listen queue.
    public var maximumConnections = 256
    /// Further streams get 503.
    public var maximumStreams = 64
    /// Who has not shown a certificate by then is hung up on. Shorter than an operator's client waits in its second
    /// round, so that it gets the place of a silent connection in time.
    public var handshakeTimeout = TimeAmount.seconds(2)
    /// A connection without a request for so long is closed.
    public var idleTimeout = TimeAmount.seconds(60)
    /// A stream carries something at least so often.
    public var keepAlive = Swift.Duration.seconds(3)
    /// The least time between two looks of a stream at what has changed.
    public var eventInterval = Swift.Duration.milliseconds(50)

    public init(
      host: String, port: Int, cluster: String, authorityPEM: String, certificatePEM: String, keyPEM: String
    ) {
      self.host = host
      self.port = port
      self.cluster = cluster
      self.authorityPEM = authorityPEM
      self.certificatePEM = certificatePEM
      self.keyPEM = keyPEM
    }
  }

  private let configuration: Configuration
  private let gateway: any ManagerGateway
  private let metrics: OperatorMetrics
  private let logger: Logger
  private let onListening: @Sendable (SocketAddress) -> Void

  /// - Parameters:
  ///   - registry: where answers are counted.
  ///   - onListening: called with the bound address once connections are taken.
  public init(
    configuration: Configuration, gateway: any ManagerGateway, registry: MetricsRegistry, logger: Logger,
    onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.gateway = gateway
    self.metrics = OperatorMetrics(registry)
    self.logger = logger
    self.onListening = onListening
  }

  /// - Throws: when a certificate cannot be read or the address cannot be bound.
  public func run() async throws {
    let application = Application(
      router: router(),
      server: try .tls(.http1(configuration: http), tlsConfiguration: try tls()),
      configuration: .init(
        address: .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: logger)),
      onServerRunning: { [onListening] channel in
        if let address = channel.localAddress { onListening(address) }
      },
      logger: logger)
    try await application.run()
  }

  private func router() -> Router<OperatorContext> {
    let router = Router(context: OperatorContext.self)
    router.add(middleware: FailureMiddleware(metrics: metrics))
    router.add(middleware: CallerMiddleware(cluster: configuration.cluster))
    OperatorRoutes(
      gateway: gateway, configuration: configuration, streams: StreamLimit(configuration.maximumStreams)
    ).add(to: router)
    return router
  }

  private var http: HTTP1Channel.Configuration {
    let notice = RareNotice(logger)
    return .init(
      additionalChannelHandlers: [HandshakeDeadline(configuration.handshakeTimeout), StrangerWatch(notice)],
      idleTimeout: configuration.idleTimeout,
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
  }

  private func tls() throws -> TLSConfiguration {
    let authority = try NIOSSLCertificate.fromPEMBytes(Array(configuration.authorityPEM.utf8))
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(configuration.certificatePEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(configuration.keyPEM.utf8), format: .pem)
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    tls.minimumTLSVersion = .tlsv13
    tls.trustRoots = .certificates(authority)
    // Clients have no host name to verify; who they are stands in the certificate's URI.
    tls.certificateVerification = .noHostnameVerification
    return tls
  }
}

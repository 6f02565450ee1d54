import ClusterAuthority
import Hummingbird
import NIOCore
import NIOSSL

/// What belongs to one request of an operator.
struct OperatorContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Who asks, by the connection's certificate; set by `CallerMiddleware` before any route is run.
  var caller: PeerIdentity?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// Finds out who asks. TLS has checked that the cluster's authority made the certificate; that it names a
/// manager or an operator of this very cluster is checked here.
struct CallerMiddleware: RouterMiddleware {
  let cluster: String

  func handle(
    _ request: Request, context: OperatorContext,
    next: (Request, OperatorContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    context.caller = try await caller(on: context.channel)
    return try await next(request, context)
  }

  private func caller(on channel: any Channel) async throws -> PeerIdentity {
    let certificate = try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self).peerCertificate?
        .toDERBytes()
    }.get()
    guard let certificate else { throw APIFailure(.forbidden, .forbidden, "a client certificate is needed") }
    let identity: PeerIdentity
    do throws(AuthorityError) {
      identity = try PeerIdentity(certificateDER: certificate)
    } catch {
      throw APIFailure(.forbidden, .forbidden, error.description)
    }
    guard identity.cluster == cluster else {
      throw APIFailure(
        .forbidden, .forbidden, "the certificate is for cluster \(identity.cluster); this is \(cluster)")
    }
    return identity
  }
}

extension PeerIdentity {
  /// As it stands in the history.
  var origin: String {
    switch self {
    case .manager(_, _, let name): "manager/\(name)"
    case .operator(_, let name): "operator/\(name)"
    }
  }
}

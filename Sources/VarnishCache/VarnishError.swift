/// Why Varnish could not be driven. No case holds the secret.
public enum VarnishError: Error, Hashable, Sendable, CustomStringConvertible {
  case unreachable(Endpoint, reason: String)
  case secretUnreadable(path: String)
  case secretRefused(Endpoint, path: String)
  case connectionLost(Endpoint, reason: String)
  case timedOut(Endpoint, milliseconds: Int)
  case unexpectedReply(Endpoint, status: Int)
  case takesNoPurges(Endpoint, status: Int)
  case purgeRefused(Endpoint, path: String, status: Int)
  case expressionRefused(String, reason: String)
  case unknownCache(String, hasSecret: Bool)

  public var description: String {
    switch self {
    case .unreachable(let endpoint, let reason):
      "Varnish cannot be reached at \(endpoint): \(reason); check that it runs and listens there"
    case .secretUnreadable(let path):
      "the secret of Varnish's command line cannot be read from \(path); check the path and its mode"
    case .secretRefused(let endpoint, let path):
      "Varnish's command line at \(endpoint) refuses the secret in \(path); name the file given to varnishd -S"
    case .connectionLost(let endpoint, let reason):
      "the connection to Varnish at \(endpoint) was lost: \(reason)"
    case .timedOut(let endpoint, let milliseconds):
      "Varnish at \(endpoint) did not answer for \(milliseconds) ms"
    case .unexpectedReply(let endpoint, let status):
      "what listens at \(endpoint) answers \(status) and not as Varnish's command line does; check varnishd -T"
    case .takesNoPurges(let endpoint, let status):
      "what listens at \(endpoint) is no Varnish that takes purges there (it answers \(status) to a question): include "
        + "tercet.vcl before other rules and start varnishd with -a tercet=\(endpoint)"
    case .purgeRefused(let endpoint, let path, let status):
      "Varnish at \(endpoint) answered \(status) to PURGE \(path); include tercet.vcl and start varnishd with "
        + "-a tercet=\(endpoint)"
    case .unknownCache(let name, let hasSecret):
      hasSecret
        ? "there is no cache \(name) on this node at present"
        : "cache \(name) runs in a container, and this node has no secret for it; set caches.secret in tercetd.yaml"
    case .expressionRefused(let expression, let reason):
      "Varnish does not take the ban '\(expression)': \(reason)"
    }
  }
}

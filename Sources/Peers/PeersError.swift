/// Why the link could not start.
public enum PeersError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The certificate, key or authority cannot be used.
  case badCredentials(String)
  /// Limits or timings that cannot work.
  case badConfiguration(String)
  /// The address is taken, or not this machine's.
  case cannotListen(host: String, port: Int, reason: String)

  public var description: String {
    switch self {
    case .badCredentials(let reason):
      "the manager's certificate cannot be used: \(reason); use the folder that `tercet bootstrap` made for it"
    case .badConfiguration(let reason):
      "the peers' link is configured wrongly: \(reason)"
    case .cannotListen(let host, let port, let reason):
      "cannot listen for peers on \(host):\(port): \(reason); "
        + "check the address, and whether another tercetd runs"
    }
  }
}

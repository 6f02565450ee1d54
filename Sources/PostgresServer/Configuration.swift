extension PostgresServer {
  /// Where Postgres is on this node and how its servers are reached.
  public struct Configuration: Sendable {
    /// The folder of `postgres`, `initdb`, `pg_ctl` and the like, such as `/usr/lib/postgresql/15/bin`.
    public var binaries: String
    /// Absolute. Each database has a folder of its name in it: `data`, `run` (its socket), `log`, `tls`, at
    /// most two former data folders `kept-EPOCH-TIME`, and `epoch`.
    public var dataFolder: String
    /// The system user that runs the servers; needed when this process is root, which Postgres refuses.
    public var user: String?
    /// The node's address on which servers listen, beside 127.0.0.1.
    public var address: String
    /// The node's name in the cluster.
    public var node: String
    /// Nil: no TLS, and standbys connect from this machine only, with no check at all. For tests.
    public var tls: TLS?
    /// How long a server that reacts may take to shut down before it is ended without a checkpoint.
    public var stopTimeout: Duration
    /// How long a start may take before the step gives up waiting; the server goes on starting.
    public var startTimeout: Duration

    public init(
      binaries: String = "/usr/lib/postgresql/15/bin", dataFolder: String, user: String? = nil,
      address: String, node: String, tls: TLS? = nil, stopTimeout: Duration = .seconds(60),
      startTimeout: Duration = .seconds(30)
    ) {
      self.binaries = binaries
      self.dataFolder = dataFolder
      self.user = user
      self.address = address
      self.node = node
      self.tls = tls
      self.stopTimeout = stopTimeout
      self.startTimeout = startTimeout
    }
  }

  /// PEM files of this manager; copied for each server, with the owner and mode that Postgres demands.
  /// The certificate's common name is `tercet-manager-NODE`: members know each other's servers by it.
  public struct TLS: Sendable {
    /// The cluster's certificate authority.
    public var authority: String
    public var certificate: String
    public var key: String

    public init(authority: String, certificate: String, key: String) {
      self.authority = authority
      self.certificate = certificate
      self.key = key
    }
  }
}

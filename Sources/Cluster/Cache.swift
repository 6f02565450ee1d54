public import Raft

/// One Varnish and how far it has come: every purge at or before `position` is applied there.
public struct Cache: Hashable, Codable, Sendable {
  /// A name of its own, or that of its container.
  public var name: String
  public var node: String
  public var position: Index
  /// It was not known before: what it holds was never purged, so it begins by forgetting everything.
  public var isNew: Bool
  /// When the oldest of the purges was proposed that the queue has dropped and this cache lacks, milliseconds since
  /// 1970; nil when the queue still has all that it lacks.
  public var lackingSinceMilliseconds: Int64?
  /// The container that it runs in, when it is a task of a service; nil for the node's own Varnish.
  public var task: TaskID?

  public init(name: String, node: String, position: Index, isNew: Bool = false, task: TaskID? = nil) {
    self.name = name
    self.node = node
    self.position = position
    self.isNew = isNew
    lackingSinceMilliseconds = nil
    self.task = task
  }
}

/// A cache's acknowledgement.
public struct CachePosition: Hashable, Sendable {
  public var cache: String
  public var position: Index

  public init(cache: String, position: Index) {
    self.cache = cache
    self.position = position
  }
}

/// Where a Varnish that runs as a task of a service takes commands.
public struct CacheEndpoint: Hashable, Sendable {
  /// The cache's name.
  public var cache: String
  /// The container's address on its node.
  public var host: String
  /// Varnish's command line (`varnishd -T`).
  public var port: Int

  public init(cache: String, host: String, port: Int) {
    self.cache = cache
    self.host = host
    self.port = port
  }
}

extension Service {
  /// The label of a service whose tasks are caches; its value is the port of Varnish's command line in the
  /// container, or `true` for 6082.
  public static let cacheLabel = "tercet.cache"

  /// The port of Varnish's command line in the service's containers; nil when they are no caches.
  public var cachePort: Int? {
    labels[Self.cacheLabel].flatMap(Self.cachePort(of:))
  }

  /// The port that a value of the label means; nil when it means none.
  public static func cachePort(of label: String) -> Int? {
    label == "true" ? 6_082 : Int(label).flatMap { (1...65_535).contains($0) ? $0 : nil }
  }
}

/// The sizes and times of a Raft node. All members of a cluster should agree on the times.
public struct Settings: Hashable, Sendable {
  /// How often a leader lets its followers hear from it.
  public let heartbeatInterval: Duration
  /// A member that has not heard from a leader for a time drawn from this range asks for an election. Within
  /// its lower bound a member refuses to help depose a leader it hears, and a leader that does not hear a
  /// majority, or whose disk does not answer, steps down.
  public let electionTimeout: ClosedRange<Duration>
  /// How many unanswered appends with entries may be on their way to one follower.
  public let maximumInFlightMessages: Int
  /// How many bytes of entries may be on their way to one follower; a single append is always allowed.
  public let maximumInFlightBytes: Int
  /// How many bytes of entries one append carries; a single larger entry is sent alone.
  public let maximumAppendBytes: Int
  /// How many bytes one command has at most; more are refused with `Refusal.tooLarge`. What the members' link cannot
  /// carry could never be replicated, and would stand before everything else for ever.
  public let maximumCommandBytes: Int
  /// How many bytes of proposals may wait for their commit before a leader refuses more with
  /// `Refusal.overloaded`; a single larger batch is taken when nothing else waits.
  public let maximumUncommittedBytes: Int
  /// How many bytes of a snapshot's state one message carries.
  public let snapshotChunkBytes: Int
  /// How many entries before a snapshot stay in the log, so that a follower a little behind needs none.
  public let entriesKeptAfterSnapshot: Int
  /// How many bytes of such entries stay at most.
  public let bytesKeptAfterSnapshot: Int

  /// - Throws: `SettingsError` if a value is out of its range or the times do not fit each other.
  public init(
    heartbeatInterval: Duration = .milliseconds(100),
    electionTimeout: ClosedRange<Duration> = .milliseconds(500) ... .milliseconds(1_000),
    maximumInFlightMessages: Int = 64,
    maximumInFlightBytes: Int = 4 << 20,
    maximumAppendBytes: Int = 512 << 10,
    maximumCommandBytes: Int = 2 << 20,
    maximumUncommittedBytes: Int = 32 << 20,
    snapshotChunkBytes: Int = 256 << 10,
    entriesKeptAfterSnapshot: Int = 2_000,
    bytesKeptAfterSnapshot: Int = 1 << 20
  ) throws(SettingsError) {
    try Settings.require(heartbeatInterval > .zero, "heartbeatInterval", "must be longer than zero")
    try Settings.require(
      electionTimeout.lowerBound.nanoseconds / 3 >= heartbeatInterval.nanoseconds, "electionTimeout",
      "must begin at three heartbeats or more, or a single lost heartbeat may depose a leader")
    try Settings.require(
      electionTimeout.lowerBound < electionTimeout.upperBound, "electionTimeout",
      "must be a true range, or members that wake together split the vote for ever")
    try Settings.require(maximumInFlightMessages >= 1, "maximumInFlightMessages", "must be at least 1")
    try Settings.require(maximumInFlightBytes >= 1, "maximumInFlightBytes", "must be at least 1")
    try Settings.require(maximumAppendBytes >= 1, "maximumAppendBytes", "must be at least 1")
    try Settings.require(maximumCommandBytes >= 1, "maximumCommandBytes", "must be at least 1")
    try Settings.require(maximumUncommittedBytes >= 1, "maximumUncommittedBytes", "must be at least 1")
    try Settings.require(snapshotChunkBytes >= 1, "snapshotChunkBytes", "must be at least 1")
    try Settings.require(entriesKeptAfterSnapshot >= 0, "entriesKeptAfterSnapshot", "must not be negative")
    try Settings.require(bytesKeptAfterSnapshot >= 0, "bytesKeptAfterSnapshot", "must not be negative")
    self.init(
      checked: heartbeatInterval, electionTimeout, maximumInFlightMessages, maximumInFlightBytes,
      maximumAppendBytes, maximumCommandBytes, maximumUncommittedBytes, snapshotChunkBytes,
      entriesKeptAfterSnapshot, bytesKeptAfterSnapshot)
  }

  /// The values given above.
  public static let standard = Settings(
    checked: .milliseconds(100), .milliseconds(500) ... .milliseconds(1_000), 64, 4 << 20, 512 << 10,
    2 << 20, 32 << 20, 256 << 10, 2_000, 1 << 20)

  private init(
    checked heartbeatInterval: Duration, _ electionTimeout: ClosedRange<Duration>,
    _ maximumInFlightMessages: Int, _ maximumInFlightBytes: Int, _ maximumAppendBytes: Int,
    _ maximumCommandBytes: Int, _ maximumUncommittedBytes: Int, _ snapshotChunkBytes: Int,
    _ entriesKeptAfterSnapshot: Int, _ bytesKeptAfterSnapshot: Int
  ) {
    self.heartbeatInterval = heartbeatInterval
    self.electionTimeout = electionTimeout
    self.maximumInFlightMessages = maximumInFlightMessages
    self.maximumInFlightBytes = maximumInFlightBytes
    self.maximumAppendBytes = maximumAppendBytes
    self.maximumCommandBytes = maximumCommandBytes
    self.maximumUncommittedBytes = maximumUncommittedBytes
    self.snapshotChunkBytes = snapshotChunkBytes
    self.entriesKeptAfterSnapshot = entriesKeptAfterSnapshot
    self.bytesKeptAfterSnapshot = bytesKeptAfterSnapshot
  }

  private static func require(
    _ condition: Bool, _ setting: String, _ demand: String
  ) throws(SettingsError) {
    guard condition else { throw SettingsError(setting: setting, demand: demand) }
  }
}

/// A setting that cannot work.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The setting's name.
  public let setting: String
  /// What it must be.
  public let demand: String

  public var description: String { "Raft setting \(setting) \(demand)" }
}

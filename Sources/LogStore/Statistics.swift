public import Raft

extension LogStore {
  /// What a store has done since it was opened, for metrics.
  public struct Statistics: Hashable, Sendable {
    /// Writes made durable.
    public internal(set) var writes: UInt64 = 0
    /// Durable transactions; `writes / transactions` tells how well group commit works.
    public internal(set) var transactions: UInt64 = 0
    /// Entries appended.
    public internal(set) var entries: UInt64 = 0
    /// Bytes of the appended entries' payloads, in their encoding.
    public internal(set) var entryBytes: UInt64 = 0
    /// How long the latest transaction took, from its first statement until it was durable.
    public internal(set) var lastCommit: Duration = .zero
    /// The longest that any transaction took.
    public internal(set) var longestCommit: Duration = .zero
    /// The sum over all transactions.
    public internal(set) var totalCommit: Duration = .zero
    /// How long the latest transfer of the write-ahead log into the main file took. It happens between
    /// transactions, so waiting writes see it as delay.
    public internal(set) var lastCheckpoint: Duration = .zero
    /// The longest that any such transfer took.
    public internal(set) var longestCheckpoint: Duration = .zero

    mutating func countCommit(_ writes: [Write], entryBytes: Int, took duration: Duration) {
      self.writes += UInt64(writes.count)
      transactions += 1
      entries += UInt64(writes.reduce(0) { $0 + $1.entries.count })
      self.entryBytes += UInt64(entryBytes)
      lastCommit = duration
      longestCommit = max(longestCommit, duration)
      totalCommit = totalCommit + duration
    }

    mutating func countCheckpoint(took duration: Duration) {
      lastCheckpoint = duration
      longestCheckpoint = max(longestCheckpoint, duration)
    }
  }
}

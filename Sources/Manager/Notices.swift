import Cluster
import Raft

/// What was done on the node in another way than it was asked for. It is over, but whoever looks within the hour should
/// know of it.
struct Notices: Sendable {
  private struct Notice: Hashable, Sendable {
    var message: String
    var count: Int
    var until: Instant
  }

  /// The last of each thing.
  private var notices = SortedMap<Action.Thing, Notice>()

  private static let shownFor = Duration.seconds(3_600)
  /// Reports are sent all the time, and a message may quote what somebody has sent.
  private static let longest = 300

  /// For operators, a line each.
  var problems: [String] {
    notices.map { thing, notice in
      "\(thing): \(notice.message)" + (notice.count > 1 ? " (\(notice.count) times)" : "")
    }
  }

  mutating func add(_ message: String, to thing: Action.Thing, at now: Instant) {
    let count = (notices[thing]?.count ?? 0) + 1
    notices[thing] = Notice(
      message: String(message.prefix(Self.longest)), count: count, until: now + Self.shownFor)
  }

  mutating func forget(at now: Instant) {
    if notices.isEmpty { return }
    notices.removeAll { _, notice in notice.until <= now }
  }
}

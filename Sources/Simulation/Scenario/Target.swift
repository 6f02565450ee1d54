/// Machines, by name or by what they are at the moment something befalls them.
public enum Target: Hashable, Sendable {
  case all
  /// `m1`, or a zone's name: a node's name wins.
  case named(String)
  /// `zone a`
  case zone(String)
  /// `@leader`: the machine that leads in the highest term.
  case leader
  /// `@follower`: the first machine, in their order, whose manager runs and does not lead.
  case follower
  /// `@primary`, `@secondary`: as the newest state of any manager has them, of the first database.
  case primary
  case secondary
  /// `@last-killed`: what the latest kill, stop, reboot or pause befell.
  case lastKilled
  /// `@decider`: the machines that carry no data.
  case decider
}

/// `->` or `<->`
public enum Direction: String, Hashable, Sendable {
  case oneWay = "->"
  case bothWays = "<->"
}

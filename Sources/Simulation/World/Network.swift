import Raft

/// The links between machines: what becomes of a message is drawn from its link and its number.
struct Network: Sendable {
  private struct Link: Sendable {
    var quality = LinkQuality.usual
    var cuts = 0
    /// What is sent before this time waits until then.
    var cloggedUntil = Instant.origin
    var sent: UInt64 = 0
    /// Rises when the link is cut: what is on its way then is lost.
    var epoch: UInt64 = 0
    var cutSince = Instant.never
  }

  /// Longer frames get lost, as they do between managers (`Peers.Limits.frameBytes`).
  static let maximumFrameBytes = 4 << 20

  private let chance: Chance
  private let count: Int
  private var links: [Link]
  private(set) var lost = 0

  init(machines: Int, chance: Chance) {
    self.chance = chance
    count = machines
    links = Array(repeating: Link(), count: machines * machines)
  }

  private func number(_ from: Int, _ to: Int) -> Int { from * count + to }

  /// One copy of a message on its way.
  struct Flight: Hashable, Sendable {
    var delay: Duration
    var epoch: UInt64
  }

  /// What becomes of the next message: no flight if it gets lost, two if it is duplicated.
  mutating func send(from: Int, to: Int, at now: Instant) -> [Flight] {
    let number = number(from, to)
    links[number].sent += 1
    let link = links[number]
    let identity = UInt64(number)
    guard link.cuts == 0, !chance.befalls(link.quality.lost, .loss, identity, link.sent) else {
      lost += 1
      return []
    }
    var flights = [Flight(delay: delay(link, identity, link.sent, at: now), epoch: link.epoch)]
    if chance.befalls(link.quality.duplicated, .duplication, identity, link.sent) {
      let later = delay(link, identity, link.sent | 1 << 63, at: now)
      flights.append(Flight(delay: later, epoch: link.epoch))
    }
    return flights
  }

  private func delay(_ link: Link, _ identity: UInt64, _ message: UInt64, at now: Instant) -> Duration {
    let quality = link.quality
    let jitter = chance.below(UInt64(quality.jitter.nanoseconds) + 1, .delay, identity, message)
    var delay = quality.delay + Duration(nanoseconds: Int64(jitter))
    if chance.befalls(quality.reordered, .reordering, identity, message) { delay = delay * 10 }
    return link.cloggedUntil > now ? (link.cloggedUntil - now) + delay : delay
  }

  /// Whether a message that left in that epoch still arrives.
  mutating func arrives(from: Int, to: Int, epoch: UInt64) -> Bool {
    guard links[number(from, to)].epoch == epoch else {
      lost += 1
      return false
    }
    return true
  }

  /// Whether both directions work, as a TCP connection needs.
  func connects(_ one: Int, _ other: Int) -> Bool {
    one == other || (links[number(one, other)].cuts == 0 && links[number(other, one)].cuts == 0)
  }

  /// For how long there has been no connection; zero while there is one.
  func silence(_ one: Int, _ other: Int, at now: Instant) -> Duration {
    guard one != other else { return .zero }
    let since = min(links[number(one, other)].cutSince, links[number(other, one)].cutSince)
    return since == .never ? .zero : now - since
  }

  /// The usual time from one machine to another.
  func delay(from: Int, to: Int) -> Duration { links[number(from, to)].quality.delay }

  // MARK: Faults

  mutating func cut(from: Int, to: Int, at now: Instant) {
    guard from != to else { return }
    let number = number(from, to)
    if links[number].cuts == 0 {
      links[number].epoch += 1
      links[number].cutSince = now
    }
    links[number].cuts = 1
  }

  mutating func mend(from: Int, to: Int) {
    links[number(from, to)].cuts = 0
    links[number(from, to)].cutSince = .never
  }

  mutating func heal(from: Int, to: Int) {
    mend(from: from, to: to)
    links[number(from, to)].cloggedUntil = .origin
  }

  mutating func setQuality(_ quality: LinkQuality, from: Int, to: Int) {
    links[number(from, to)].quality = quality
  }

  mutating func clog(from: Int, to: Int, until: Instant) { links[number(from, to)].cloggedUntil = until }
}

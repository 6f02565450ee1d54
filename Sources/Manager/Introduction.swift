public import Cluster
internal import Control
public import Raft
public import WireFormat

/// Who a manager is that joined, in its own words. They are for one that was away when the log said so: only the leader
/// could send it that part of the log, and the leader may be the very manager that it does not know. A server takes
/// entries from a leader that is not in its own membership (Raft thesis 4.1).
public struct Introduction: Hashable, Sendable {
  public var member: ManagerMember
  /// The last entry that the sender has applied.
  public var applied: Position

  public init(member: ManagerMember, applied: Position) {
    self.member = member
    self.applied = applied
  }
}

extension Introduction: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, member)
    writer.field(2, applied.index)
    writer.field(3, applied.term)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    var member: ManagerMember?
    var applied = Position.zero
    while let field = try reader.next() {
      switch field {
      case 1: member = try reader.record()
      case 2: applied.index = try reader.uint()
      case 3: applied.term = try reader.uint()
      default: try reader.skip()
      }
    }
    guard let member else { throw .malformed("a manager that does not say who it is") }
    self.init(member: member, applied: applied)
  }
}

// MARK: Managers that the log does not tell of yet

extension Manager {
  private static let introductionInterval = Duration.seconds(1)

  /// When there is somebody to introduce oneself to.
  var nextIntroduction: Instant {
    guard ownEntry != nil, let silent = others.map({ heard[$0.name] ?? .origin }).min() else { return .never }
    return max(acquaintances.nextIntroduction, silent + configuration.control.nodeLostAfter)
  }

  /// What the log says of this manager, if it joined after the cluster's beginning.
  private var ownEntry: ManagerMember? {
    let joined = state.managers.joined[configuration.id]
    return raft.isAdmitted && joined?.disk == disk ? joined?.member : nil
  }

  /// Whoever is silent may not hear this manager because it does not know it.
  mutating func introduceItself(at now: Instant, into effects: inout [Effect]) {
    guard now >= nextIntroduction, let ownEntry else { return }
    acquaintances.nextIntroduction = now + Self.introductionInterval
    let introduction = Introduction(member: ownEntry, applied: appliedPosition)
    let frame = PeerMessage.introduction(introduction).encoded()
    for peer in others where now - (heard[peer.name] ?? .origin) >= configuration.control.nodeLostAfter {
      effects.append(.send(to: peer.id, frame))
    }
  }

  /// A manager speaks whom neither the configuration nor the log names. What it says is taken once it has introduced
  /// itself.
  mutating func receive(
    _ frames: [[UInt8]], fromUnknown peer: NodeID, disk: Incarnation, at now: Instant,
    into effects: inout [Effect]
  ) {
    let introductions = frames.lazy.compactMap { frame -> Introduction? in
      guard PeerMessage.Kind(of: frame) == .introduction,
        case .introduction(let introduction) = try? PeerMessage(decoding: frame)
      else { return nil }
      return introduction
    }
    let doubt = introductions.first.map { self.doubt($0, from: peer) } ?? "it has not introduced itself"
    guard let introduction = introductions.first, doubt == nil else {
      if let doubt, acquaintances.ignored[peer] != doubt {
        acquaintances.ignored[peer] = doubt
        effects.append(.note("what the unknown manager \(peer) sends is ignored: \(doubt)"))
      }
      return
    }
    acquaintances.introduced[peer] = .init(member: introduction.member, disk: disk)
    effects.append(.note("manager \(introduction.member.name) (\(peer)) joined while this one was away"))
    adoptRoster(into: &effects)
    needsLook = true
  }

  /// Why the log will not say so; nil if it may.
  private func doubt(_ introduction: Introduction, from peer: NodeID) -> String? {
    let (member, theirs, own) = (introduction.member, introduction.applied, appliedPosition)
    if let complaint = member.complaint { return complaint }
    if member.node != peer { return "it speaks of \(member.node)" }
    if state.managers.removed.contains(peer) { return "it was removed" }
    if !raft.isAdmitted, !configuration.isJoining { return "this manager takes no part yet" }
    // What is decided, this one decides: whoever joined, it would know. After a lost majority it goes on alone, and its
    // own first entries are not applied yet when those speak that it went on without (`LostMajority`).
    if raft.membership.voters == [configuration.id] {
      return "this manager decides alone and knows whom it took in"
    }
    // One that has applied less cannot be news: it is of another history, which such a recovery ended.
    if (theirs.term, theirs.index) <= (own.term, own.index) { return "it has applied less than this manager" }
    return nil
  }

  private var appliedPosition: Position {
    let index = state.appliedIndex
    return Position(index: index, term: raft.termOfEntry(at: index) ?? 0)
  }
}

public import Raft

/// A manager that joined after the cluster's beginning, as the others find it.
public struct ManagerMember: Hashable, Codable, Sendable {
  /// Never another one's, now or before: an identity belongs to one disk for ever.
  public var id: UInt64
  public var name: String
  public var zone: String
  /// An IP address.
  public var address: String
  public var peersPort: Int
  public var operatorsPort: Int

  public init(
    id: UInt64, name: String, zone: String, address: String, peersPort: Int = 7444, operatorsPort: Int = 7443
  ) {
    self.id = id
    self.name = name
    self.zone = zone
    self.address = address
    self.peersPort = peersPort
    self.operatorsPort = operatorsPort
  }

  public var node: NodeID { NodeID(id) }

  /// Why it cannot be a manager; nil when it can.
  public var complaint: String? {
    isValidName(name) && isValidName(zone) && !address.isEmpty
      ? nil : "\(name) in zone \(zone) at \(address) is no valid manager"
  }
}

/// A change of who decides: one manager comes, one goes, or one takes another's place.
public struct ManagerChange: Hashable, Sendable {
  public var adding: ManagerMember?
  public var removing: NodeID?

  public init(adding: ManagerMember? = nil, removing: NodeID? = nil) {
    self.adding = adding
    self.removing = removing
  }
}

/// A step of a change, which the leader decides on.
public enum ManagerStep: Hashable, Sendable {
  /// The disk from which a manager that joins was first heard: from now on it is known by no other.
  case disk(NodeID, Incarnation)
  /// The change that stands at this index is complete: Raft's membership is as it wants it.
  case completed(Index)
}

/// What the log says about managers that came and went since the cluster's beginning. Those of the beginning stand in
/// every manager's configuration; who votes at a moment is Raft's membership.
public struct ManagerRoster: Hashable, Sendable {
  public struct Joined: Hashable, Sendable {
    public var member: ManagerMember
    /// Nil until it was first heard.
    public var disk: Incarnation?
  }

  public struct Begun: Hashable, Sendable {
    /// Where it stands in the log.
    public var index: Index
    public var change: ManagerChange
  }

  public internal(set) var joined = SortedMap<NodeID, Joined>()
  /// Identities that are never used again, sorted.
  public internal(set) var removed: [NodeID] = []
  /// Managers that the cluster went on without after a majority was lost, sorted: they are to be replaced or removed.
  public internal(set) var givenUp: [NodeID] = []
  /// The change under way; there is at most one.
  public internal(set) var change: Begun?

  public init() {}

  public var isEmpty: Bool { joined.isEmpty && removed.isEmpty && givenUp.isEmpty && change == nil }
}

extension State {
  /// One change at a time. To remove the manager that is being added takes that change back.
  mutating func change(_ change: ManagerChange, at index: Index) -> Outcome {
    if let begun = managers.change {
      guard change.adding == nil, let id = change.removing, id == begun.change.adding?.node else {
        return .refused(
          reason: "\(begun.change.summary) is under way since entry \(begun.index): one change at a time")
      }
      managers.change = nil
      managers.joined[id] = nil
      managers.remove(id)
      return .accepted
    }
    if let member = change.adding, let reason = complaint(about: member, replacing: change.removing) {
      return .refused(reason: reason)
    }
    if let id = change.removing, managers.removed.contains(id) { return .unchanged }
    guard change.adding != nil || change.removing != nil else { return .unchanged }
    if let member = change.adding { managers.joined[member.node] = .init(member: member) }
    managers.change = .init(index: index, change: change)
    return .accepted
  }

  private func complaint(about member: ManagerMember, replacing old: NodeID?) -> String? {
    if let complaint = member.complaint { return complaint }
    if managers.removed.contains(member.node) || managers.joined[member.node] != nil {
      return "the identity \(member.id) was used before; a manager that joins has one of its own"
    }
    let namesake = managers.joined.values.first { $0.member.name == member.name && $0.member.node != old }
    return namesake.map { "manager \($0.member.id) is called \(member.name) already" }
  }

  mutating func take(_ step: ManagerStep) -> Outcome {
    switch step {
    case .disk(let id, let disk):
      guard let joined = managers.joined[id] else { return .refused(reason: "\(id) did not join") }
      guard joined.disk == nil else {
        return joined.disk == disk ? .unchanged : .refused(reason: "\(id) is known by another disk")
      }
      managers.joined.update(id) { $0.disk = disk }
    case .completed(let index):
      guard let begun = managers.change, begun.index == index else {
        return .refused(reason: "no change of managers is under way since entry \(index)")
      }
      managers.change = nil
      guard let id = begun.change.removing else { break }
      managers.joined[id] = nil
      managers.remove(id)
    }
    return .accepted
  }
}

extension ManagerRoster {
  mutating func giveUp(_ id: NodeID) {
    guard !givenUp.contains(id) else { return }
    givenUp.append(id)
    givenUp.sort()
  }

  fileprivate mutating func remove(_ id: NodeID) {
    givenUp.removeAll { $0 == id }
    guard !removed.contains(id) else { return }
    removed.append(id)
    removed.sort()
  }
}

extension ManagerChange {
  /// Such as `replace manager 1 by m1 (4, zone a)`.
  var summary: String {
    switch (adding, removing) {
    case (let new?, let old?): "replace manager \(old.rawValue) by \(new.name) (\(new.id), zone \(new.zone))"
    case (let new?, nil): "add manager \(new.name) (\(new.id), zone \(new.zone))"
    case (nil, let old?): "remove manager \(old.rawValue)"
    case (nil, nil): "change no manager"
    }
  }
}

extension ManagerStep {
  var summary: String {
    switch self {
    case .disk(let id, let disk): "manager \(id.rawValue) has disk \(disk)"
    case .completed(let index): "the managers are as entry \(index) wants them"
    }
  }
}

public import WireFormat

/// That a disk belongs to the cluster, and the disks by which it knows the other members. It is written before the
/// disk's first promise, and withdrawn only if the cluster goes on without the disk after a majority was lost.
///
/// A disk that comes new under a member's old name must not vote: it has forgotten votes and entries that the old
/// one acknowledged (etcd #12483). It is told from the disk of a cluster's first start in one way only: there every
/// other disk is new as well. So a new disk is admitted when all other members agree to it, and from then on each of
/// them agrees to no other. No entry of the log could do this: at the first start there is none, and a member that
/// lags may lack it.
public struct Admission: Hashable, Sendable {
  /// The disk of a member.
  public struct Acquaintance: Hashable, Sendable {
    public let node: NodeID
    public let disk: Incarnation
  }

  /// Sorted by member, each once.
  public private(set) var others: [Acquaintance] = []
  /// The cluster has gone on without this disk: it takes no part any more.
  public var isWithdrawn = false
  /// Members that this disk's cluster has gone on without, sorted: they must not be heard, even before the log says so.
  public private(set) var givenUp: [NodeID] = []

  public init() {}

  /// The disk by which a member is known; nil if none is.
  public subscript(node: NodeID) -> Incarnation? {
    get { others.first { $0.node == node }?.disk }
    set {
      others.removeAll { $0.node == node }
      guard let newValue else { return }
      let place = others.firstIndex { $0.node > node } ?? others.count
      others.insert(Acquaintance(node: node, disk: newValue), at: place)
    }
  }

  /// Goes on without these members.
  mutating func giveUp(_ nodes: [NodeID]) {
    for node in nodes where !givenUp.contains(node) { givenUp.append(node) }
    givenUp.sort()
    others.removeAll { givenUp.contains($0.node) }
  }
}

extension Raft {
  /// Whether this node votes and may be elected, as far as the membership lets it.
  public var isAdmitted: Bool { admission.map { !$0.isWithdrawn } ?? false }

  /// The next promise is written after this, so it need not wait for the disk.
  mutating func admit(_ admission: Admission) {
    guard admission != self.admission else { return }
    let isNews = !isAdmitted
    self.admission = admission
    writes.replace(admission)
    if isNews { resetElectionDeadline() }
  }
}

extension Admission: WireCodable {
  public func encode(into writer: inout WireWriter) {
    for other in others {
      writer.record(1) {
        $0.field(1, other.node.rawValue)
        $0.field(2, other.disk.bytes)
      }
    }
    writer.field(2, isWithdrawn)
    writer.packed(3, givenUp.lazy.map(\.rawValue))
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    while let field = try reader.next() {
      switch field {
      case 1: try readAcquaintance(reader.nested())
      case 2: isWithdrawn = try reader.bool()
      case 3: givenUp = try reader.packed().map(NodeID.init)
      default: throw reader.unknown(field)
      }
    }
  }

  private mutating func readAcquaintance(_ reader: consuming WireReader) throws(WireError) {
    var node: UInt64 = 0
    var disk: Incarnation?
    while let field = try reader.next() {
      switch field {
      case 1: node = try reader.uint()
      case 2: disk = try reader.incarnation()
      default: throw reader.unknown(field)
      }
    }
    guard let disk else { throw .malformed("a member without its disk") }
    self[NodeID(node)] = disk
  }
}

extension WireReader {
  /// The 16 bytes of a disk's identity.
  package mutating func incarnation() throws(WireError) -> Incarnation {
    guard let disk = Incarnation(bytes: try data()) else { throw .malformed("a disk's identity") }
    return disk
  }
}

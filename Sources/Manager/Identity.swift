import Cluster
public import Raft
public import WireFormat

/// What managers tell each other about disks, so that one whose disk was replaced is not taken for its old self. The
/// link says which disk a frame comes from.
public struct Identity: Hashable, Sendable {
  /// Whether the sender's disk is known to belong to the cluster.
  public var isAdmitted: Bool
  /// The disk by which the sender knows the receiver, and agrees to no other once it is admitted itself.
  public var known: Incarnation?
  public var wantsAnswer: Bool
  /// The sender's cluster has gone on without the receiver after a majority was lost.
  public var isFarewell: Bool

  public init(isAdmitted: Bool, known: Incarnation?, wantsAnswer: Bool, isFarewell: Bool = false) {
    self.isAdmitted = isAdmitted
    self.known = known
    self.wantsAnswer = wantsAnswer
    self.isFarewell = isFarewell
  }
}

extension Identity: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, isAdmitted)
    writer.field(2, known?.bytes ?? [])
    writer.field(3, wantsAnswer)
    writer.field(4, isFarewell)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(isAdmitted: false, known: nil, wantsAnswer: false)
    while let field = try reader.next() {
      switch field {
      case 1: isAdmitted = try reader.bool()
      case 2: known = try reader.incarnation()
      case 3: wantsAnswer = try reader.bool()
      case 4: isFarewell = try reader.bool()
      default: try reader.skip()
      }
    }
  }
}

/// What this manager has found out about disks in this life; what must last is Raft's `Admission`.
struct Acquaintances: Sendable {
  /// The disk from which each manager was last heard, if it was taken.
  var disks = Admission()
  /// While this manager's disk is not admitted: who agrees to it, by their disks.
  var consents = Admission()
  /// Who belongs to a cluster that does not know this disk.
  var unaware: [NodeID] = []
  /// Managers heard from disks that are not those by which they are known, and when.
  var strangers = SortedMap<NodeID, Stranger>()
  /// Managers that the log does not tell of yet, as they say themselves.
  var introduced = SortedMap<NodeID, Introduced>()
  /// Others that the log does not tell of, and why they are not heard, as it was last told.
  var ignored = SortedMap<NodeID, String>()
  var nextIntroduction = Instant.origin
  /// Why this manager takes no part any more: it is known by another disk, or was given up.
  var refusal: String?
  var nextWord = Instant.origin

  struct Introduced: Hashable, Sendable {
    var member: ManagerMember
    var disk: Incarnation
  }

  struct Stranger: Hashable, Sendable {
    var disk: Incarnation
    var lastHeard: Instant
  }
}

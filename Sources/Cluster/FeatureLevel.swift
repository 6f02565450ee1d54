/// How much of the log and the state a program understands, as one number that rises from version to version.
///
/// While managers of two versions run side by side, the newer ones must not write what the older ones cannot read, nor
/// apply an entry by a rule that those do not know. So the cluster has a level of its own, which stands in the log: the
/// leader raises it once every manager has said that it understands as much (etcd's cluster version, Kafka's
/// `metadata.version`). Until then an intent above it is refused, and the way back to the older program is open; a
/// program below it stops with the advice to be upgraded.
///
/// A new kind of intent, a new field of an intent or of the state, and a changed rule of `State.apply` each take a new
/// level. What managers tell each other beside the log may gain fields without one: programs pass them over from the
/// second level on.
public struct FeatureLevel: RawRepresentable, Hashable, Comparable, Codable, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Every cluster's at its beginning.
  public static let first = FeatureLevel(rawValue: 1)
  /// Nodes that are gone for good are forgotten: `Intent.forget`.
  public static let forgetsNodes = FeatureLevel(rawValue: 2)
  /// The queue of purges is bounded by bytes, beside their number: `PurgeQueue.maximumBytes`.
  public static let boundsPurgeBytes = FeatureLevel(rawValue: 2)
  /// Reports may hold what a program does not know; before, it could not read them at all.
  public static let passesOverUnknownFields = FeatureLevel(rawValue: 2)
  /// The highest that this program understands.
  public static let current = FeatureLevel(rawValue: 2)

  public static func < (left: FeatureLevel, right: FeatureLevel) -> Bool { left.rawValue < right.rawValue }
}

extension Intent {
  /// The cluster's level from which on it may stand in the log.
  public var requiredLevel: FeatureLevel {
    switch self {
    case .forget: .forgetsNodes
    default: .first
    }
  }

  /// The level that a program must have to apply it.
  public var understoodFrom: FeatureLevel {
    if case .raise(let level) = self { level } else { requiredLevel }
  }
}

extension State {
  mutating func raise(to level: FeatureLevel) -> Outcome {
    guard level > featureLevel else { return .unchanged }
    featureLevel = level
    return .accepted
  }
}

/// How old what a manager shows may be, before people are told and others are asked.
package enum ViewAge {
  /// Longer than any election takes.
  package static let toleratedMilliseconds = 5_000

  /// - Parameter unconfirmedMilliseconds: how long ago the manager last knew that it showed the present.
  /// - Returns: a sentence when that is too long.
  package static func warning(_ manager: String, _ unconfirmedMilliseconds: Int) -> String? {
    guard unconfirmedMilliseconds > toleratedMilliseconds else { return nil }
    return "\(manager) has heard no leader for \(unconfirmedMilliseconds / 1_000) s: this may be old"
  }
}

import Cluster
import Control
import PlantedBugs
import Raft

/// What a manager's program understands, and when it said so.
struct UnderstoodLevel: Hashable, Sendable {
  var level: FeatureLevel
  var lastHeard: Instant
}

// MARK: Programs of two versions side by side

extension Manager {
  /// The leader raises the cluster's feature level to what all managers understand.
  mutating func raiseFeatureLevel(at now: Instant, into effects: inout [Effect]) {
    guard configuration.featureLevel > state.featureLevel, raft.isCurrent, raft.isMembershipSettled,
      decidedThrough == 0, now >= decideAfter
    else { return }
    let understood = understoodByAll(at: now)
    guard understood > state.featureLevel else { return }
    decide(.raise(understood), at: now, into: &effects)
  }

  /// Who was not heard lately may have gone back to an older program.
  private func understoodByAll(at now: Instant) -> FeatureLevel {
    let levels = raft.membership.members.map { understood(by: $0, at: now) ?? .first }
    return (planted(.levelRaisedEarly) ? levels.max() : levels.min()) ?? .first
  }

  /// Nil if it was not heard lately; a program from before there were levels says nothing of them.
  private func understood(by id: NodeID, at now: Instant) -> FeatureLevel? {
    if id == configuration.id { return configuration.featureLevel }
    guard let name = manager(id)?.name, let last = heard[name],
      now - last < configuration.control.nodeLostAfter
    else { return nil }
    guard let said = levels[id], now - said.lastHeard < configuration.control.nodeLostAfter else {
      return .first
    }
    return said.level
  }

  /// Which managers keep the cluster at its level while others would understand more; nil when none does.
  func levelProblem(at now: Instant) -> String? {
    let levels = raft.membership.members.map { (id: $0, level: understood(by: $0, at: now)) }
    guard let newest = levels.compactMap(\.level).max(), newest > state.featureLevel else { return nil }
    func names(_ isMeant: (FeatureLevel?) -> Bool) -> String {
      levels.filter { isMeant($0.level) }.map { manager($0.id)?.name ?? "\($0.id)" }.joined(
        separator: " and ")
    }
    let (older, silent) = (names { $0.map { $0 < newest } ?? false }, names { $0 == nil })
    let reasons = [
      older.isEmpty ? nil : "an older version runs on \(older): upgrade it",
      silent.isEmpty ? nil : "not heard: \(silent): start, replace or remove it",
    ].compactMap(\.self)
    guard !reasons.isEmpty else { return nil }
    return "the cluster stays at feature level \(state.featureLevel.rawValue) until all managers understand "
      + "\(newest.rawValue): " + reasons.joined(separator: "; ")
  }

  /// Why an intent may not stand in the log yet; nil when it may.
  func complaintOfLevel(_ intent: Intent) -> String? {
    guard intent.requiredLevel > state.featureLevel, !planted(.newIntentsEarly) else { return nil }
    return
      "\(intent.summary): not before all managers are heard and understand feature level "
      + "\(intent.requiredLevel.rawValue); `tercet status` says whom it waits for"
  }

  /// Why an entry, or a state, is beyond this program; nil when it is not.
  func complaint(aboutLevel level: FeatureLevel) -> String? {
    guard level > configuration.featureLevel else { return nil }
    return "the cluster is at feature level \(level.rawValue), and this program understands up to "
      + "\(configuration.featureLevel.rawValue): upgrade this manager"
  }
}

import Cluster
import Control
import PlantedBugs
import Raft

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
    let levels = raft.membership.members.map { id in
      id == configuration.id ? configuration.featureLevel : reportedLevel(of: id, at: now) ?? .first
    }
    return (planted(.levelRaisedEarly) ? levels.max() : levels.min()) ?? .first
  }

  private func reportedLevel(of id: NodeID, at now: Instant) -> FeatureLevel? {
    guard let name = manager(id)?.name, let last = heard[name],
      now - last < configuration.control.nodeLostAfter
    else { return nil }
    return reports[name]?.featureLevel
  }

  /// Which managers keep the cluster at its level while others would understand more; nil when none does.
  var levelProblem: String? {
    let managers = raft.membership.members.compactMap { id -> (name: String, level: FeatureLevel)? in
      guard let name = manager(id)?.name, let report = reports[name] else { return nil }
      return (name, report.featureLevel)
    }
    let older = managers.filter { $0.level <= state.featureLevel }
    guard let newest = managers.map(\.level).max(), newest > state.featureLevel, !older.isEmpty else {
      return nil
    }
    return
      "\(older.map(\.name).joined(separator: " and ")) run an older version: the cluster stays at feature level "
      + "\(state.featureLevel.rawValue) until all managers are upgraded"
  }

  /// Why an intent may not stand in the log yet; nil when it may.
  func complaintOfLevel(_ intent: Intent) -> String? {
    guard intent.requiredLevel > state.featureLevel, !planted(.newIntentsEarly) else { return nil }
    return
      "\(intent.summary): not before all managers understand feature level \(intent.requiredLevel.rawValue); "
      + "upgrade those that run an older version"
  }

  /// Why an entry, or a state, is beyond this program; nil when it is not.
  func complaint(aboutLevel level: FeatureLevel) -> String? {
    guard level > configuration.featureLevel else { return nil }
    return "the cluster is at feature level \(level.rawValue), and this program understands up to "
      + "\(configuration.featureLevel.rawValue): upgrade this manager"
  }
}

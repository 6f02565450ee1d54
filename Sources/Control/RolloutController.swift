import Cluster
import PlantedBugs
import Raft

extension ServicePlan {
  /// Replaces tasks of older revisions, a few at a time, and ends or gives up the rollout.
  mutating func advanceRollout(_ timers: inout Timers, _ look: inout Look) {
    guard let rollout = service.rollout, rollout.isMoving else { return }
    if newFailures > 0 {
      report(.failed(count: newFailures))
      if isBeyondTolerance(rollout.failures + newFailures), giveUp(rollout, because: lastFailure) { return }
    }
    // What waits for a lost node, or for room, holds up nothing; what is about to start elsewhere does.
    let present = places.filter { place in
      !place.tasks.allSatisfy { $0.standing == .lost } || add.contains { $0.slot == place.slot }
    }
    let updated = present.count { place in place.tasks.allSatisfy { $0.standing.isServing } }
    if updated == present.count, isQuiet, places.count >= situation.state.wantedTasks(of: service) {
      // Watch the last ones for a while before the update counts as a success.
      if timers.hasHeld("rollout of \(name) complete", for: places.isEmpty ? .zero : policy.monitor, &look) {
        report(.completed)
      }
      return
    }
    if timers.hasHeld("rollout of \(name) at \(updated)", for: settings.progressWithin, &look),
      giveUp(rollout, because: "no progress for \(settings.progressWithin.milliseconds / 1_000) s")
    {
      return
    }
    replaceOutdated(among: present, updated: updated, &timers, &look)
  }

  /// Starts on as many places as may change at the same time.
  private mutating func replaceOutdated(
    among places: [Place], updated: Int, _ timers: inout Timers, _ look: inout Look
  ) {
    let outdated = places.filter { $0.tasks.count == 1 && $0.tasks[0].standing == .outdated }
    // What an earlier rollout has only just started serves nobody: it is replaced at once, and counts as missing until
    // what comes after it serves.
    let idle = outdated.filter { [.nothing, .starting].contains(contribution(of: $0)) }
    let serving = outdated.filter { contribution(of: $0) == .serves }
    let missing = max(0, situation.state.wantedTasks(of: service) - self.places.count)
    let inProgress = places.count + missing - serving.count - updated
    let limit = policy.parallelism == 0 || planted(.rolloutAllAtOnce) ? Int.max : policy.parallelism
    for place in idle { guard replace(place, &look) else { return } }
    guard !serving.isEmpty, inProgress < limit else { return }
    if updated > 0, !timers.hasHeld("update of \(name) after \(updated)", for: policy.delay, &look) { return }
    for place in serving.prefix(limit - inProgress) { guard replace(place, &look) else { return } }
  }

  /// Lets the new revision into a place; says whether there was room for it.
  private mutating func replace(_ place: Place, _ look: inout Look) -> Bool {
    let task = place.tasks[0].task
    // Whatever is over already has nobody to wait for.
    if case .ended? = situation.phase(of: task) {
      drop(task)
    } else if policy.order == .stopFirst {
      drop(task)
    } else {
      scheduler.release(task)
      return start(slot: place.slot, on: place.node, revision: service.revision, &look)
    }
    return true
  }

  private func isBeyondTolerance(_ failures: Int) -> Bool {
    failures * 1_000 > policy.maximumFailurePermille * max(places.count, 1)
  }

  /// Does what the policy says about a failed rollout; says whether the rollout ends so.
  private mutating func giveUp(_ rollout: Rollout, because reason: String) -> Bool {
    switch (policy.failureAction, rollout.phase) {
    case (.proceed, _): return false
    case (.rollBack, .updating): report(.rollBack(reason: reason))
    case (.rollBack, _), (.pause, _): report(.paused(reason: reason))
    }
    // The next look decides anew, under the new phase.
    discardAssignments()
    return true
  }
}

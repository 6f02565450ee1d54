import Raft

/// What can happen in a state, and what comes of it.
extension ExhaustiveSearch {
  func choices(in state: SearchState) -> [SearchAction] {
    var choices: [SearchAction] = []
    func add(_ kind: SearchAction.Kind, _ node: Int, _ argument: UInt32 = 0) {
      choices.append(SearchAction(kind, node: node, argument: argument))
      guard state.budget.left(.lateWrites) > 0, local.facts[Int(state.numbers[node])].lateWrites == 0 else {
        return
      }
      choices.append(SearchAction(kind, node: node, argument: argument, isLate: true))
    }
    for slot in 0..<count {
      let facts = local.facts[Int(state.numbers[slot])]
      if facts.isLeader {
        if state.budget.left(.heartbeats) > 0 { add(.heartbeat, slot) }
        if state.budget.left(.entries) > 0 { add(.propose, slot) }
        add(.solitude, slot)
      } else if Int(facts.term) < bounds.terms {
        add(.electionTimer, slot)
      }
      if state.budget.left(.reads) > 0 { add(.read, slot) }
      if facts.lateWrites > 0 { choices.append(SearchAction(.sync, node: slot)) }
      if state.budget.left(.crashes) > 0 {
        for surviving in 0...facts.lateWrites {
          choices.append(SearchAction(.crash, node: slot, argument: UInt32(surviving)))
        }
      }
      if state.budget.left(.losses) > 0 {
        for other in 0..<count where other != slot {
          choices.append(SearchAction(.breakLink, node: slot, argument: UInt32(other)))
        }
      }
    }
    for message in state.numbers[count...] {
      let to = local.messageFacts[Int(message)].to
      add(.deliver, to, message)
      if local.messageFacts[Int(message)].kind == .candidacy,
        local.facts[Int(state.numbers[to])].hearsLeader
      {
        add(.deliverAfterSilence, to, message)
      }
      if state.budget.left(.duplicates) > 0 { add(.duplicate, to, message) }
    }
    return choices
  }

  /// The state after the choice; nil if it changes nothing, leads beyond the bounds, or breaks a promise, which then
  /// stands in `violation`.
  mutating func apply(_ action: SearchAction, to state: SearchState) -> SearchState? {
    var next = state
    let slot = action.node
    let input: LocalInput
    switch action.kind {
    case .electionTimer: input = .electionTimer
    case .solitude: input = .solitude
    case .sync: input = .sync
    case .heartbeat:
      next.budget.spend(.heartbeats)
      input = .heartbeat
    case .propose:
      // Each command is another one.
      input = .propose(command: UInt8(next.budget.left(.entries)))
      next.budget.spend(.entries)
    case .read:
      next.budget.spend(.reads)
      next.reads[next.readsAsked] = UInt64(next.committedIndex)
      input = .read(token: UInt64(next.readsAsked))
      next.readsAsked += 1
    case .crash:
      next.budget.spend(.crashes)
      input = .crash(surviving: Int(action.argument))
    case .duplicate:
      next.budget.spend(.duplicates)
      input = .deliver(action.argument)
    case .deliver, .deliverAfterSilence:
      next.take(action.argument, after: count)
      input = action.kind == .deliver ? .deliver(action.argument) : .deliverAfterSilence(action.argument)
    case .breakLink:
      next.budget.spend(.losses)
      dropMessages(between: slot, and: Int(action.argument), in: &next)
      input = .unreachable(NodeID(UInt64(action.argument) + 1))
    }
    return take(
      input, at: slot, isLate: action.isLate, isCrash: action.kind == .crash, from: state, into: next)
  }

  private func dropMessages(between one: Int, and other: Int, in state: inout SearchState) {
    let kept = state.numbers[count...].filter { number in
      let facts = local.messageFacts[Int(number)]
      return !(facts.from == one && facts.to == other || facts.from == other && facts.to == one)
    }
    state.numbers.replaceSubrange(count..., with: kept)
  }

  private mutating func take(
    _ input: LocalInput, at slot: Int, isLate: Bool, isCrash: Bool, from state: SearchState,
    into next: SearchState
  ) -> SearchState? {
    var next = next
    let number = local.outcome(of: state.numbers[slot], input, isLate: isLate)
    let outcome = local.outcomes[Int(number)]
    if let broken = outcome.violation {
      violation = broken
      return nil
    }
    // A message that does nothing now may as well stay on its way: the state without it can do no more.
    if outcome.isIdle { return nil }
    if isLate {
      guard outcome.wrote else { return nil }
      next.budget.spend(.lateWrites)
    }
    let (before, after) = (local.facts[Int(state.numbers[slot])], local.facts[Int(outcome.next)])
    guard after.term <= Term(bounds.terms) else { return nil }
    next.numbers[slot] = outcome.next
    for message in outcome.sent { next.add(message, after: count) }
    dropUseless(in: &next)
    check(outcome, at: slot, before, after, isCrash: isCrash, in: &next)
    return violation == nil ? next : nil
  }

  private func dropUseless(in state: inout SearchState) {
    func isUseful(_ number: UInt32) -> Bool {
      let message = local.messageFacts[Int(number)]
      return !message.isUseless(to: local.facts[Int(state.numbers[message.to])])
    }
    guard !state.numbers[count...].allSatisfy(isUseful) else { return }
    let kept = state.numbers[count...].filter(isUseful)
    state.numbers.replaceSubrange(count..., with: kept)
  }
}

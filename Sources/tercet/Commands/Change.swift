import ManagerAPI

/// What all commands do that want something: say so, wait for it, and tell how it ended.
struct Change {
  let client: OperatorClient
  let cluster: ClusterOptions
  let waiting: WaitOptions
  var stack: String?

  /// - Parameters:
  ///   - interrupted: what Ctrl-C says goes on.
  ///   - goal: what to wait for, once it is known where the intent stands.
  /// - Returns: the report in which the goal was reached; nil when nothing was waited for.
  @discardableResult
  func make(
    _ intent: OperatorIntent, interrupted: String, goal: (IntentReply) -> some Goal
  ) async throws -> ProgressReport? {
    Interrupt.announce(interrupted)
    let reply = try await client.submit(intent)
    guard !waiting.detach else {
      tell(reply, result: "detached", "accepted at index \(reply.index); the cluster goes on")
      return nil
    }
    do {
      let report = try await Waiting(
        client: client, options: waiting, isSilent: cluster.json, stack: stack
      ).wait(for: goal(reply))
      tell(reply, result: "done", reply.outcome == .unchanged ? "done; nothing had to change" : "done")
      return report
    } catch {
      let failure = Self.failure(error, after: reply)
      if cluster.json { tell(reply, result: failure.code.word, "") }
      throw failure
    }
  }

  /// What stands in the log goes on, whether or not anyone can be asked about it.
  private static func failure(_ error: any Error, after reply: IntentReply) -> CommandFailure {
    if let failure = error as? CommandFailure { return failure }
    return CommandFailure(
      .unfinished,
      "accepted at index \(reply.index); the cluster goes on, and cannot be asked how far it is: \(error)")
  }

  private func tell(_ reply: IntentReply, result: String, _ sentence: String) {
    Terminal.standardOutput.line(cluster.json ? JSON.text(ChangeReport(reply, result)) : sentence)
  }
}

/// What commands that change something print with `--json`.
private struct ChangeReport: Encodable {
  let index: UInt64
  let outcome: String
  /// `done`, `detached`, `rolledBack`, `unfinished` or `failed`.
  let result: String

  init(_ reply: IntentReply, _ result: String) {
    index = reply.index
    outcome = reply.outcome.rawValue
    self.result = result
  }
}

extension CommandFailure.Code {
  fileprivate var word: String {
    switch self {
    case .rolledBack: "rolledBack"
    case .unfinished: "unfinished"
    case .error, .changes, .noQuorum, .interrupted: "failed"
    }
  }
}

/// Nothing has to happen after the intent itself.
struct AppliedGoal: Goal {
  let index: UInt64
  func progress(in report: ProgressReport) -> Progress { .done }
  func items(in report: ProgressReport) -> [ProgressDisplay.Item] { [] }
}

internal import Cluster
internal import Dispatch
internal import Manager
internal import Raft
internal import Synchronization

/// What waits for the manager's loop. Any thread puts something in; the loop takes everything at once, so that
/// what waits together is handled together: one write, one message.
final class Mailbox: Sendable {
  /// Everything that came since the last look.
  struct Content: Sendable {
    /// In the order they came.
    var inputs: [Manager.Input] = []
    var submissions: [Manager.Submission] = []
    var purges: [Manager.PurgeRequest] = []
    /// Who is to be answered under which token; they come before or with what bears the token.
    var waiters: [(token: UInt64, answer: @Sendable (Manager.Answer) -> Void)] = []
    var viewers: [@Sendable (ClusterView) -> Void] = []
    var isClosing = false

    var isEmpty: Bool {
      inputs.isEmpty && submissions.isEmpty && purges.isEmpty && viewers.isEmpty && !isClosing
    }
  }

  private struct Guarded {
    var content = Content()
    var nextToken: UInt64 = 1
    var isClosed = false
  }

  /// Guards what waits; held for a few instructions only.
  private let guarded = Mutex(Guarded())
  private let bell = DispatchSemaphore(value: 0)

  func put(_ input: Manager.Input) {
    add { content, _ in content.inputs.append(input) }
  }

  /// Returns false when the loop has ended: nobody will answer.
  func submit(
    _ intent: Intent, request: RequestID, origin: String, answer: @escaping @Sendable (Manager.Answer) -> Void
  ) -> Bool {
    add { content, token in
      content.waiters.append((token, answer))
      content.submissions.append(
        Manager.Submission(token: token, request: request, origin: origin, intent: intent))
    }
  }

  func purge(
    _ purges: [Purge], origin: String, answer: @escaping @Sendable (Manager.Answer) -> Void
  ) -> Bool {
    add { content, token in
      content.waiters.append((token, answer))
      content.purges.append(Manager.PurgeRequest(token: token, origin: origin, purges: purges))
    }
  }

  func barrier(answer: @escaping @Sendable (Manager.Answer) -> Void) -> Bool {
    add { content, token in
      content.waiters.append((token, answer))
      content.inputs.append(.barrier(token: token))
    }
  }

  func view(_ viewer: @escaping @Sendable (ClusterView) -> Void) -> Bool {
    add { content, _ in content.viewers.append(viewer) }
  }

  /// Asks the loop to end.
  func close() {
    add { content, _ in content.isClosing = true }
  }

  @discardableResult
  private func add(_ body: (inout Content, _ token: UInt64) -> Void) -> Bool {
    let (isTaken, wasEmpty) = guarded.withLock { guarded in
      guard !guarded.isClosed else { return (false, false) }
      let wasEmpty = guarded.content.isEmpty
      body(&guarded.content, guarded.nextToken)
      guarded.nextToken += 1
      return (true, wasEmpty)
    }
    if wasEmpty { bell.signal() }
    return isTaken
  }

  /// Waits until something is there, or until the deadline, and takes all of it.
  func take(until deadline: Instant, now: Instant) -> Content {
    let content = takeAll()
    guard content.isEmpty, deadline > now else { return content }
    let wait = min((deadline - now).nanoseconds, 3_600_000_000_000)
    _ = bell.wait(timeout: .now() + .nanoseconds(Int(wait)))
    return takeAll()
  }

  /// Takes what is there and accepts nothing more.
  func closeForGood() -> Content {
    guarded.withLock { $0.isClosed = true }
    return takeAll()
  }

  private func takeAll() -> Content {
    guarded.withLock { guarded in
      var content = Content()
      swap(&content, &guarded.content)
      return content
    }
  }
}

internal import Cluster
internal import Manager
internal import Raft
internal import Synchronization

/// What waits for the manager's loop. Any thread puts something in, also before there is a loop; the loop takes
/// everything at once, so that what waits together is handled together: one write, one message.
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
    /// Calls the loop; nil before it has begun, and after its end.
    var bell: (@Sendable () -> Void)?
  }

  /// Guards what waits; held for a few instructions only.
  private let guarded = Mutex(Guarded())

  /// From now on the loop is called, once for all that waits.
  func open(_ bell: @escaping @Sendable () -> Void) {
    let isEmpty = guarded.withLock { guarded in
      guarded.bell = bell
      return guarded.content.isEmpty
    }
    if !isEmpty { bell() }
  }

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
    let (isTaken, bell) = guarded.withLock { guarded -> (Bool, (@Sendable () -> Void)?) in
      guard !guarded.isClosed else { return (false, nil) }
      let wasEmpty = guarded.content.isEmpty
      body(&guarded.content, guarded.nextToken)
      guarded.nextToken += 1
      return (true, wasEmpty ? guarded.bell : nil)
    }
    bell?()
    return isTaken
  }

  /// Takes what is there and accepts nothing more.
  func closeForGood() -> Content {
    guarded.withLock { guarded in
      guarded.isClosed = true
      guarded.bell = nil
    }
    return takeAll()
  }

  func takeAll() -> Content {
    guarded.withLock { guarded in
      var content = Content()
      swap(&content, &guarded.content)
      return content
    }
  }
}

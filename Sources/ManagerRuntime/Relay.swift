internal import Manager
internal import Synchronization

/// Holds inputs that come before the loop they are for exists: the log store and the peers are started first.
final class Relay: Sendable {
  private struct Guarded {
    var early: [Manager.Input] = []
    var mailbox: Mailbox?
  }

  /// Guards the hand-over; inputs keep their order through it.
  private let guarded = Mutex(Guarded())

  func put(_ input: Manager.Input) {
    let mailbox = guarded.withLock { guarded in
      if guarded.mailbox == nil { guarded.early.append(input) }
      return guarded.mailbox
    }
    mailbox?.put(input)
  }

  func connect(_ mailbox: Mailbox) {
    guarded.withLock { guarded in
      for input in guarded.early { mailbox.put(input) }
      guarded.early = []
      guarded.mailbox = mailbox
    }
  }
}

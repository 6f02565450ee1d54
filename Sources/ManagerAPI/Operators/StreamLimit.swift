import Synchronization

/// How many streams a server has open: each costs a connection and a task for as long as it lasts.
final class StreamLimit: Sendable {
  private let open = Atomic<Int>(0)
  private let maximum: Int

  init(_ maximum: Int) { self.maximum = maximum }

  /// Whether there was room for one more, which must `leave`.
  func enter() -> Bool {
    if open.wrappingAdd(1, ordering: .relaxed).newValue <= maximum { return true }
    leave()
    return false
  }

  func leave() { open.wrappingSubtract(1, ordering: .relaxed) }
}

internal import Dispatch

/// Runs an actor's jobs one after another on a queue of its own. libpq, fsync and the file system block;
/// the cooperative pool has only as many threads as cores and must never wait for them.
final class QueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(label: String) { queue = DispatchQueue(label: label) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }

  /// Runs blocking work that nobody waits for.
  static func detach(label: String, _ work: @escaping @Sendable () -> Void) {
    DispatchQueue(label: label).async(execute: work)
  }
}

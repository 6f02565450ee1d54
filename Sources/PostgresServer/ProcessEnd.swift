internal import CProcess
internal import Dispatch
internal import Glibc

/// Tells once when a process ends, at once and without looking again and again: pidfd_open(2).
final class ProcessEnd {
  private let source: any DispatchSourceRead

  /// Nil when there is no such process, or the kernel is older than 5.3.
  init?(of pid: pid_t, then tell: @escaping @Sendable () -> Void) {
    let descriptor = pidfd_open(pid, 0)
    guard descriptor >= 0 else { return nil }
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
    source.setCancelHandler { close(descriptor) }
    // The descriptor stays readable: once is enough.
    source.setEventHandler {
      tell()
      source.cancel()
    }
    source.activate()
    self.source = source
  }

  deinit { source.cancel() }
}

import Glibc
import Synchronization

/// Ctrl-C during work of hours: the first time the worlds under way are lived to their end and all is summed up, the
/// second time the program ends. SIGTERM likewise.
enum Interruption {
  private static let signal = Atomic<CInt>(0)

  /// The signal that came; nil if none has.
  static var number: CInt? {
    let number = signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static func watch() {
    for number in [SIGINT, SIGTERM] {
      Glibc.signal(number) { number in
        Interruption.signal.store(number, ordering: .relaxed)
        Glibc.signal(number, SIG_DFL)
      }
    }
  }
}

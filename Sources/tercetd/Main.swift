import ArgumentParser
import Glibc
import StandardStreams

/// tercetd: the daemon. It reads its configuration, wires the parts together, and runs until SIGTERM.
@main
struct Main {
  // The main actor's executor would add tens of microseconds to each hop: everything runs off it.
  static func main() async {
    Memory.configure()
    StandardStream.fillGaps()
    // A reader of the log that goes away must not take the manager with it, not before there is a network either.
    signal(SIGPIPE, SIG_IGN)
    await Daemon.start()
  }
}

import ArgumentParser

/// tercetd: the daemon. It reads its configuration, wires the parts together, and runs until SIGTERM.
@main
struct Main {
  // The main actor's executor would add tens of microseconds to each hop: everything runs off it.
  static func main() async {
    Memory.configure()
    await Daemon.start()
  }
}

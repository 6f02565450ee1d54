import Glibc

@main
struct Main {
  // An async `main` runs on the main actor, where every hop costs microseconds: leave it at once.
  static func main() async {
    // What becomes of a reader that goes away is decided where something is written, for results and complaints apart.
    signal(SIGPIPE, SIG_IGN)
    await Tercet.start()
  }
}

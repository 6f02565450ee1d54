@main
struct Main {
  // An async `main` runs on the main actor, where every hop costs microseconds: leave it at once.
  static func main() async { await Tercet.start() }
}

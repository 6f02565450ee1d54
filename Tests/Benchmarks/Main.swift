import ArgumentParser

/// Measures parts of Tercet on this machine. Build with `-c release`.
@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measures parts of Tercet on this machine.",
    subcommands: [LogStoreBenchmark.self, PeersBenchmark.self])
}

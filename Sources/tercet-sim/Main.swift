import ArgumentParser

/// tercet-sim: runs the whole manager in simulated worlds.
@main
struct Main: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tercet-sim",
    abstract: "Runs the whole manager in simulated worlds and looks for broken promises.",
    subcommands: [
      Run.self, Explore.self, Replay.self, Shrink.self, Render.self, Check.self, Mutants.self,
    ])
}

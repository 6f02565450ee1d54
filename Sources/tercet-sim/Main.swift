import ArgumentParser
import StandardStreams

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

/// Where findings go. Not `print`: what is lost on a full disk must not look like a world without faults.
let console = ProgramOutput(program: "tercet-sim")

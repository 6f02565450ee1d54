import ArgumentParser

/// What commands take that wait for what they have set going.
struct WaitOptions: ParsableArguments {
  @Flag(help: "Do not wait: the cluster goes on by itself.")
  var detach = false

  @Option(
    help: ArgumentHelp(
      "How long to wait, such as 90s, 10m or 1h; then the exit code is 4, and the cluster goes on.",
      valueName: "time"))
  var timeout = TimeLimit.tenMinutes
}

/// A length of time as people write it.
struct TimeLimit: ExpressibleByArgument, Equatable, CustomStringConvertible {
  let duration: Duration
  let description: String

  static let tenMinutes = TimeLimit(duration: .seconds(600), description: "10m")

  init(duration: Duration, description: String) {
    self.duration = duration
    self.description = description
  }

  init?(argument: String) {
    let units = ["s": 1, "m": 60, "h": 3_600]
    let unit = argument.last.flatMap { units[String($0)] }
    let digits = unit == nil ? Substring(argument) : argument.dropLast()
    guard let count = Int(digits), (1...100_000).contains(count) else { return nil }
    self.init(duration: .seconds(count * (unit ?? 1)), description: argument)
  }

  var defaultValueDescription: String { description }
}

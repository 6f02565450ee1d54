import Testing

@testable import tercet

@Suite("What is shown while waiting")
struct DisplayTests {
  private static func items(_ states: [String]) -> [ProgressDisplay.Item] {
    states.enumerated().map { .init(name: "web.\($0 + 1)", text: $1) }
  }

  @Test("without a terminal each change is one line, and what stays is not told again")
  func pipe() {
    var display = ProgressDisplay(.pipe, isSilent: false)
    #expect(display.text(for: Self.items(["starting", "starting"])) == "web.1: starting\nweb.2: starting\n")
    display.show(Self.items(["starting", "starting"]))
    #expect(display.text(for: Self.items(["serving", "starting"])) == "web.1: serving\n")
  }

  @Test("on a terminal the lines are drawn over the old ones, within its width and height")
  func terminal() {
    let terminal = Terminal(isTerminal: true, hasColours: false, columns: 20, rows: 5)
    var display = ProgressDisplay(terminal, isSilent: false)
    #expect(display.text(for: Self.items(["starting"])) == "\u{1b}[Jweb.1  starting\n")
    display.show(Self.items(Array(repeating: "starting for a long while", count: 9)))
    let text = display.text(for: Self.items(["serving"]))
    #expect(text == "\u{1b}[4A\u{1b}[Jweb.1  serving\n")
    let many = display.text(for: Self.items(Array(repeating: "starting for a long while", count: 8)))
    #expect(many.split(separator: "\n").allSatisfy { $0.count <= 19 + 7 })
    #expect(many.hasSuffix("… and 5 more\n"))
  }

  @Test("colours are for terminals, and not for those who do not want them")
  func colours() {
    #expect(Terminal.pipe.paint("x", .red) == "x")
    let terminal = Terminal(isTerminal: true, hasColours: true, columns: 80, rows: 24)
    #expect(terminal.paint("x", .red) == "\u{1b}[31mx\u{1b}[0m")
  }

  @Test(
    "ages are in the largest unit that says something",
    arguments: [(5, "5s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_800, "2d")])
  func ages(seconds: Int64, text: String) {
    #expect(Ps.age(1_000, now: 1_000 + seconds * 1_000) == text)
    #expect(Ps.age(nil, now: 5) == "-")
  }

  @Test(
    "time limits are read with their unit",
    arguments: [
      ("90s", 90), ("10m", 600), ("1h", 3_600), ("5", 5), ("0s", nil), ("soon", nil), ("", nil), ("-1s", nil),
    ]
      as [(String, Int?)])
  func timeLimits(text: String, seconds: Int?) {
    #expect(TimeLimit(argument: text)?.duration == seconds.map { .seconds($0) })
  }
}

import Cluster
import Raft
import Simulation
import Testing

@Suite("Scenario files")
struct ScenarioTextTests {
  @Test("what is printed is read as the same scenario, whatever it says")
  func roundTrip() throws {
    for seed in UInt64(1)...200 {
      var generator = ScenarioGenerator(seed: seed)
      let scenario = generator.scenario()
      let text = scenario.text
      let again = try Scenario(parsing: text, file: "seed \(seed)")
      #expect(again == scenario, "seed \(seed):\n\(text)")
      #expect(again.text == text, "seed \(seed)")
    }
  }

  @Test("the format's example is read as what it says")
  func example() throws {
    let scenario = try Scenario(
      parsing: """
        # The leader's zone is cut off one way.
        scenario leader-zone-cut v1
        nodes m1@a m2@b m3@c
        set relax-after 2s
        link a<->b delay 2ms~1ms
        link a<->c delay 9ms loss 0.1%
        load clients 4 rate 20/s mix scale:60 purge:10 until 90s

        at 10s                            cut a -> b          # one way
        when applied(m2)>=40 within 30s   kill @leader
        then +200ms                       disk @last-killed lose-unsynced
        at 40s                            clock m3 jump +1.5min
        at 55s                            restore all

        always     log-matching promote-at-most-once
        eventually within 20s after heal all-applied desired=actual
        reach      elections>=2 truncations>=1
        expect     linearizable(intents)
        """, file: "example.scn")
    #expect(scenario.name == "leader-zone-cut")
    #expect(scenario.settings == [.relaxAfter(.seconds(2))])
    #expect(scenario.links[0].quality.jitter == .milliseconds(1))
    #expect(scenario.links[1].quality == LinkQuality(delay: .milliseconds(9), jitter: .zero, lost: 1_000))
    #expect(scenario.load.mix.map(\.weight) == [60, 10])
    #expect(scenario.steps[0].trigger == .at(.seconds(10)))
    #expect(scenario.steps[0].incidents == [.cut(.named("a"), .named("b"), .oneWay)])
    #expect(scenario.steps[0].line == 9)
    #expect(
      scenario.steps[1].trigger
        == .when(.bound(.init(.applied(.named("m2")), .atLeast, 40)), within: .seconds(30)))
    #expect(scenario.steps[2] == .init(.then(.milliseconds(200)), [.disk(.lastKilled, .loseUnsynced)]))
    #expect(scenario.steps[3].incidents == [.clockJump(.named("m3"), .seconds(90))])
    #expect(scenario.eventually?.goals == [.allApplied, .desiredIsActual])
    #expect(scenario.expect == [.linearizable])
  }

  @Test("a printed scenario stands in columns")
  func columns() throws {
    var scenario = Scenario(name: "columns")
    scenario.load = .init()
    scenario.steps = [
      .init(.at(.seconds(1)), [.kill(.leader), .cut(.zone("a"), .named("m2"), .bothWays)]),
      .init(.when(.mode(database: "shop", .switching), within: .milliseconds(2_500)), [.restore(.all)]),
    ]
    scenario.always = [.oneWriter]
    #expect(
      scenario.text == """
        scenario columns v1
        nodes       m1@a m2@b m3@c
        begin       settled

        at 1s                                        kill @leader; cut zone a<->m2
        when database(shop)=switching within 2500ms  restore all

        always      one-writer

        """)
  }
}

@Suite("Mistakes in scenario files")
struct ScenarioMistakeTests {
  struct Mistake: Sendable, CustomTestStringConvertible {
    /// What follows the first two lines.
    var text: String
    var line: Int
    var column: Int
    /// What the message says, among other things.
    var says: [String]
    var testDescription: String { text }

    init(_ text: String, _ line: Int, _ column: Int, _ says: String...) {
      self.text = text
      self.line = line
      self.column = column
      self.says = says
    }
  }

  @Test(
    "each mistake is refused at its place, with what was expected and what was found",
    arguments: [
      // Words
      Mistake("at 1s kil m1", 3, 7, "found `kil`", "did you mean `kill`?"),
      Mistake("att 1s kill m1", 3, 1, "found `att`", "did you mean `at`?"),
      Mistake("explode", 3, 1, "known here: scenario, nodes"),
      Mistake("at 1s", 3, 6, "found the end of the line"),
      Mistake("at 1s kill", 3, 11, "a machine, a zone", "the end of the line"),
      Mistake("at 1s kill m1 m2", 3, 15, "expected the end of the line, found `m2`"),
      Mistake("at 1s kill m1;", 3, 15, "found the end of the line"),
      Mistake("at 1s kill m1; ; kill m2", 3, 16, "found `;`"),
      // Targets
      Mistake("at 1s kill m4", 3, 12, "found `m4`"),
      Mistake("at 1s kill @leadr", 3, 12, "did you mean `@leader`?"),
      Mistake("at 1s cut a->zone d", 3, 19, "a zone of this file", "found `d`"),
      Mistake("at 1s cut a b", 3, 13, "`->` or `<->`", "found `b`"),
      Mistake("at 1s cut a->a", 3, 11, "two different ends"),
      Mistake("at 1s flap a->b every 1s for 2s", 3, 17, "both ways"),
      Mistake("at 1s heal a->b", 3, 16, "both ways"),
      Mistake("at 1s cut a=>b", 3, 11, "found `a=>b`"),
      // Quantities
      Mistake("at 10 kill m1", 3, 4, "found `10`", "give it a unit"),
      Mistake("at 1.s kill m1", 3, 4, "found `1.s`"),
      Mistake("at -1s kill m1", 3, 4, "found `-1s`"),
      Mistake("at 1sec kill m1", 3, 4, "found `1sec`"),
      Mistake("at 0.1ns kill m1", 3, 4, "found `0.1ns`"),
      Mistake("at 99999999999999999999s kill m1", 3, 4, "at most 90 days"),
      Mistake("at 1s reboot m1 down 0s", 3, 22, "above zero"),
      Mistake("at 1s reboot m1", 3, 16, "expected `down`"),
      Mistake("at 1s clock m1 jump 90s", 3, 21, "with a plus"),
      Mistake("at 1s clock m1 jump -90s", 3, 21, "with a plus"),
      Mistake("at 1s clock m1 wall 1h", 3, 21, "signed"),
      Mistake("at 1s clock m1 drift 300", 3, 22, "300ppm"),
      Mistake("at 1s link a->b loss 101%", 3, 22, "at most 100%"),
      Mistake("at 1s link a->b loss 0.00001%", 3, 22, "percentage"),
      Mistake("at 1s link a->b", 3, 16, "`delay`, `loss`"),
      Mistake("at 1s link a->b loss 1% delay 2ms", 3, 25, "the end of the line"),
      Mistake("at 1s scale 1001", 3, 13, "from 0 to 1000", "found `1001`"),
      Mistake("at 1s scale many", 3, 13, "found `many`"),
      // Services and requests
      Mistake("at 1s docker a slwo", 3, 16, "did you mean `slow`?"),
      Mistake("at 1s disk a loose-unsynced", 3, 14, "did you mean `lose-unsynced`?"),
      Mistake("at 1s image shop broken", 3, 13, "with its tag"),
      Mistake("at 1s deploy shop:2", 3, 14, "expected `image`, found `shop:2`"),
      Mistake("at 1s purge news", 3, 13, "begins with `/`"),
      Mistake("at 1s wipe m1", 3, 7, "running manager", "stop or kill"),
      Mistake("at 1s stop m2; wipe m1", 3, 16, "running manager"),
      Mistake("at 1s recover m1", 3, 7, "running manager", "stop or kill"),
      // Triggers
      Mistake("then +1s kill m1", 3, 1, "no step before"),
      Mistake("at 1s kill m1\nthen 1s start m1", 4, 6, "+200ms", "found `1s`"),
      Mistake("at 2s kill m1\nat 1s start m1", 4, 4, "expected 2s or later", "found `1s`"),
      Mistake("when leader=m3 kill m1", 3, 16, "expected `within`, found `kill`"),
      Mistake("when leader>=m3 within 1s kill m1", 3, 12, "expected `=`"),
      Mistake("when leader=m9 within 1s kill m1", 3, 13, "found `m9`"),
      Mistake("when applied>=4 within 1s kill m1", 3, 6, "applied(m2)"),
      Mistake("when applied(m2)>4 within 1s kill m1", 3, 17, "`>=`, `<=` or `=`", "found `>`"),
      Mistake("when applied(m2)>=x within 1s kill m1", 3, 19, "a whole number", "found `x`"),
      Mistake("when applied(m9)>=1 within 1s kill m1", 3, 14, "found `m9`"),
      Mistake("when applied(m2 within 1s kill m1", 3, 6, "found `applied(m2 within 1s kill m1`"),
      Mistake("when election>=1 within 1s kill m1", 3, 6, "did you mean `elections`?"),
      Mistake("when elections(m1)>=1 within 1s kill m1", 3, 15, "whole cluster"),
      Mistake("when database(shp)=sync within 1s kill m1", 3, 15, "did you mean `shop`?"),
      Mistake("when database(shop)=snc within 1s kill m1", 3, 21, "did you mean `sync`?"),
      Mistake("when one-primry within 1s kill m1", 3, 6, "did you mean `one-primary`?"),
      // The world
      Mistake("nodes m1@a", 3, 1, "second line of `nodes`", "line 2"),
      Mistake("begin setled", 3, 7, "did you mean `settled`?"),
      Mistake("set replica 4", 3, 5, "did you mean `replicas`?"),
      Mistake("set replicas 4\nset replicas 5", 4, 5, "set twice"),
      Mistake("load clients 0 rate 20/s mix insert:1 until 9s", 3, 14, "from 1 to 1000"),
      Mistake("load clients 1 rate 20 mix insert:1 until 9s", 3, 21, "20/s"),
      Mistake("load clients 1 rate 2/s mix insrt:1 until 9s", 3, 29, "did you mean `insert`?"),
      Mistake("load clients 1 rate 2/s mix insert until 9s", 3, 29, "insert:60"),
      Mistake("load clients 1 rate 2/s mix insert:1 insert:2 until 9s", 3, 38, "named twice"),
      Mistake("load clients 1 rate 2/s mix insert:1", 3, 37, "the end of the line"),
      Mistake("at 1s heal all\nlink a<->b loss 1%", 4, 1, "stands after `at` of line 3"),
      // What must hold
      Mistake("always one-leader", 3, 8, "found `one-leader`"),
      Mistake("always log-matching log-matching", 3, 21, "named twice"),
      Mistake("always log-matching\nalways log-matching", 4, 8, "named twice"),
      Mistake("reach elections", 3, 7, "elections>=2", "found `elections`"),
      Mistake("expect linearisable(intents)", 3, 8, "did you mean `linearizable(intents)`?"),
      Mistake("eventually within 20s all-applied", 3, 23, "expected `after`"),
      Mistake("eventually within 20s after heal", 3, 33, "a goal", "the end of the line"),
    ])
  func mistakes(_ mistake: Mistake) throws {
    let text = "scenario x v1\nnodes m1@a m2@b m3@c\n" + mistake.text
    let error = try #require(throws: ScenarioError.self) { try Scenario(parsing: text, file: "x.scn") }
    #expect(error.line == mistake.line, "\(error)")
    #expect(error.column == mistake.column, "\(error)")
    for words in mistake.says { #expect(error.description.contains(words), "\(error)") }
    #expect(error.description.hasPrefix("x.scn:\(mistake.line):\(mistake.column): error: "))
  }

  @Test(
    "a file without its beginning is refused",
    arguments: [
      ("", 1, 1, "expected `scenario NAME v1`, found the end of the file"),
      ("# only a comment", 1, 1, "found the end of the file"),
      ("nodes m1@a", 1, 1, "expected `scenario`, found `nodes`"),
      ("scenario x", 1, 11, "`v1`"),
      ("scenario x v2", 1, 12, "reads version 1 only"),
      ("scenario X v1", 1, 10, "small letters"),
      ("scenario x v1", 1, 1, "expected the machines"),
      ("scenario x v1\nat 1s heal all", 2, 1, "expected the machines"),
      ("scenario x v1\nnodes m1", 2, 7, "m1@a"),
      ("scenario x v1\nnodes m1@a m1@b", 2, 12, "named twice"),
      ("scenario x v1\nnodes all@a", 2, 7, "a meaning of its own"),
    ])
  func beginnings(_ text: String, _ line: Int, _ column: Int, _ says: String) throws {
    let error = try #require(throws: ScenarioError.self) { try Scenario(parsing: text, file: "x.scn") }
    #expect(error.line == line)
    #expect(error.column == column)
    #expect(error.description.contains(says), "\(error)")
  }
}

@Suite("Faults that nothing ends")
struct FaultLedgerTests {
  @Test(
    "a fault that lasts is refused when the file says what must be so without faults",
    arguments: [
      "cut a->b", "isolate m1", "link a<->b loss 50%", "kill m1", "stop all", "poweroff @leader", "pause b",
      "disk m1 stall", "disk m1 fill", "clock m1 drift +5ppm", "docker a down", "docker a slow 3s",
      "docker a half-done", "image shop:2 broken", "postgres @primary freeze", "postgres a slow",
      "varnish a unreachable", "varnish a half-done", "kill all; start m1; start m2",
      "kill m1; start @follower", "cut a->b; heal a<->c", "cut a->b; heal c", "isolate a; heal a<->b",
      "image shop:2 slow; restore a", "disk a stall; restore b", "pause m1; start m1",
    ])
  func unended(_ incidents: String) throws {
    let error = try #require(throws: ScenarioError.self) { try parse(incidents) }
    #expect(error.description.contains("is never ended"), "\(error)")
    #expect(error.line == 3)
    #expect(error.column == 7)
  }

  @Test(
    "a fault that ends, by its own end or with all others, is allowed",
    arguments: [
      "cut a->b; heal a<->b", "cut a->b; heal b", "isolate m1; heal m1", "isolate m1; heal all",
      "link a<->b loss 50%; restore b", "kill m1; start m1", "kill m1; start a", "stop m2; wipe m2; start m2",
      "kill all; start m1; start m2; start m3", "kill @leader; start @last-killed",
      "kill @leader; wipe @last-killed; start all", "kill @decider; start m3", "pause b; resume zone b",
      "disk m1 stall; disk m1 release", "disk m1 fill; disk a free",
      "clock m1 drift +5ppm; clock m1 drift 0ppm",
      "docker a down; docker a up", "docker a failing; docker a well",
      "image shop:2 broken; image shop:2 well",
      "postgres @primary freeze; postgres @primary thaw", "postgres a slow; postgres a well",
      "varnish a unreachable; varnish all reachable", "varnish a half-done; varnish a well",
      "cut a<->b; pause @leader; image shop:1 slow; docker b down; restore all",
      "reboot all down 5s; clog a->b 3s; flap a<->b every 1s for 3s; clock m1 jump +9s; container a hang",
    ])
  func ended(_ incidents: String) throws { _ = try parse(incidents) }

  private func parse(_ incidents: String) throws -> Scenario {
    try Scenario(
      parsing:
        "scenario x v1\nnodes m1@a m2@b m3@c\nat 1s \(incidents)\neventually within 9s after heal one-leader",
      file: "x.scn")
  }
}

import ManagerAPI
import Testing

/// `tercet manager` against real daemons.
@Suite("Managers come, go and are replaced")
struct ManagerCommandTests {
  @Test("one that lost its disk comes back under a new identity, and votes")
  func replace() async throws {
    try await DaemonCluster.run { cluster in
      let table = try await cluster.tercet("manager", "ls")
      #expect(table.code == 0 && table.output.matches(of: #/(?m)^[123] +[abc] +[abc] +voter/#).count == 3)

      try await cluster.stop("b")
      try await cluster.wipe("b")
      try await cluster.start("b")
      try await cluster.untilManagers { $0.contains { $0.name == "b" && $0.complaint != nil } }
      try await cluster.stop("b")
      let replaced = try await cluster.tercet(["manager", "replace", "b"] + cluster.joining("b-2"))
      #expect(replaced.code == 0, "\(replaced.errors)")
      try await cluster.start("b", from: "b-2")
      try await cluster.untilVoters([1, 3, 4])

      // Two of three are left: without the new one's vote nothing could be written.
      try await cluster.stop("a")
      let written = try await cluster.tercet("activate", "c")
      #expect(written.code == 0, "\(written.errors)")
      #expect(try await cluster.tercet("log").output.contains("replace manager 2 by b (4, zone b)"))

      // Its own configuration still names the one that is gone.
      try await cluster.start("a")
      try await cluster.untilVoters([1, 3, 4])
    }
  }

  @Test("a fourth joins, votes, and is removed again")
  func add() async throws {
    try await DaemonCluster.run { cluster in
      let fourth = "d@c=\(cluster.address(4))"
      let added = try await cluster.tercet(["manager", "add", fourth] + cluster.joining("d"))
      #expect(added.code == 0 && added.output.contains("d may join as manager 4"), "\(added.errors)")
      try await cluster.start("d")
      try await cluster.untilVoters([1, 2, 3, 4])

      // Three of four are left, and all of them are needed.
      try await cluster.stop("a")
      let written = try await cluster.tercet("activate", "d")
      #expect(written.code == 0, "\(written.errors)")
      try await cluster.start("a")
      try await cluster.untilVoters([1, 2, 3, 4])

      #expect(try await cluster.tercet("manager", "remove", "d").code == 0)
      try await cluster.untilVoters([1, 2, 3])
    }
  }

  @Test("what cannot be is refused with 1 and the reason, and leaves nothing behind")
  func refusals() async throws {
    try await DaemonCluster.run { cluster in
      func refuse(_ arguments: [String], _ reason: String) async throws {
        let tool = try await cluster.tercet(["manager"] + arguments)
        #expect(tool.code == 1 && tool.errors.contains(reason), "\(arguments): \(tool.output) \(tool.errors)")
      }
      let (fourth, fifth) = ("d@c=\(cluster.address(4))", "e@c=\(cluster.address(5))")
      try await refuse(["add", "a@a=\(cluster.address(4))"] + cluster.joining("a-2"), "there is a manager a")
      try await refuse(["remove", "x"], "there is no such manager x")
      try await refuse(["replace", "x"] + cluster.joining("x"), "there is no such manager x")

      #expect(try await cluster.tercet(["manager", "add", fourth] + cluster.joining("d")).code == 0)
      // The second one shows that the first one's folder is gone.
      for _ in 1...2 { try await refuse(["add", fifth] + cluster.joining("e"), "one change at a time") }
      #expect(try await cluster.tercet("manager", "remove", "d").code == 0)
      try await cluster.untilVoters([1, 2, 3])

      try await cluster.stop("c")
      try await cluster.untilManagers { $0.contains { $0.name == "c" && !$0.reachable } }
      try await refuse(["remove", "b"], "a majority must be reachable, and c is not")
      for (name, left) in [("c", [1, 2]), ("b", [1])] as [(String, [UInt64])] {
        #expect(try await cluster.tercet("manager", "remove", name).code == 0)
        try await cluster.untilVoters(left)
      }
      try await refuse(["remove", "a"], "the last manager cannot be removed")
    }
  }
}

import ManagerAPI
import Testing

/// `tercetd recover` against real daemons.
@Suite("A majority of the managers is lost")
struct RecoveryTests {
  @Test("the cluster goes on with the survivor, and managers that come back in spite of it stand aside")
  func recover() async throws {
    try await DaemonCluster.run { cluster in
      try await cluster.stop("c")
      try await refuse(cluster, [], "in use")
      try await cluster.stop("a")
      try await refuse(cluster, [], "b answers")
      try await cluster.stop("b")

      let prospect = try await cluster.recover("a")
      #expect(
        prospect.code == 0 && prospect.output.contains("Given up would be b and c"), "\(prospect.errors)")
      try await refuse(cluster, ["--accept-lost-entries", "other"], "--operator", code: 64)
      let audit = ["--operator", "ana", "--reason", "both burnt"]
      try await refuse(cluster, ["--accept-lost-entries", "other"] + audit, "not of other")
      let done = try await cluster.recover("a", ["--accept-lost-entries", try cluster.identity] + audit)
      #expect(done.code == 0 && done.output.contains("tercet manager replace b"), "\(done.errors)")

      try await cluster.start("a")
      try await cluster.untilManagers { $0.map(\.part) == ["voter", "learner", "learner"] }
      #expect(try await cluster.tercet("activate", "a").code == 0)
      let record = "operator/ana  recovery: manager 1 goes on alone, without 2 and 3: both burnt"
      #expect(try await cluster.tercet("log").output.contains(record))

      // The old majority comes back, hears the survivor, and remembers it when it comes back alone.
      try await cluster.start("b")
      try await cluster.start("c")
      try await cluster.untilLogged("went on without b", by: "b", times: 1)
      try await cluster.untilLogged("went on without c", by: "c", times: 1)
      for name in ["a", "b", "c"] { try await cluster.stop(name) }
      try await cluster.start("b")
      try await cluster.start("c")
      try await cluster.untilLogged("went on without b", by: "b", times: 2)
      try await cluster.untilLogged("went on without c", by: "c", times: 2)
      for name in ["b", "c"] { try await cluster.stop(name) }

      try await cluster.start("a")
      for (name, voters) in [("b", [1, 4]), ("c", [1, 4, 5])] as [(String, [UInt64])] {
        try await cluster.untilManagers { !$0.isEmpty }
        let replaced = try await cluster.tercet(["manager", "replace", name] + cluster.joining("\(name)-2"))
        #expect(replaced.code == 0, "\(replaced.errors)")
        try await cluster.start(name, from: "\(name)-2")
        try await cluster.untilManagers { managers in
          managers.filter { $0.part == "voter" && $0.isWell }.map(\.id) == voters
        }
      }
    }
  }

  private func refuse(
    _ cluster: DaemonCluster, _ arguments: [String], _ reason: String, code: Int32 = 1
  ) async throws {
    let tool = try await cluster.recover("a", arguments)
    #expect(tool.code == code && tool.errors.contains(reason), "\(arguments): \(tool.output) \(tool.errors)")
  }
}

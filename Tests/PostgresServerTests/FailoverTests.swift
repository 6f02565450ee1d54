import Cluster
import Glibc
import PostgresServer
import Testing

extension RealServers {
  @Suite struct Failover {
    @Test("a switchover there and back under load loses nothing, needs no copy, and never has two writers")
    func switchover() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        _ = try lab.a.client().query("CREATE TABLE keys (key int primary key)")
        try await lab.a.succeed(.synchronize(standby: "tercet_b_2"), epoch: 3, identity)
        let load = Load(on: [lab.a, lab.b])
        let watch = WriterWatch(lab.a, lab.b)
        load.start()
        try await eventually { load.acknowledged.count > 100 }
        load.forgetGap()
        try await switchOver(from: lab.a, to: lab.b, identity, epoch: 4)
        let between = load.acknowledged.count
        try await eventually { load.acknowledged.count > between + 100 }
        print("switchover: longest gap between two acknowledged writes \(load.longestGap)")
        load.forgetGap()
        try await switchOver(from: lab.b, to: lab.a, identity, epoch: 10)
        let after = load.acknowledged.count
        try await eventually { load.acknowledged.count > after + 100 }
        print("and back: \(load.longestGap)")
        let acknowledged = try await load.end()
        let found = try lab.a.keys()
        #expect(acknowledged.filter { !found.contains($0) } == [])
        let (overlaps, looks) = await watch.end()
        #expect(overlaps == 0)
        #expect(looks > 20)
        #expect(lab.a.kept.isEmpty && lab.b.kept.isEmpty)
      }
    }

    @Test("after the primary was killed the standby takes writes at once, with all that was acknowledged")
    func failover() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        _ = try lab.a.client().query("CREATE TABLE keys (key int primary key)")
        try await lab.a.succeed(.synchronize(standby: "tercet_b_2"), epoch: 3, identity)
        let load = Load(on: [lab.a, lab.b])
        load.start()
        try await eventually { load.acknowledged.count > 300 }
        let killed = ContinuousClock.now
        for pid in ServerProcess.all(in: lab.a.folder.data) { kill(pid, SIGKILL) }
        try await lab.b.succeed(.promote, epoch: 4, identity)
        let promoted = ContinuousClock.now
        _ = try lab.b.client().query("INSERT INTO keys VALUES (-1)")
        print("promotion after kill -9: \(promoted - killed), first write \(ContinuousClock.now - killed)")
        #expect(promoted - killed < .seconds(2))
        let observed = try await lab.b.observation { $0.isPrimary && $0.timeline == 2 }
        #expect(observed.synchronousStandby == nil)
        let acknowledged = try await load.end()
        let found = try lab.b.keys()
        #expect(acknowledged.filter { !found.contains($0) } == [])
        // Again: it is done.
        try await lab.b.succeed(.promote, epoch: 4, identity)
        // The old primary returns as a copy, and what it held is kept.
        try await lab.b.succeed(.admit(standby: "tercet_a_5"), epoch: 5, identity)
        let upstream = lab.b.upstream(for: "tercet_a_5")
        try await lab.a.succeed(.clone(from: upstream), epoch: 5, identity)
        try await lab.a.succeed(.follow(upstream), epoch: 5, identity)
        _ = try await lab.b.observation { $0.streamingStandbys == ["tercet_a_5"] }
        #expect(lab.a.kept.count == 1)
      }
    }

    @Test(
      "a promotion while the old primary lives stops its acknowledgements, even with a frozen WAL receiver")
    func fencedByReplication() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        _ = try lab.a.client().query("CREATE TABLE keys (key int primary key)")
        try await lab.a.succeed(.synchronize(standby: "tercet_b_2"), epoch: 3, identity)
        let load = Load(on: [lab.a])
        load.start()
        try await eventually { load.acknowledged.count > 100 }
        let receiver = try #require(
          try lab.b.administrator().query(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walreceiver'"
          )
          .first?.first.flatMap { $0 }.flatMap { Int32($0) })
        kill(receiver, SIGSTOP)
        let began = ContinuousClock.now
        try await lab.b.succeed(.promote, epoch: 4, identity)
        print("promotion with a frozen WAL receiver: \(ContinuousClock.now - began)")
        let atPromotion = load.acknowledged.count
        // The old primary still runs and takes connections, but acknowledges nothing: a write hangs.
        let client = try lab.a.client()
        #expect(throws: (any Error).self) {
          _ = try client.query("INSERT INTO keys VALUES (-1)", within: .seconds(1))
        }
        let acknowledged = try await load.end()
        #expect(acknowledged.count == atPromotion)
        let found = try lab.b.keys()
        #expect(acknowledged.filter { !found.contains($0) } == [])
      }
    }

    @Test("a standby that was stopped is promoted without ever connecting to its primary again")
    func promoteStopped() async throws {
      try await Lab.run { lab in
        let identity = try await lab.replicate()
        try await lab.b.succeed(.stop, epoch: 3, identity)
        _ = try lab.a.client().query("CREATE TABLE late (id int)")
        try await lab.b.succeed(.promote, epoch: 4, identity)
        let query = "SELECT count(*) FROM pg_class WHERE relname = 'late'"
        #expect(try lab.b.client().query(query) == [["0"]])
        #expect(try lab.a.client().query(query) == [["1"]])
      }
    }
  }
}

/// A planned switchover by the driver's steps alone.
private func switchOver(from old: Node, to new: Node, _ identity: UInt64, epoch: UInt64) async throws {
  try await old.succeed(.stop, epoch: epoch, identity)
  let end = try #require(try await old.observation { $0.server == .stopped && $0.shutdown != nil }.shutdown)
  let received = try await new.observation { ($0.received ?? LSN(0)) >= end }
  #expect(received.received == end)
  try await new.succeed(.promote, epoch: epoch + 1, identity)
  let name = Database.standbyName(node: old.name, epoch: epoch + 2)
  try await new.succeed(.admit(standby: name), epoch: epoch + 2, identity)
  try await old.succeed(.follow(new.upstream(for: name)), epoch: epoch + 2, identity)
  _ = try await new.observation { $0.streamingStandbys == [name] }
  try await new.succeed(.synchronize(standby: name), epoch: epoch + 3, identity)
}

extension Node {
  fileprivate func keys() throws -> Set<Int> {
    let rows = try client().query("SELECT key FROM keys")
    return Set(rows.compactMap { $0.first.flatMap { $0 }.flatMap { Int($0) } })
  }
}

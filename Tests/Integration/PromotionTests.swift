import Foundation
import Testing

extension ThreeZones {
  @Suite struct Promotions {
    @Test(
      "tercet promote under a steady load of inserts loses no acknowledged row and never has two writable",
      arguments: ["there", "and back"])
    func promoteUnderLoad(_ way: String) async throws {
      let before = try await Cluster.whole()
      let primary = try #require(before.databases.first?.primary)
      let load = try await InsertLoad.start()

      try await eventually("rows are acknowledged", within: .seconds(20)) { load.acknowledged.count > 20 }
      let (promoted, elapsed) = try await measured {
        try await Cluster.tercet("promote", Shop.Database.name)
      }
      let acknowledgedAtSwitch = load.acknowledged.count
      try await eventually("rows are acknowledged by the new primary", within: .seconds(20)) {
        load.acknowledged.count > acknowledgedAtSwitch + 20
      }
      try await load.stop()

      #expect(promoted.status == 0, "\(promoted.errors)")
      #expect(elapsed < .seconds(20))
      let after = try await Cluster.whole()
      #expect(after.databases.first?.secondary == primary, "the two have changed places")
      let missing = try await Set(load.acknowledged).subtracting(InsertLoad.storedKeys())
      #expect(missing.isEmpty, "acknowledged and lost: \(missing.sorted().prefix(10))")
      #expect(load.writesByNode.count == 2, "both nodes took writes in turn")
      #expect(load.overlap == nil, "two nodes were writable at once")
    }
  }
}

/// Clients in the zone without data that insert rows with keys of their own, and note each that was acknowledged:
/// three that look for the primary as applications do, and one at each node, whatever its role.
struct InsertLoad: Sendable {
  private let folder: String
  private let clients: Task<Finished, any Error>

  /// A write acknowledged by one node, in seconds of one clock.
  struct Write: Hashable, Sendable {
    var began: Double
    var ended: Double
  }

  static func start() async throws -> InsertLoad {
    let folder = "\(Lab.folder)/load-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try await Shop.Database.query("create table if not exists load (key text primary key)")
    let both = Shop.Database.connection(to: Lab.Zone.data, "target_session_attrs=read-write")
    let nodes = Lab.Zone.data.map { "client \($0) '\(Shop.Database.connection(to: [$0]))' &" }
    let script = """
      export PGPASSWORD='\(Shop.Database.password)' PGCONNECT_TIMEOUT=1
      cd '\(folder)'
      client() {
        local number=0 began
        until [[ -e stop ]]; do
          number=$((number + 1))
          began=$EPOCHREALTIME
          if timeout 5 \(Shop.Database.psql) -qX "$2" -c "insert into load values ('\(folder)/$1/$number')" 2>/dev/null
          then echo "\(folder)/$1/$number $began $EPOCHREALTIME" >>"acknowledged.$1"
          else sleep 0.02
          fi
        done
      }
      for number in 1 2 3; do client $number '\(both)' & done
      \(nodes.joined(separator: "\n"))
      wait
      """
    return InsertLoad(
      folder: folder, clients: Task { try await Lab.attempt(in: .c, ["bash", "-c", script]) })
  }

  func stop() async throws {
    try "".write(toFile: "\(folder)/stop", atomically: false, encoding: .utf8)
    _ = try await clients.value
  }

  /// The keys of all rows that were acknowledged so far.
  var acknowledged: [String] { files.flatMap { keysAndTimes(in: $0).map(\.key) } }

  /// By the name of the node that was written to directly.
  var writesByNode: [String: [Write]] {
    let pairs = Lab.Zone.data.map { zone in
      (zone.rawValue, keysAndTimes(in: "acknowledged.\(zone)").map(\.write))
    }
    return Dictionary(uniqueKeysWithValues: pairs.filter { !$0.1.isEmpty })
  }

  /// Two writes, at different nodes, of which each began after one at the other node had been acknowledged: a single
  /// primary that moved once cannot do that.
  var overlap: (Write, Write)? {
    let writes = writesByNode.values.sorted { $0[0].began < $1[0].began }
    guard writes.count == 2, let firstOfNew = writes[1].min(by: { $0.ended < $1.ended }) else { return nil }
    return writes[0].first { $0.began > firstOfNew.ended }.map { ($0, firstOfNew) }
  }

  static func storedKeys() async throws -> Set<String> {
    Set(try await Shop.Database.query("select key from load"))
  }

  private var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasPrefix("acknowledged.")
    }
  }

  private func keysAndTimes(in file: String) -> [(key: String, write: Write)] {
    let text = (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
    // The last line may be half written.
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 3, let began = Double(words[1]), let ended = Double(words[2]) else { return nil }
      return (String(words[0]), Write(began: began, ended: ended))
    }
  }
}

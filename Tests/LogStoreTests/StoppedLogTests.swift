import Foundation
import LogStore
import Raft
import Testing

@Suite("The log of a stopped manager", .timeLimit(.minutes(1)))
struct StoppedLogTests {
  private let folder: TemporaryFolder
  private let identity = StoreIdentity(cluster: cluster, node: NodeID(1))

  init() throws {
    folder = try TemporaryFolder()
  }

  private func refusal() -> LogStoreError? {
    do {
      _ = try StoppedLog(folder: folder.path, identity: identity)
      return nil
    } catch {
      return error
    }
  }

  @Test("a log that is not there is not made, and one in use is not taken")
  func refusals() async throws {
    #expect(refusal() == .noLog(folder: folder.path))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    let session = try Session(folder.path)
    #expect(refusal() == .inUse(path: folder.path))
    await session.store.close()
  }

  @Test("what a recovery added is there when the manager starts, and nothing else has changed")
  func recovery() async throws {
    let session = try Session(folder.path)
    var admission = Admission()
    admission[NodeID(2)] = Incarnation(high: 2, low: 1)
    await session.write(
      Write(id: 1, entries: entries(1...3), hardState: HardState(term: 1), admission: admission, commit: 2))
    await session.store.close()
    let before = try await reopened(folder.path)

    let recovered = try before.recovered(at: NodeID(1), voters: [NodeID(1)], record: [7])
    do {
      let log = try StoppedLog(folder: folder.path, identity: identity)
      #expect(log.restored == before)
      try log.extend(to: recovered)
    }
    let after = try await reopened(folder.path)
    #expect(after == recovered)
    #expect(Array(after.entries.prefix(3)) == before.entries && after.entries.count == 5)
    #expect(after.admission?.givenUp == [NodeID(2), NodeID(3)])
  }
}

import Raft
import Testing

@Suite("Settings")
struct SettingsTests {
  @Test("the standard values pass their own check")
  func standard() throws {
    #expect(try Settings() == .standard)
  }

  @Test("a setting that cannot work is refused by name")
  func refused() {
    #expect(throws: SettingsError.self) { try Settings(heartbeatInterval: .zero) }
    #expect(throws: SettingsError.self) { try Settings(heartbeatInterval: .milliseconds(400)) }
    #expect(throws: SettingsError.self) {
      try Settings(electionTimeout: .milliseconds(500) ... .milliseconds(500))
    }
    #expect(throws: SettingsError.self) { try Settings(maximumInFlightMessages: 0) }
    #expect(throws: SettingsError.self) { try Settings(maximumCommandBytes: 0) }
    #expect(throws: SettingsError.self) { try Settings(entriesKeptAfterSnapshot: -1) }
    #expect(throws: SettingsError.self) { try Settings(bytesKeptAfterSnapshot: -1) }
    do {
      _ = try Settings(snapshotChunkBytes: 0)
    } catch {
      #expect(error.description == "Raft setting snapshotChunkBytes must be at least 1")
    }
  }
}

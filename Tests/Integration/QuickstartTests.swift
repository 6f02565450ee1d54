import Testing

extension ThreeZones {
  @Suite struct Quickstart {
    /// A lab of its own: the walk begins with none.
    static let environment = [
      "TERCET_LAB_NAME": "tercet-walk", "TERCET_LAB": "/var/tmp/tercet-walk", "TERCET_LAB_NET": "10.213",
      "TERCET_BIN": Lab.programs,
    ]

    @Test(
      "deploy/quickstart walks to its end, from nothing and again on the cluster that it left",
      .timeLimit(.minutes(6)))
    func twice() async throws {
      do {
        let (first, _) = try await walk()
        let (second, elapsed) = try await walk()

        #expect(second < first, "what is there is not made again")
        #expect(elapsed < .seconds(120), "it took \(elapsed)")
        try await Shell.succeed(["\(Lab.repository)/deploy/lab", "down"], environment: Self.environment)
      } catch {
        _ = try? await Shell.run(["\(Lab.repository)/deploy/lab", "down"], environment: Self.environment)
        throw error
      }
    }

    /// How many commands it showed, and how long it took. Each of its steps has to have told what it found.
    private func walk() async throws -> (commands: Int, elapsed: Duration) {
      let (output, elapsed) = try await measured {
        try await Shell.succeed(
          ["\(Lab.repository)/deploy/quickstart", "--no-build"], environment: Self.environment)
      }
      let found = output.lines.filter { $0.contains(" s  ok: ") }
      #expect(found.count >= 15, "\(output.output)")
      #expect(output.output.contains("The cluster is running"))
      return (output.lines.count { $0.contains("           $ ") }, elapsed)
    }
  }
}

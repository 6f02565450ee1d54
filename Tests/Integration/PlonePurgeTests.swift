import Foundation
import Testing

extension ThreeZones {
  /// The real plone.cachepurging, which `deploy/install plone` installs.
  @Suite struct PurgingAsPlone {
    private static let python =
      (ProcessInfo.processInfo.environment["TERCET_PLONE"] ?? "/opt/tercet-plone") + "/bin/python"

    /// What befalls one Varnish while Plone purges.
    enum Trouble: String, CaseIterable, Sendable {
      case frozen, cutOff, restarted

      func begin() async throws {
        switch self {
        case .frozen: try await Lab.bash(in: .b, "pkill -STOP varnishd; pkill -STOP cache-main")
        case .cutOff: try await Lab.run("cut", "b")
        case .restarted: break
        }
      }

      /// What befalls it in the middle of the purges, while visitors fill it again.
      func goOn(_ pages: Pages) async throws {
        guard self == .restarted else { return }
        let before = try await Cluster.status().appliedIndex
        try await eventually("200 purges are through", within: .seconds(30)) {
          try await Cluster.status().appliedIndex >= before + 200
        }
        try await Lab.bash(in: .b, "pkill -KILL cache-main")
        try await pages.visit(in: .b, seconds: 3)
      }

      func end() async throws {
        switch self {
        case .restarted: break
        case .frozen: try await Lab.bash(in: .b, "pkill -CONT cache-main; pkill -CONT varnishd")
        case .cutOff: try await Lab.run("heal")
        }
      }
    }

    @Test(
      "1,000 pages purged by plone.cachepurging: nothing is tried again, and both caches have forgotten them all",
      .timeLimit(.minutes(2)), arguments: Trouble.allCases)
    func thousandPages(trouble: Trouble) async throws {
      try await Pages.served(1_000) { pages in
        try await pages.fill()
        try await trouble.begin()
        let complaints: [String]
        do {
          async let meanwhile: Void = trouble.goOn(pages)
          complaints = try await pages.purgeAsPlone(at: .a, python: Self.python)
          try await meanwhile
        } catch {
          try await trouble.end()
          throw error
        }
        try await trouble.end()
        #expect(complaints.isEmpty, "\(complaints.prefix(5)) of \(complaints.count)")
        try await Cluster.whole(within: .seconds(90))
        try await Pages.applied()
        for zone in Lab.Zone.data {
          let stale = try await pages.stale(at: zone)
          #expect(stale.isEmpty, "zone \(zone): \(stale.prefix(5)) of \(stale.count)")
        }
      }
    }
  }
}

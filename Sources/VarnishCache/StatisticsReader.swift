import Cluster
import Foundation
import Subprocess
import SystemPackage

/// Reads what a Varnish counts, with its own tool: the command line does not tell.
///
/// The actor guards the last answer, which stands for some seconds: starting a program costs milliseconds.
actor StatisticsReader {
  private let folder: String?
  private var last: CacheCounts?
  private var readAt: ContinuousClock.Instant?

  private static let interval = Duration.seconds(30)

  init(folder: String?) { self.folder = folder }

  /// Nil when the tool is missing, or finds no such instance.
  func counts() async -> CacheCounts? {
    if let readAt, ContinuousClock.now - readAt < Self.interval { return last }
    readAt = .now
    last = try? await read()
    return last
  }

  private struct Answer: Decodable {
    struct Counter: Decodable { var value: UInt64 }
    var counters: [String: Counter]
  }

  private static let fields = ["MAIN.n_object", "MAIN.cache_hit", "MAIN.cache_miss"]

  private func read() async throws -> CacheCounts? {
    // Started by its name alone, it would be tried in each folder of the path, with a fork each.
    let program = try await Executable.name("varnishstat").resolveExecutablePath(in: .inherit)
    let instance = folder.map { ["-n", $0] } ?? []
    let result = try await Subprocess.run(
      .path(program),
      arguments: Arguments(["-1", "-j", "-t", "1"] + instance + Self.fields.flatMap { ["-f", $0] }),
      output: .bytes(limit: 1 << 20), error: .discarded)
    guard case .exited(0) = result.terminationStatus else { return nil }
    let counters = try JSONDecoder().decode(Answer.self, from: Data(result.standardOutput)).counters
    let values = Self.fields.compactMap { counters[$0]?.value }
    guard values.count == Self.fields.count else { return nil }
    return CacheCounts(objects: values[0], hits: values[1], misses: values[2])
  }
}

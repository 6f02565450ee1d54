import ArgumentParser
import Foundation

/// How fast two managers speak with each other over loopback, with mutual TLS.
struct PeersBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "Round trips and messages a second between two managers, with mutual TLS, over loopback.",
    discussion: """
      Both managers run in this process, each with one event loop. A round trip is one frame there and one \
      back, with one under way at a time, answered on the event loop. Messages go one way, sent from another \
      thread, at most 4096 under way; "in frames of 64" are handed over 64 at a time.
      """)

  @Option(help: "Seconds a measurement takes; there are three.")
  var seconds = 3.0

  @Option(help: "Bytes in a frame.")
  var payload = 256

  func validate() throws {
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds must be over 0, up to 600") }
    guard (1...1 << 20).contains(payload) else { throw ValidationError("--payload must be 1 to 1048576") }
  }

  func run() throws {
    let pair = try PeerPair()
    defer { pair.shutdown() }
    print("peers: \(payload)-byte frames, \(seconds) s each")
    let frame = [UInt8](repeating: 0x5a, count: payload)
    let trips = pair.roundTrips(of: frame, seconds: seconds)
    print(
      String(
        format: "round trips/s      %9.0f   p50 %.3f ms   p99 %.3f ms", Double(trips.count) / seconds,
        percentile(trips, 0.5), percentile(trips, 0.99)))
    for batch in [1, 64] {
      let rate = pair.messages(of: frame, atATime: batch, seconds: seconds)
      print(String(format: "messages/s, by %2d   %9.0f", batch, rate))
    }
  }

  /// In milliseconds, of times in nanoseconds.
  private func percentile(_ times: [UInt64], _ share: Double) -> Double {
    guard !times.isEmpty else { return 0 }
    let sorted = times.sorted()
    return Double(sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]) / 1e6
  }
}

import Cluster
import Raft
import WireFormat

/// The rule that a request counts once: wherever it comes into the log again, the state answers with the index at which
/// it stood first.
struct RequestRule: Sendable {
  /// The requests of entries that were written anywhere; those without one are nil. Looked up, never iterated.
  private var requests: [Position: RequestID?] = [:]
  private var firstIndices: [RequestID: Index] = [:]

  mutating func wrote(_ entries: [Entry]) {
    for entry in entries where requests[entry.position] == nil {
      requests[entry.position] = .some(Self.request(of: entry))
    }
  }

  private static func request(of entry: Entry) -> RequestID? {
    guard case .command(let command) = entry.payload, let proposal = try? Proposal(decoding: command),
      !proposal.isShared
    else { return nil }
    return proposal.request
  }

  /// The entry at a position was applied for the first time anywhere, and came to this state.
  mutating func applied(_ position: Position, _ state: State) -> String? {
    guard let request = requests[position] ?? nil else { return nil }
    let first = firstIndices[request] ?? position.index
    firstIndices[request] = first
    // None if it has been forgotten in favour of newer ones.
    guard let answer = state.requests[request], answer.index != first else { return nil }
    return "the request of entry \(first) counts again at \(answer.index)"
  }
}

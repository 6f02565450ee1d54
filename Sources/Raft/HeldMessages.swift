/// Messages that wait until the term and vote they speak of are on disk. Acknowledgements are not among
/// them: those are computed anew when a write completes.
///
/// At most one message of a kind waits for each member, so that a disk that hangs does not fill the memory.
struct HeldMessages: Hashable, Sendable {
  private var messages: [Message] = []

  var count: Int { messages.count }

  mutating func hold(_ message: Message) {
    messages.removeAll { $0.to == message.to && $0.body.kind == message.body.kind }
    messages.append(message)
  }

  /// What waited, in order.
  mutating func release() -> [Message] {
    var released: [Message] = []
    swap(&released, &messages)
    return released
  }

  /// The term rose: what was said in the old one interests nobody any more.
  mutating func discard() { messages.removeAll() }
}

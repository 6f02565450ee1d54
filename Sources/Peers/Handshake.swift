package import ClusterAuthority
package import Raft

/// The course of one connection, without its sockets: first TLS, then a hello in each direction, then
/// payloads from the dialer to the acceptor. Whatever comes out of turn is a `LinkFailure` and the end.
///
/// The dialer speaks first. The acceptor answers with its own hello only when it accepts, so that the
/// dialer's link is open exactly when the other side takes its frames.
package struct Handshake: Sendable {
  package enum Role: Hashable, Sendable {
    case dialer(expecting: NodeID)
    case acceptor
  }

  package enum Action: Equatable, Sendable {
    /// Nothing to do until the next frame.
    case wait
    /// Send our own hello.
    case greet
    /// The link is open; the acceptor sends its own hello first.
    case open(Hello, greetingFirst: Bool)
    /// Hand the payload on.
    case deliver([UInt8])
  }

  private enum State: Sendable {
    case securing
    case greeting(NodeID)
    case open
  }

  package let role: Role
  private var state = State.securing

  package init(_ role: Role) {
    self.role = role
  }

  /// Whether frames flow.
  package var isOpen: Bool { if case .open = state { true } else { false } }

  /// TLS is done and `identity` stands in the certificate that it verified.
  package mutating func secured(
    by identity: PeerIdentity, members: MemberTable
  ) throws(LinkFailure) -> Action {
    guard case .securing = state else { preconditionFailure("TLS is negotiated once a connection") }
    let node = try members.manager(presenting: identity)
    state = .greeting(node)
    switch role {
    case .acceptor:
      return .wait
    case .dialer(let expected):
      guard node == expected else { throw .unexpectedPeer(expected: expected, found: node) }
      return .greet
    }
  }

  /// A frame arrived.
  package mutating func received(_ frame: Frame, members: MemberTable) throws(LinkFailure) -> Action {
    switch (state, frame.kind) {
    case (.greeting, .refusal), (.open, .refusal):
      throw .refusedByPeer(
        Hello.printable(String(decoding: frame.payload, as: UTF8.self), limit: Self.refusalBytes))
    case (.greeting(let node), .hello):
      let hello = try Hello(decoding: frame.payload)
      try members.check(hello, from: node)
      state = .open
      return .open(hello, greetingFirst: role == .acceptor)
    case (.open, .payload) where role == .acceptor:
      return .deliver(frame.payload)
    case (.securing, _), (.greeting, .payload), (.open, .hello), (.open, .payload):
      throw .unexpectedFrame(frame.kind)
    }
  }

  /// The longest refusal that is sent or kept, in bytes.
  package static let refusalBytes = 500
}

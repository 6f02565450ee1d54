/// Where an incident can be brought about. What a world cannot do is refused there, never passed over.
public struct Worlds: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The simulator.
  public static let simulated = Worlds(rawValue: 1)
  /// Zones on real machines or in network namespaces.
  public static let real = Worlds(rawValue: 2)
  public static let both: Worlds = [.simulated, .real]
}

extension Incident {
  /// In real zones: cut, isolate, flap and an unreachable cache are packet filters at the destination; link
  /// qualities are `tc netem`; kill and crash are SIGKILL, stop is SIGTERM, pause and freeze are SIGSTOP; a reboot
  /// ends every process of the zone and takes its links down; a full disk is a small tmpfs. Nothing there loses
  /// the page cache, bends a clock or makes an engine lie.
  public var worlds: Worlds {
    switch self {
    case .cut, .isolate, .healLink, .heal, .link, .flap: .both
    case .clog: .simulated
    case .kill, .stop, .start, .pause, .resume, .reboot, .powerOff, .wipe, .restore: .both
    case .disk(_, let fault): fault.worlds
    case .recover, .install: .simulated
    case .clockJump, .clockDrift, .wallClock: .simulated
    case .docker(_, let fault): fault.worlds
    case .container(_, let fault): fault == .crash ? .both : .simulated
    case .image: .simulated
    case .postgres(_, let fault): fault == .slow ? .simulated : .both
    case .varnish(_, let fault): fault == .halfDone ? .simulated : .both
    case .operate(.replace, _): .simulated
    case .operate: .both
    }
  }
}

extension DiskFault {
  fileprivate var worlds: Worlds {
    switch self {
    case .fill, .free: .both
    case .stall, .release, .corrupt, .loseUnsynced, .tearTail: .simulated
    }
  }
}

extension EngineFault {
  fileprivate var worlds: Worlds {
    switch self {
    case .down, .up, .well: .both
    case .slow, .failing, .halfDone, .answersTwice: .simulated
    }
  }
}

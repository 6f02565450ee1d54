extension Incident {
  /// Whether it makes things worse; what ends something or asks for something does not.
  public var isFault: Bool {
    switch self {
    case .healLink, .heal, .start, .resume, .recover, .restore, .operate: false
    case .disk(_, .release), .disk(_, .free): false
    case .docker(_, .up), .docker(_, .well), .image(_, .well): false
    case .postgres(_, .thaw), .postgres(_, .well), .varnish(_, .reachable), .varnish(_, .well): false
    case .clockDrift(_, let drift): drift != 0
    default: true
    }
  }

  /// What it is, without where: such as `cut` or `disk stall`.
  public var kind: String {
    switch self {
    case .install(_, let program): "install \(program.rawValue)"
    case .disk(_, let fault): "disk \(fault.rawValue)"
    case .docker(_, .slow): "docker slow"
    case .docker(_, let fault): "docker \(fault.text)"
    case .container(_, let fault): "container \(fault.rawValue)"
    case .image(_, let nature): "image \(nature.rawValue)"
    case .postgres(_, let fault): "postgres \(fault.rawValue)"
    case .varnish(_, let fault): "varnish \(fault.rawValue)"
    case .clockJump: "clock jump"
    case .clockDrift: "clock drift"
    case .wallClock: "clock wall"
    default: String(text.prefix { $0 != " " })
    }
  }
}

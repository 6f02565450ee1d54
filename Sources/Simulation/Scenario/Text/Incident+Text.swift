import Cluster
import Raft

extension Incident {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .cut(let from, let to, let direction): "cut \(direction.text(from, to))"
    case .isolate(let target): "isolate \(target.text)"
    case .healLink(let from, let to): "heal \(Direction.bothWays.text(from, to))"
    case .heal(let target): "heal \(target.text)"
    case .link(let from, let to, let direction, let quality):
      "link \(direction.text(from, to)) \(quality.text)"
    case .clog(let from, let to, let direction, let duration):
      "clog \(direction.text(from, to)) \(Quantity.text(duration))"
    case .flap(let from, let to, let every, let duration):
      "flap \(Direction.bothWays.text(from, to)) every \(Quantity.text(every)) for \(Quantity.text(duration))"
    case .kill(let target): "kill \(target.text)"
    case .stop(let target): "stop \(target.text)"
    case .start(let target): "start \(target.text)"
    case .pause(let target): "pause \(target.text)"
    case .resume(let target): "resume \(target.text)"
    case .reboot(let target, let down): "reboot \(target.text) down \(Quantity.text(down))"
    case .powerOff(let target): "poweroff \(target.text)"
    case .wipe(let target): "wipe \(target.text)"
    case .recover(let target): "recover \(target.text)"
    case .install(let target, let program): "install \(target.text) \(program.rawValue)"
    case .disk(let target, let fault): "disk \(target.text) \(fault.rawValue)"
    case .clockJump(let target, let length): "clock \(target.text) jump \(Quantity.signed(length))"
    case .clockDrift(let target, let parts): "clock \(target.text) drift \(parts > 0 ? "+" : "")\(parts)ppm"
    case .wallClock(let target, let length): "clock \(target.text) wall \(Quantity.signed(length))"
    case .docker(let target, let fault): "docker \(target.text) \(fault.text)"
    case .container(let target, let fault): "container \(target.text) \(fault.rawValue)"
    case .image(let name, let nature): "image \(name) \(nature.rawValue)"
    case .postgres(let target, let fault): "postgres \(target.text) \(fault.rawValue)"
    case .varnish(let target, let fault): "varnish \(target.text) \(fault.rawValue)"
    case .restore(let target): "restore \(target.text)"
    case .operate(let operation, let via): operation.text + (via.map { " via \($0.text)" } ?? "")
    }
  }
}

extension Direction {
  /// `a->b`
  func text(_ from: Target, _ to: Target) -> String { from.text + rawValue + to.text }
}

extension EngineFault {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .down: "down"
    case .up: "up"
    case .slow(let duration): "slow \(Quantity.text(duration))"
    case .failing: "failing"
    case .halfDone: "half-done"
    case .answersTwice: "answers-twice"
    case .well: "well"
    }
  }
}

extension Operation {
  /// As scenario files write it.
  public var text: String {
    switch self {
    case .deploy(let image, let order):
      "deploy image \(image) order \(order == .startFirst ? "start-first" : "stop-first")"
    case .scale(let count): "scale \(count)"
    case .promote: "promote"
    case .purge(let path, let pages): "purge \(path)" + (pages.map { " pages \($0)" } ?? "")
    case .drain(let target): "drain \(target.text)"
    case .activate(let target): "activate \(target.text)"
    case .forget(let target): "forget \(target.text)"
    case .replace(let target): "replace \(target.text)"
    }
  }
}

extension LinkQuality {
  /// As scenario files write it: what differs from a local network, or its delay when nothing does.
  public var text: String {
    let usual = LinkQuality.usual
    var parts: [String] = []
    if (delay, jitter) != (usual.delay, usual.jitter) || self == usual {
      parts.append(
        "delay \(Quantity.text(delay))" + (jitter == .zero ? "" : "~\(Quantity.text(jitter))"))
    }
    if lost > 0 { parts.append("loss \(Quantity.percent(lost))") }
    if duplicated > 0 { parts.append("duplicate \(Quantity.percent(duplicated))") }
    if reordered > 0 { parts.append("reorder \(Quantity.percent(reordered))") }
    return parts.joined(separator: " ")
  }
}

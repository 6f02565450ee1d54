import Cluster
import Raft

/// The first word of an incident.
private enum Verb: String, CaseIterable {
  case cut, isolate, heal, link, clog, flap
  case kill, stop, start, pause, resume, reboot, poweroff, wipe, recover, install
  case disk, clock, docker, container, image, postgres, varnish
  case restore
  case deploy, scale, promote, purge, drain, activate, forget, replace
}

extension ScenarioLine {
  /// `kill @leader; cut a->b`: the rest of the line.
  mutating func incidents() throws(ScenarioError) -> [(incident: Incident, column: Int)] {
    var incidents: [(incident: Incident, column: Int)] = []
    repeat {
      let column = column
      incidents.append((try incident(), column))
    } while skipSeparator()
    try finish()
    return incidents
  }

  private mutating func incident() throws(ScenarioError) -> Incident {
    let verb: Verb = try choice("a fault, its end or a request")
    switch verb {
    case .cut, .link, .clog, .flap: return try networkIncident(verb)
    case .isolate: return .isolate(try target())
    case .heal: return try healing()
    case .kill: return .kill(try target())
    case .stop: return .stop(try target())
    case .start: return .start(try target())
    case .pause: return .pause(try target())
    case .resume: return .resume(try target())
    case .reboot: return try reboot()
    case .poweroff: return .powerOff(try target())
    case .wipe: return .wipe(try target())
    case .recover: return .recover(try target())
    case .install: return .install(try target(), try choice("a version of the program"))
    case .disk: return .disk(try target(), try choice("what befalls the disk"))
    case .clock: return try clockIncident()
    case .docker: return .docker(try target(), try engineFault())
    case .container: return .container(try target(), try choice("what befalls the container"))
    case .image: return .image(try image(), try choice("what the image's containers do"))
    case .postgres: return .postgres(try target(), try choice("what befalls the server"))
    case .varnish: return .varnish(try target(), try choice("what befalls the cache"))
    case .restore: return .restore(try target())
    case .deploy, .scale, .promote, .purge, .drain, .activate, .forget, .replace: return try request(verb)
    }
  }

  // MARK: Network

  private mutating func networkIncident(_ verb: Verb) throws(ScenarioError) -> Incident {
    let link = try link()
    switch verb {
    case .cut: return .cut(link.from, link.to, link.direction)
    case .link: return .link(link.from, link.to, link.direction, try quality())
    case .clog: return .clog(link.from, link.to, link.direction, try duration())
    default:
      guard link.direction == .bothWays else {
        throw error(at: column, "a flapping link is cut both ways", remedy: "write `<->`")
      }
      try keyword("every")
      let every = try duration()
      try keyword("for")
      return .flap(link.from, link.to, every: every, for: try duration())
    }
  }

  /// `heal a<->b`, `heal a`
  private mutating func healing() throws(ScenarioError) -> Incident {
    var ahead = self
    _ = try ahead.target()
    guard !ahead.isAtArrow else {
      let link = try link()
      guard link.direction == .bothWays else {
        throw error(at: column, "a link is healed both ways", remedy: "write `<->`")
      }
      return .healLink(link.from, link.to)
    }
    return .heal(try target())
  }

  /// `delay 2ms~1ms loss 0.1% duplicate 1% reorder 5%`: at least one of them, in this order.
  mutating func quality() throws(ScenarioError) -> LinkQuality {
    var quality = LinkQuality.usual
    let start = column
    if skip("delay") {
      let word = try word("a delay such as 2ms or 2ms~1ms")
      let parts = word.text.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
      quality.delay = try duration(parts[0], at: word.column, allowsZero: true)
      quality.jitter =
        parts.count == 1
        ? .zero : try duration(parts[1], at: word.column + parts[0].count + 1, allowsZero: true)
    }
    if skip("loss") { quality.lost = try percentage() }
    if skip("duplicate") { quality.duplicated = try percentage() }
    if skip("reorder") { quality.reordered = try percentage() }
    guard column != start else {
      throw unexpected("`delay`, `loss`, `duplicate` or `reorder`, in this order")
    }
    return quality
  }

  // MARK: Machines

  private mutating func reboot() throws(ScenarioError) -> Incident {
    let target = try target()
    try keyword("down")
    return .reboot(target, down: try duration())
  }

  private enum ClockFault: String, CaseIterable {
    case jump, drift, wall
  }

  private mutating func clockIncident() throws(ScenarioError) -> Incident {
    let target = try target()
    let fault: ClockFault = try choice("what befalls the clock")
    switch fault {
    case .jump: return .clockJump(target, try signedDuration(allowsBack: false))
    case .drift: return .clockDrift(target, partsPerMillion: try drift())
    case .wall: return .wallClock(target, try signedDuration(allowsBack: true))
    }
  }

  /// `-300ppm`, `+200ppm`, `0ppm`; clocks that are off by more than a tenth are broken otherwise.
  private mutating func drift() throws(ScenarioError) -> Int {
    let expected = "a drift such as -300ppm, at most 100000ppm"
    let word = try word(expected)
    let sign = word.text.prefix { $0 == "+" || $0 == "-" }
    let digits = word.text.dropFirst(sign.count).prefix { $0.isASCIIDigit }
    guard sign.count <= 1, word.text.dropFirst(sign.count + digits.count) == "ppm",
      let parts = Quantity.count(digits), parts <= 100_000
    else { throw error(at: word.column, expected: expected, found: "`\(word.text)`") }
    return sign == "-" ? -Int(parts) : Int(parts)
  }

  // MARK: Services

  private enum EngineWord: String, CaseIterable {
    case down, up, slow, failing, well
    case halfDone = "half-done"
    case answersTwice = "answers-twice"
  }

  private mutating func engineFault() throws(ScenarioError) -> EngineFault {
    let word: EngineWord = try choice("what befalls the engine")
    switch word {
    case .down: return .down
    case .up: return .up
    case .slow: return .slow(try duration())
    case .failing: return .failing
    case .halfDone: return .halfDone
    case .answersTwice: return .answersTwice
    case .well: return .well
    }
  }

  /// `shop:2`
  private mutating func image() throws(ScenarioError) -> String {
    let expected = "an image with its tag such as shop:2"
    let word = try word(expected)
    let parts = word.text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts.contains("") else {
      throw error(at: word.column, expected: expected, found: "`\(word.text)`")
    }
    return word.text
  }

  // MARK: Operators

  private mutating func request(_ verb: Verb) throws(ScenarioError) -> Incident {
    let operation = try operation(verb)
    return .operate(operation, via: skip("via") ? try target() : nil)
  }

  private mutating func operation(_ verb: Verb) throws(ScenarioError) -> Operation {
    switch verb {
    case .deploy:
      try keyword("image")
      let image = try image()
      try keyword("order")
      let order: OrderWord = try choice("the order of a rollout")
      return .deploy(image: image, order: order == .startFirst ? .startFirst : .stopFirst)
    case .scale: return .scale(try count("a number of tasks", in: 0...1_000))
    case .purge:
      let path = try word("a path such as /news")
      guard path.text.first == "/" else {
        throw error(at: path.column, expected: "a path that begins with `/`", found: "`\(path.text)`")
      }
      let pages = skip("pages") ? try count("a number of pages", in: 1...10_000) : nil
      return .purge(path: path.text, pages: pages)
    case .drain: return .drain(try target())
    case .activate: return .activate(try target())
    case .forget: return .forget(try target())
    case .replace: return .replace(try target())
    default: return .promote
    }
  }

  private enum OrderWord: String, CaseIterable {
    case startFirst = "start-first"
    case stopFirst = "stop-first"
  }
}

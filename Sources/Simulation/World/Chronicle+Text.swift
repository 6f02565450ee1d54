import Cluster
import Manager
import Raft

extension Chronicle.Line {
  /// As one line: the time in seconds, the machine, what happened.
  public func text(names: [String]) -> String {
    let milliseconds = time.nanoseconds / 1_000_000
    let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
    let stamp = "\(milliseconds / 1_000).\(fraction)"
    let padding = String(repeating: " ", count: max(0, 9 - stamp.count))
    return "\(padding)\(stamp)  \(machine.map { names[$0] } ?? "--")  \(kind.text)"
  }
}

extension Chronicle.Kind {
  /// In words.
  public var text: String {
    switch self {
    case .started: "the manager starts"
    case .ended: "the manager has ended"
    case .leads(let term): "leads term \(term)"
    case .halted(let reason): "the manager halts: \(reason)"
    case .said(let note): note
    case .asked(let summary): "asked: \(summary)"
    case .acts(let action): "begins: \(action.words)"
    case .acted(let action, .done): "done: \(action.words)"
    case .acted(let action, .replaced(let reason)): "in another way: \(action.words): \(reason)"
    case .acted(let action, .partial(let reason)): "in part: \(action.words): \(reason)"
    case .acted(let action, .failed(let reason)): "failed: \(action.words): \(reason)"
    case .befell(let incident): "\(incident.isFault ? "BEFALLS" : "step"): \(incident.text)"
    case .applied(let index): "has applied \(index)"
    case .cut(let other): "nothing arrives any more at machine \(other + 1)"
    case .mended(let other): "messages arrive again at machine \(other + 1)"
    case .paused: "is frozen"
    case .resumed: "goes on"
    case .violation(let text): "BROKEN: \(text)"
    }
  }
}

extension Action {
  /// What is done, in a few words.
  fileprivate var words: String {
    switch self {
    case .runTask(let launch): "run \(launch.task.containerName) (\(launch.template.image))"
    case .removeTask(_, let name, _): "remove \(name)"
    case .database(let action):
      "database \(action.specification.name) at epoch \(action.epoch): \(action.step.words)"
    case .cache(let action): action.step.words
    case .balance(let balancing):
      "balance over \(balancing.frontends.reduce(0) { $0 + $1.servers.count }) servers"
    }
  }
}

extension CacheAction.Step {
  fileprivate var words: String {
    switch self {
    case .purge(let purges, let through): "purge \(purges.count) pages through \(through)"
    case .flush(let through): "flush the cache through \(through)"
    }
  }
}

extension DatabaseAction.Step {
  fileprivate var words: String {
    switch self {
    case .initialize: "initialize"
    case .startPrimary(let standby): "start as primary, synchronous to \(standby ?? "nobody")"
    case .clone(let upstream): "clone from \(upstream.address)"
    case .follow(let upstream): "follow \(upstream.address) as \(upstream.standbyName)"
    case .admit(let standby): "admit \(standby)"
    case .configure: "configure"
    case .synchronize(let standby): "commits wait for \(standby ?? "nobody")"
    case .stop: "stop"
    case .promote: "promote"
    }
  }
}

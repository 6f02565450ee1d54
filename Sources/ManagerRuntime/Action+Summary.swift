internal import Cluster

extension Action {
  /// In words, without secrets.
  var summary: String {
    switch self {
    case .runTask(let launch): "run \(launch.task.containerName)"
    case .removeTask(_, let name, _): "remove \(name)"
    case .database(let action):
      "\(action.step.summary) database \(action.specification.name) (epoch \(action.epoch))"
    case .cache(let action): action.summary
    case .balance(let balancing):
      "balance \(balancing.frontends.reduce(0) { $0 + $1.servers.count }) servers of \(balancing.frontends.count) ports"
    }
  }

  /// Whether a line for each in the log would drown the others.
  var isFrequent: Bool {
    if case .cache = self { true } else { false }
  }
}

extension DatabaseAction.Step {
  fileprivate var summary: String {
    switch self {
    case .initialize: "make"
    case .startPrimary(let standby?): "start as the primary, waiting for \(standby),"
    case .startPrimary(nil): "start as the primary"
    case .clone(let upstream): "copy from \(upstream.address)"
    case .follow(let upstream): "follow \(upstream.address) with"
    case .admit(let standby): "admit \(standby) to"
    case .configure: "configure"
    case .synchronize(let standby?): "let commits wait for \(standby) in"
    case .synchronize(nil): "let commits wait for nobody in"
    case .stop: "stop"
    case .promote: "promote"
    }
  }
}

extension CacheAction {
  fileprivate var summary: String {
    switch step {
    case .purge(let purges, let through): "purge \(purges.count) things from \(cache) through \(through)"
    case .flush(let through): "let \(cache) forget everything through \(through)"
    }
  }
}

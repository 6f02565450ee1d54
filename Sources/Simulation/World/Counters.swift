/// What a run has counted so far.
public struct Counters: Hashable, Sendable {
  private var values = [UInt64](repeating: 0, count: Scenario.Measure.Counter.allCases.count)

  public init() {}

  public subscript(_ counter: Scenario.Measure.Counter) -> UInt64 {
    get { values[counter.place] }
    set { values[counter.place] = newValue }
  }

  public static func - (left: Counters, right: Counters) -> Counters {
    var difference = left
    for place in left.values.indices { difference.values[place] &-= right.values[place] }
    return difference
  }

  public static func + (left: Counters, right: Counters) -> Counters {
    var sum = left
    for place in left.values.indices { sum.values[place] &+= right.values[place] }
    return sum
  }
}

extension Scenario.Measure.Counter {
  fileprivate var place: Int {
    switch self {
    case .elections: 0
    case .terms: 1
    case .truncations: 2
    case .snapshots: 3
    case .installations: 4
    case .restarts: 5
    case .halts: 6
    case .failovers: 7
    case .switchovers: 8
    case .clones: 9
    case .rows: 10
    case .purges: 11
    case .replays: 12
    case .flushes: 13
    case .intents: 14
    case .refusals: 15
    case .timeouts: 16
    case .starts: 17
    case .crashes: 18
    case .faults: 19
    case .lostWrites: 20
    case .lostMessages: 21
    case .overloads: 22
    }
  }
}

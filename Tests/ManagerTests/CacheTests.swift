import Cluster
import Manager
import Raft
import Testing
import WireFormat

@Suite("A node's caches")
struct CacheTests {
  private static let page = Purge.address(host: "h", path: "/")

  /// A manager that leads alone, whose Varnish is reachable and has just forgotten what it held before.
  private static func withCache(_ body: (inout Subject) -> Void) {
    var description = Subject.described("a")
    description.cache = "one"
    var subject = Subject(managers: 1, node: description)
    subject.see(instance: "1.2")
    subject.pass(.seconds(4))
    #expect(subject.cacheSteps == [.flush(through: 1)] || subject.cacheSteps.count == 1)
    subject.finishActions()
    subject.pass(.seconds(3))
    subject.forgetActions()
    body(&subject)
  }

  @Test("a cache that was not known begins by forgetting everything, and is behind until then")
  func newCache() {
    var description = Subject.described("a")
    description.cache = "one"
    var subject = Subject(managers: 1, node: description)
    subject.pass(.seconds(4))
    #expect(subject.cacheSteps.isEmpty, "nothing is done before it is seen")
    subject.see(instance: "1.2")
    guard case .flush? = subject.cacheSteps.first else {
      Issue.record("\(subject.cacheSteps)")
      return
    }
    #expect(subject.cacheReports.map(\.position) == [0])
    #expect(subject.manager.state.caches["one"]?.isNew == true)
    subject.finishActions()
    subject.pass(.seconds(3))
    #expect(subject.manager.state.caches["one"]?.isNew == false)
    #expect(subject.cacheReports.map(\.position) != [0])
  }

  @Test("a report tells up to where nothing is left to be done a second time, when all can read that")
  func settled() {
    var description = Subject.described("a")
    description.cache = "one"
    var subject = Subject(managers: 1, node: description, understanding: .current)
    subject.see(instance: "1.2", settledThrough: 0)
    subject.pass(.seconds(4))
    #expect(subject.cacheReports.map(\.settled) == [0], "it has not even begun")
    subject.finishActions()
    subject.pass(.seconds(1))
    let position = subject.cacheReports.first?.position ?? 0
    #expect(position > 0)
    #expect(subject.cacheReports.map(\.settled) == [0], "what it forgot may be coming in")
    subject.see(instance: "1.2", settledThrough: position)
    #expect(subject.cacheReports.map(\.settled) == [position])
    let last = subject.commit([Self.page])
    subject.pass(.milliseconds(10))
    subject.finishActions()
    subject.pass(.seconds(1))
    #expect(subject.cacheReports.map(\.position) == [last])
    #expect(subject.cacheReports.map(\.settled) == [position])
    subject.see(instance: "1.2", settledThrough: last)
    #expect(subject.cacheReports.map(\.settled) == [last])

    var older = Subject(managers: 1, node: description)
    older.see(instance: "1.2", settledThrough: 0)
    older.pass(.seconds(4))
    #expect(older.cacheReports.map(\.settled) == [nil])
  }

  @Test("a cache that was dropped and taken in anew between two looks forgets everything")
  func takenInAnew() {
    var (with, without) = (Subject.described("a"), Subject.described("a"))
    with.cache = "one"
    func command(_ intent: Intent, _ token: UInt64) -> [UInt8] { Proposal.of(intent, token: token).encoded() }
    var subject = Subject(node: with)
    subject.see(instance: "1.2")
    subject.follow(2, commands: [command(.register(with), 1)])
    subject.finishActions()
    subject.follow(2, commands: [command(.cachePositions([CachePosition(cache: "one", position: 1)]), 2)])
    subject.forgetActions()
    // What was purged in between nobody kept for it.
    subject.follow(
      2,
      commands: [
        command(.register(without), 3), command(.purge([Self.page]), 4), command(.register(with), 5),
      ])
    #expect(subject.cacheSteps == [.flush(through: 5)])
    subject.finishActions()
    subject.forgetActions()
    subject.follow(2, commands: [command(.purge([Self.page]), 6)])
    subject.pass(.milliseconds(5))
    #expect(subject.cacheSteps == [.purge([Self.page], through: 6)])
  }

  @Test("purges reach the cache in the log's order, one action at a time, each page once in an action")
  func order() {
    Self.withCache { subject in
      let first = subject.commit([Self.page])
      #expect(subject.cacheSteps == [.purge([Self.page], through: first)])
      let other = Purge.key(name: "k", soft: false)
      subject.commit([other, Self.page])
      let last = subject.commit([other])
      #expect(subject.cacheSteps.count == 1, "the first is still under way")
      subject.finishActions()
      subject.pass(.milliseconds(5))
      #expect(subject.cacheSteps.last == .purge([other, Self.page], through: last))
      subject.finishActions()
      // Reports are sent twice a second.
      subject.pass(.milliseconds(600))
      #expect(subject.cacheReports.map(\.position) == [last])
    }
  }

  @Test("a purge that comes alone is not kept waiting; those that follow it closely are brought together")
  func gathers() {
    Self.withCache { subject in
      let first = subject.commit([Self.page])
      #expect(subject.cacheSteps == [.purge([Self.page], through: first)])
      subject.finishActions()
      var last = first
      for page in 1...3 {
        subject.pass(.milliseconds(1))
        last = subject.commit([.address(host: "h", path: "/\(page)")])
      }
      #expect(subject.cacheSteps.count == 1)
      subject.pass(.milliseconds(2))
      let gathered = (1...3).map { Purge.address(host: "h", path: "/\($0)") }
      #expect(subject.cacheSteps.last == .purge(gathered, through: last))
      subject.finishActions()
      subject.pass(.milliseconds(5))
      let alone = subject.commit([Self.page])
      #expect(subject.cacheSteps.last == .purge([Self.page], through: alone))
    }
  }

  @Test("what failed is tried again, later each time, and its place in the log does not move")
  func failure() {
    Self.withCache { subject in
      let before = subject.cacheReports.map(\.position)
      subject.commit([Self.page])
      for attempt in 1...4 {
        #expect(subject.cacheSteps.count == attempt)
        subject.finishActions(.failed("it does not answer"))
        #expect(subject.cacheReports.map(\.position) == before)
        let wait = Duration.milliseconds(50 << attempt)
        subject.pass(Duration(nanoseconds: wait.nanoseconds - 1_000_000))
        #expect(subject.cacheSteps.count == attempt)
        subject.pass(.milliseconds(2))
      }
    }
  }

  @Test("a cache that answers again is not kept waiting by its earlier failures")
  func answersAgain() {
    Self.withCache { subject in
      subject.commit([Self.page])
      for _ in 1...8 {
        subject.finishActions(.failed("it does not answer"))
        subject.pass(.seconds(11))
      }
      subject.finishActions(.failed("it does not answer"))
      subject.see(isReachable: false)
      let tried = subject.cacheSteps.count
      subject.see(instance: "1.2")
      #expect(subject.cacheSteps.count == tried + 1)
    }
  }

  @Test("one that kept its memory while it was away replays what it missed; one that lost it jumps ahead")
  func returns() {
    for (instance, isReplayed) in [("1.2", true), ("1.3", false)] {
      Self.withCache { subject in
        subject.see(isReachable: false)
        var last = Index(0)
        for page in 0..<5 { last = subject.commit([.address(host: "h", path: "/\(page)")]) }
        #expect(subject.cacheSteps.isEmpty)
        subject.see(instance: instance)
        let missed = (0..<5).map { Purge.address(host: "h", path: "/\($0)") }
        #expect(
          subject.cacheSteps == [isReplayed ? .purge(missed, through: last) : .flush(through: last)])
        subject.finishActions()
        subject.pass(.milliseconds(600))
        #expect(subject.cacheReports.map(\.position) == [last])
      }
    }
  }

  @Test("one that missed more than is kept forgets everything")
  func flush() {
    Self.withCache { subject in
      subject.see(isReachable: false)
      var last = Index(0)
      for batch in 0..<11 {
        last = subject.commit((0..<10_000).map { .address(host: nil, path: "/\(batch)/\($0)") })
      }
      subject.see(instance: "1.2")
      #expect(subject.cacheSteps == [.flush(through: last)])
    }
  }

  @Test("a cache that was emptied in the place of a purge is told of for an hour, and nothing is tried again")
  func emptied() {
    Self.withCache { subject in
      let last = subject.commit([Self.page])
      let reason = "it was emptied in the place of a purge: " + String(repeating: "x", count: 10_000)
      subject.finishActions(.replaced(reason))
      subject.pass(.seconds(1))
      let problem = "cache one: " + reason.prefix(300)
      #expect(subject.cacheProblems == [problem])
      #expect(subject.cacheReports.map(\.position) == [last])
      subject.commit([Self.page])
      subject.finishActions(.replaced(reason))
      subject.commit([Self.page])
      subject.finishActions()
      subject.pass(.seconds(3_598))
      #expect(subject.cacheProblems == [problem + " (2 times)"])
      #expect(subject.cacheSteps.count == 3)
      subject.pass(.seconds(4))
      #expect(subject.cacheProblems == [])
    }
  }

  @Test("a Varnish in a container is driven where the container is, and is forgotten with it")
  func container() {
    var description = Subject.described("a")
    description.runsContainers = true
    var subject = Subject(managers: 1, node: description)
    subject.pass(.seconds(4))
    let service = Service(
      name: "varnish", template: TaskTemplate(image: "varnish"),
      labels: [Setting(Service.cacheLabel, "6083")])
    subject.step(.observed(.containers([])))
    subject.submit(.deploy(Stack(name: "shop", services: [service])), token: 100)
    subject.pass(.seconds(2))
    guard let task = subject.manager.state.tasks.values.first else {
      Issue.record("it was not placed")
      return
    }
    #expect(subject.manager.serviceCaches == [], "it does not run yet")
    var container = ContainerObservation(
      task: task.id, name: task.containerName, container: "c", condition: .running, health: .unchecked)
    container.address = "172.17.0.9"
    subject.step(.observed(.containers([container])))
    let endpoint = CacheEndpoint(cache: task.containerName, host: "172.17.0.9", port: 6_083)
    #expect(subject.manager.serviceCaches == [endpoint])
    subject.step(
      .observed(.cache(CacheObservation(cache: endpoint.cache, isReachable: true, instance: "1.2"))))
    #expect(subject.cacheActions.map(\.cache) == [endpoint.cache])
    subject.submit(.remove(stack: "shop"), token: 101)
    #expect(subject.manager.serviceCaches == [])
  }
}

extension Subject {
  fileprivate mutating func see(
    isReachable: Bool = true, instance: String = "", settledThrough: Index? = nil
  ) {
    step(
      .observed(
        .cache(
          CacheObservation(
            cache: "one", isReachable: isReachable, instance: instance, settledThrough: settledThrough))))
  }

  /// Commits purges in an entry of their own; returns its index.
  @discardableResult
  fileprivate mutating func commit(_ purges: [Purge]) -> Index {
    step(.purge([.init(token: 1_000 + manager.state.purges.last, origin: "door/a", purges: purges)]))
    return manager.state.purges.last
  }

  fileprivate var cacheActions: [CacheAction] {
    performed.compactMap { if case .cache(let action) = $0.action { action } else { nil } }
  }

  fileprivate var cacheSteps: [CacheAction.Step] { cacheActions.map(\.step) }

  fileprivate var cacheProblems: [String] {
    manager.view(at: now).reports.flatMap(\.report.problems)
  }

  fileprivate var cacheReports: [CacheReport] {
    manager.view(at: now).reports.flatMap(\.report.caches)
  }
}

import Raft

/// What is to happen, by time, and in the order of arrival at equal times: a binary heap.
struct EventQueue<Event> {
  private struct Slot {
    let time: Instant
    let number: UInt64
    let event: Event

    func isBefore(_ other: Slot) -> Bool { (time, number) < (other.time, other.number) }
  }
  private var slots: [Slot] = []
  private var count: UInt64 = 0

  var nextTime: Instant { slots.first?.time ?? .never }

  mutating func add(_ event: Event, at time: Instant) {
    count += 1
    slots.append(Slot(time: time, number: count, event: event))
    var child = slots.count - 1
    while child > 0, slots[child].isBefore(slots[(child - 1) / 2]) {
      slots.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> Event? {
    guard let first = slots.first else { return nil }
    let last = slots.removeLast()
    guard !slots.isEmpty else { return first.event }
    slots[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < slots.count && slots[child].isBefore(slots[least]) { least = child }
      if least == parent { return first.event }
      slots.swapAt(parent, least)
      parent = least
    }
  }
}

/// A map in the order of its keys: two equal maps iterate alike, on every machine and in every run, which the
/// standard library's dictionary does not promise. Lookup is O(log n), insertion O(n); made for hundreds of
/// keys.
public struct SortedMap<Key: Comparable & Hashable & Sendable, Value: Hashable & Sendable>: Hashable, Sendable
{
  public private(set) var keys: [Key] = []
  public private(set) var values: [Value] = []

  public init() {}

  public var count: Int { keys.count }
  public var isEmpty: Bool { keys.isEmpty }

  public subscript(key: Key) -> Value? {
    get {
      let place = place(of: key)
      return place < keys.count && keys[place] == key ? values[place] : nil
    }
    set {
      let place = place(of: key)
      let exists = place < keys.count && keys[place] == key
      switch (newValue, exists) {
      case (let value?, true): values[place] = value
      case (let value?, false):
        keys.insert(key, at: place)
        values.insert(value, at: place)
      case (nil, true):
        keys.remove(at: place)
        values.remove(at: place)
      case (nil, false): break
      }
    }
  }

  /// Changes a value in place, if there is one.
  public mutating func update(_ key: Key, _ body: (inout Value) -> Void) {
    let place = place(of: key)
    guard place < keys.count, keys[place] == key else { return }
    body(&values[place])
  }

  public mutating func removeAll(where shouldRemove: (Key, Value) -> Bool) {
    let kept = keys.indices.filter { !shouldRemove(keys[$0], values[$0]) }
    guard kept.count < keys.count else { return }
    keys = kept.map { keys[$0] }
    values = kept.map { values[$0] }
  }

  private func place(of key: Key) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension SortedMap: Sequence {
  public func makeIterator() -> Zip2Sequence<[Key], [Value]>.Iterator {
    zip(keys, values).makeIterator()
  }
}

/// A map in the order of its keys: two equal maps iterate alike, on every machine and in every run, which the
/// standard library's dictionary does not promise. Lookup is O(log n), insertion O(n); made for hundreds of
/// keys.
///
/// All of it is inlinable: every look at the state goes through here, and without its types known at the caller's
/// each would cost ten times as much.
public struct SortedMap<Key: Comparable & Hashable & Sendable, Value: Hashable & Sendable>: Hashable, Sendable
{
  @inlinable public var keys: [Key] { storedKeys }
  @inlinable public var values: [Value] { storedValues }
  @usableFromInline var storedKeys: [Key] = []
  @usableFromInline var storedValues: [Value] = []

  @inlinable public init() {}

  @inlinable public var count: Int { storedKeys.count }
  @inlinable public var isEmpty: Bool { storedKeys.isEmpty }

  @inlinable
  public subscript(key: Key) -> Value? {
    get {
      let place = place(of: key)
      return place < storedKeys.count && storedKeys[place] == key ? storedValues[place] : nil
    }
    set {
      let place = place(of: key)
      let exists = place < storedKeys.count && storedKeys[place] == key
      switch (newValue, exists) {
      case (let value?, true): storedValues[place] = value
      case (let value?, false):
        storedKeys.insert(key, at: place)
        storedValues.insert(value, at: place)
      case (nil, true):
        storedKeys.remove(at: place)
        storedValues.remove(at: place)
      case (nil, false): break
      }
    }
  }

  /// Changes a value in place, if there is one.
  @inlinable
  public mutating func update(_ key: Key, _ body: (inout Value) -> Void) {
    let place = place(of: key)
    guard place < storedKeys.count, storedKeys[place] == key else { return }
    body(&storedValues[place])
  }

  @inlinable
  public mutating func removeAll(where shouldRemove: (Key, Value) -> Bool) {
    let kept = storedKeys.indices.filter { !shouldRemove(storedKeys[$0], storedValues[$0]) }
    guard kept.count < storedKeys.count else { return }
    storedKeys = kept.map { storedKeys[$0] }
    storedValues = kept.map { storedValues[$0] }
  }

  @inlinable
  func place(of key: Key) -> Int {
    var low = 0
    var high = storedKeys.count
    while low < high {
      let middle = (low + high) / 2
      if storedKeys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension SortedMap: Sequence {
  @inlinable
  public func makeIterator() -> Zip2Sequence<[Key], [Value]>.Iterator {
    zip(storedKeys, storedValues).makeIterator()
  }
}

/// The keys that a mapping of fixed keys may have.
struct Keys {
  /// Keys with an effect.
  var known: [String]
  /// Keys that Docker knows and that have no effect here, each with what to know about it.
  var ignored: [String: String] = [:]
  /// Keys that Docker knows and that Tercet refuses, since a stack without them would not work as written; each
  /// with the remedy.
  var unsupported: [String: String] = [:]
}

/// A mapping with fixed keys, such as a service. Extension keys (`x-…`) may stand in any of them.
struct Record {
  private var values: [String: Field] = [:]

  /// Nil, with a complaint, when the element is no mapping. Complains of every key that is not known.
  init?(_ element: Element, _ keys: Keys) {
    guard let fields = element.fields() else { return nil }
    for field in fields {
      if keys.known.contains(field.key) {
        values[field.key] = field
      } else if let reason = keys.ignored[field.key] {
        field.keyElement.warning("the key has no effect", remedy: reason)
      } else if let remedy = keys.unsupported[field.key] {
        field.keyElement.error("the key is not supported", remedy: remedy)
      } else if !field.key.hasPrefix("x-") {
        let near = Suggestion.nearest(to: field.key, among: keys.known)
        field.keyElement.error("unknown key", remedy: near.map { "did you mean `\($0)`?" })
      }
    }
  }

  /// The value of a key; nil when the key is absent or has no value.
  subscript(key: String) -> Element? {
    guard let value = values[key]?.value, !value.isNull else { return nil }
    return value
  }

  /// The place of a key that is there, with or without a value.
  func keyElement(_ key: String) -> Element? { values[key]?.keyElement }
}

/// Finds what a misspelled word was meant to be.
enum Suggestion {
  /// The nearest word that differs by at most a third of its letters.
  static func nearest(to word: String, among words: [String]) -> String? {
    guard word.utf8.count <= 40 else { return nil }
    let distances = words.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
    guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, best.word.utf8.count / 3) ? best.word : nil
  }

  /// Letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [i + 1]
      for j in right.indices {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[right.count]
  }
}

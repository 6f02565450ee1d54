import Raft
public import WireFormat

/// Purges in order. They are by far the most numerous things in the log, so they are not a record each: the
/// fields of the list are read one after the other, and a host counts until the next one.
///
///     1  the host of the addresses that follow
///     2  the addresses that follow have no host (as those at the start of the list)
///     3  the path of an address
///     4  a ban's expression
///     5  a key
///     6  a key to be purged softly
struct PurgeList: WireCodable {
  var purges: [Purge]

  init(_ purges: [Purge]) { self.purges = purges }

  func encode(into writer: inout WireWriter) {
    var current: String?
    for purge in purges {
      switch purge {
      case .address(let host, let path):
        if !Self.areIdentical(host, current) {
          current = host
          if let host { writer.present(1, host) } else { writer.bare(2) }
        }
        writer.present(3, path)
      case .ban(let expression): writer.present(4, expression)
      case .key(let key, let soft): writer.present(soft ? 6 : 5, key)
      }
    }
  }

  init(from reader: inout WireReader) throws(WireError) {
    self.init([])
    var current: String?
    while let field = try reader.next() {
      switch field {
      case 1: current = try reader.string()
      case 2: current = try reader.bare(nil)
      case 3: purges.append(.address(host: current, path: try reader.string()))
      case 4: purges.append(.ban(expression: try reader.string()))
      case 5: purges.append(.key(name: try reader.string(), soft: false))
      case 6: purges.append(.key(name: try reader.string(), soft: true))
      default: throw reader.unknown(field)
      }
    }
  }

  /// Byte for byte: texts that are equal only after Unicode normalization are different to a cache.
  private static func areIdentical(_ left: String?, _ right: String?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): left.utf8.elementsEqual(right.utf8)
    default: false
    }
  }
}

extension PurgeQueue: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.repeated(1, batches)
    writer.field(2, droppedThrough)
    writer.field(3, last)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init()
    var droppedThrough: Index = 0
    var last: Index = 0
    while let field = try reader.next() {
      switch field {
      case 1:
        let batch = try reader.record(Batch.self)
        guard batch.index > self.last else { throw .malformed("purges are out of order") }
        take(batch)
      case 2: droppedThrough = try reader.uint()
      case 3: last = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
    self.droppedThrough = max(self.droppedThrough, droppedThrough)
    self.last = max(self.last, last)
  }
}

extension PurgeQueue.Batch: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, index)
    writer.field(2, PurgeList(purges))
    writer.field(3, wallClockMilliseconds)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(index: 0, purges: [])
    while let field = try reader.next() {
      switch field {
      case 1: index = try reader.uint()
      case 2: purges = try reader.record(PurgeList.self).purges
      case 3: wallClockMilliseconds = try reader.int64()
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Cache: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, name)
    writer.field(2, node)
    writer.field(3, position)
    writer.field(4, isNew)
    if let lackingSinceMilliseconds { writer.record(5) { $0.field(1, lackingSinceMilliseconds) } }
    if let task { writer.field(6, task) }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(name: "", node: "", position: 0)
    while let field = try reader.next() {
      switch field {
      case 1: name = try reader.string()
      case 2: node = try reader.string()
      case 3: position = try reader.uint()
      case 4: isNew = try reader.bool()
      case 5: lackingSinceMilliseconds = try Self.milliseconds(reader.nested())
      case 6: task = try TaskID(reading: reader.uint())
      default: throw reader.unknown(field)
      }
    }
  }
}

extension Cache {
  /// In a record of its own, so that 0 can be told from nil.
  private static func milliseconds(_ reader: consuming WireReader) throws(WireError) -> Int64 {
    var value: Int64 = 0
    while let field = try reader.next() {
      guard field == 1 else { throw reader.unknown(field) }
      value = try reader.int64()
    }
    return value
  }
}

extension CachePosition: WireCodable {
  public func encode(into writer: inout WireWriter) {
    writer.field(1, cache)
    writer.field(2, position)
  }

  public init(from reader: inout WireReader) throws(WireError) {
    self.init(cache: "", position: 0)
    while let field = try reader.next() {
      switch field {
      case 1: cache = try reader.string()
      case 2: position = try reader.uint()
      default: throw reader.unknown(field)
      }
    }
  }
}

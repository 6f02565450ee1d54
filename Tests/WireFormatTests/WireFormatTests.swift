import Testing
import WireFormat

@Suite("Wire format")
struct WireFormatTests {
  @Test(
    "a record's length takes as few bytes as it can, however long the record is",
    arguments: [0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152])
  func recordLength(_ count: Int) throws {
    let content = [UInt8](repeating: 7, count: count)
    var length = WireWriter()
    length.varint(UInt64(count))

    var writer = WireWriter()
    writer.record(1) { inner in
      for _ in content { inner.varint(7) }
    }
    #expect(writer.bytes == [0x0a] + length.bytes + content)
  }

  @Test("records inside records keep their own lengths")
  func nestedRecords() throws {
    let text = String(repeating: "x", count: 120)
    var writer = WireWriter()
    writer.field(1, 1 as UInt64)
    writer.record(2) { outer in
      outer.field(1, text)
      outer.record(2) { $0.field(1, text + text) }
      outer.field(3, 3 as UInt64)
    }
    writer.field(3, true)

    var reader = WireReader(writer.bytes)
    #expect(try reader.next() == 1)
    #expect(try reader.uint() == 1)
    #expect(try reader.next() == 2)
    var outer = try reader.nested()
    #expect(try outer.next() == 1)
    #expect(try outer.string() == text)
    #expect(try outer.next() == 2)
    var inner = try outer.nested()
    #expect(try inner.next() == 1)
    #expect(try inner.string() == text + text)
    #expect(inner.isAtEnd)
    #expect(try outer.next() == 3)
    #expect(try outer.uint() == 3)
    #expect(outer.isAtEnd)
    #expect(try reader.next() == 3)
    #expect(try reader.bool())
    #expect(reader.isAtEnd)
  }

  @Test("nothing, and something empty, are told apart")
  func presence() {
    #expect(written { $0.optional(1, nil as String?) } == [])
    #expect(written { $0.optional(1, "") } == [0x0a, 0])
    #expect(written { $0.optional(1, nil as [String]?) } == [])
    #expect(written { $0.optional(1, [] as [String]?) } == [0x0a, 0])
    #expect(written { $0.optional(1, [""] as [String]?) } == [0x0a, 2, 0x0a, 0])
    #expect(written { $0.optional(1, nil as UInt64?) } == [])
    #expect(written { $0.optional(1, 0 as UInt64) } == [8, 0])
    #expect(written { $0.optional(1, 0 as Int64) } == [8, 0])
    #expect(written { $0.optional(1, nil as Bool?) } == [])
    #expect(written { $0.optional(1, false) } == [8, 0])
    #expect(written { $0.bare(1) } == [0x0a, 0])
  }

  @Test("the extremes of numbers come back")
  func extremes() throws {
    for number in [Int64.min, -1, 0, 1, .max] {
      var reader = WireReader(written { $0.present(1, number) })
      #expect(try reader.next() == 1)
      #expect(try reader.int64() == number)
    }
    for number in [0, 127, 128, UInt64.max] {
      var reader = WireReader(written { $0.present(1, number) })
      #expect(try reader.next() == 1)
      #expect(try reader.uint() == number)
    }
  }

  private enum Colour: UInt64 { case red, green }

  @Test("a plain enumeration's unknown case is refused with its number")
  func enumeration() throws {
    var reader = WireReader(written { $0.field(1, Colour.green) })
    #expect(try reader.next() == 1)
    #expect(try reader.enumeration(Colour.self) == .green)

    var foreign = WireReader(written { $0.present(1, 2 as UInt64) })
    #expect(try foreign.next() == 1)
    #expect(throws: WireError.unknownKind(2)) { try foreign.enumeration(Colour.self) }
  }

  @Test("a record of one kind must have exactly one")
  func kinds() throws {
    var none = WireReader([] as [UInt8])
    #expect(throws: WireError.malformed("a shape is missing")) { try none.kind(of: "a shape") }

    var two = WireReader(
      written {
        $0.bare(1)
        $0.bare(2)
      })
    #expect(try two.kind(of: "a shape") == 1)
    _ = try two.bare(())
    #expect(throws: WireError.self) { try two.end() }

    var filled = WireReader(written { $0.record(1) { $0.field(4, true) } })
    #expect(try filled.kind(of: "a shape") == 1)
    #expect(throws: WireError.unknownField(4)) { try filled.bare(()) }
  }

  @Test(
    "foreign bytes are errors with a reason",
    arguments: [
      ([0x08], .truncated),
      ([0x08, 0x80], .truncated),
      ([0x0a, 0x02, 0x61], .truncated),
      ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .truncated),
      ([0x00], .malformed("tag 0")),
      ([0x0d], .malformed("tag 13")),
      ([0x08] + Array(repeating: 0xff, count: 10), .malformed("varint over 64 bits")),
      ([0x0a, 0x01, 0xff], .malformed("text is not UTF-8")),
      ([0x08, 0x01], .malformed("field 1 has another type")),
    ] as [([UInt8], WireError)])
  func foreignBytes(_ bytes: [UInt8], _ expected: WireError) {
    #expect(throws: expected) {
      var reader = WireReader(bytes)
      guard try reader.next() != nil else { return }
      if bytes == [0x08, 0x01] || bytes.first == 0x0a {
        _ = try reader.string()
      } else {
        _ = try reader.uint()
      }
    }
  }

  private func written(_ body: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter()
    body(&writer)
    return writer.bytes
  }
}

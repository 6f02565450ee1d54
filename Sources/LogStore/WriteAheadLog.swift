/// A look into SQLite's write-ahead log before SQLite reads it, to tell a torn tail from damage.
///
/// SQLite takes the frames up to the first invalid one and drops the rest. That is right for the transaction
/// that was under way when the power failed: its frames reach the disk in any order, or not at all. But each
/// transaction is synced before the next one is written. So where frames of a later transaction follow an
/// invalid one, an acknowledged transaction was damaged, and dropping it would be silent loss.
///
/// Not told apart from a torn tail: damage in the last transaction of the log, and in the last two if it
/// hits the header of the frame between them. There `AcknowledgedFile` is the only witness.
///
/// The format: <https://sqlite.org/fileformat2.html#walformat>.
struct WriteAheadLog {
  private let bytes: [UInt8]
  private let pageSize: Int
  private let salts: UInt64
  private let sumsAreBigEndian: Bool

  private static let headerSize = 32
  private static let frameHeaderSize = 24

  /// The number of the first frame (from 1 on; 0 is the file's header) that is damaged although it was
  /// synced; nil if there is none.
  static func firstDamagedFrame(in bytes: [UInt8]) -> Int? {
    guard bytes.count > headerSize else { return nil }
    guard let log = WriteAheadLog(bytes) else {
      // SQLite syncs a new header before it writes the first frame.
      return bytes[headerSize...].contains { $0 != 0 } ? 0 : nil
    }
    return log.firstDamagedFrame().map { $0 + 1 }
  }

  /// Nil if the header is not valid.
  private init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    let magic = WriteAheadLog.bigEndian(bytes, at: 0)
    sumsAreBigEndian = magic & 1 == 1
    pageSize = Int(WriteAheadLog.bigEndian(bytes, at: 8))
    salts = WriteAheadLog.pair(bytes, at: 16)
    guard magic & ~1 == 0x377f_0682, pageSize >= 512, pageSize <= 65536, pageSize & (pageSize - 1) == 0,
      sums(over: 0..<24, after: 0) == WriteAheadLog.pair(bytes, at: 24)
    else { return nil }
  }

  private func firstDamagedFrame() -> Int? {
    let first = firstInvalidFrame()
    guard first < count else { return nil }
    // The invalid frame's page may be what is damaged, its header still telling that it ends a transaction.
    var transactionEnded = isCurrent(first) && isCommit(first)
    for frame in first + 1..<max(first + 1, count) where isCurrent(frame) && follows(frame) {
      if transactionEnded { return first }
      transactionEnded = isCommit(frame)
    }
    return nil
  }

  /// The frame at which SQLite's recovery ends, or the number of frames.
  private func firstInvalidFrame() -> Int {
    (0..<count).first { !(isCurrent($0) && follows($0)) } ?? count
  }

  private var count: Int {
    (bytes.count - WriteAheadLog.headerSize) / (WriteAheadLog.frameHeaderSize + pageSize)
  }

  private func start(of frame: Int) -> Int {
    WriteAheadLog.headerSize + frame * (WriteAheadLog.frameHeaderSize + pageSize)
  }

  /// Whether the frame was written since the log last began anew; older ones carry other salts.
  private func isCurrent(_ frame: Int) -> Bool {
    WriteAheadLog.pair(bytes, at: start(of: frame) + 8) == salts
  }

  /// The last frame of a transaction tells the main file's size, all others 0.
  private func isCommit(_ frame: Int) -> Bool {
    WriteAheadLog.bigEndian(bytes, at: start(of: frame) + 4) != 0
  }

  /// Whether the frame's checksums continue those that stand in the frame before it, or in the header.
  private func follows(_ frame: Int) -> Bool {
    let start = start(of: frame)
    let page = start + WriteAheadLog.frameHeaderSize
    let before = WriteAheadLog.pair(bytes, at: frame == 0 ? 24 : self.start(of: frame - 1) + 16)
    let header = sums(over: start..<start + 8, after: before)
    return sums(over: page..<page + pageSize, after: header) == WriteAheadLog.pair(bytes, at: start + 16)
  }

  /// The two running sums after the range, which is a multiple of eight bytes long.
  private func sums(over range: Range<Int>, after seed: UInt64) -> UInt64 {
    var first = UInt32(truncatingIfNeeded: seed >> 32)
    var second = UInt32(truncatingIfNeeded: seed)
    bytes.withUnsafeBytes { buffer in
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        first &+= word(buffer, offset) &+ second
        second &+= word(buffer, offset + 4) &+ first
      }
    }
    return UInt64(first) << 32 | UInt64(second)
  }

  private func word(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    let raw = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return sumsAreBigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw)
  }

  private static func pair(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    UInt64(bigEndian(bytes, at: offset)) << 32 | UInt64(bigEndian(bytes, at: offset + 4))
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

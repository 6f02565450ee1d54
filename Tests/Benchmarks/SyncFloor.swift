import Dispatch
import Glibc

/// How often a second the disk takes `bytesPerSync` bytes and confirms them: `write` and `fdatasync` on a
/// plain file that is overwritten from its beginning every 4 MiB, as a write-ahead log is.
func syncFloor(in folder: String, bytesPerSync: Int, seconds: Double) throws -> Double {
  let path = folder + "/floor"
  let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw BenchmarkFailure("open", path) }
  defer {
    close(descriptor)
    unlink(path)
  }
  let bytes = [UInt8](repeating: 0x5a, count: bytesPerSync)
  let rounds = max(1, (4 << 20) / bytesPerSync)
  // The first pass gives the file its blocks, which costs more than writing over them.
  for round in 0..<rounds { try write(bytes, to: descriptor, at: round * bytesPerSync, path) }
  guard fsync(descriptor) == 0 else { throw BenchmarkFailure("sync", path) }
  return try countSyncs(of: bytes, to: descriptor, rounds: rounds, path, seconds: seconds)
}

private func countSyncs(
  of bytes: [UInt8], to descriptor: CInt, rounds: Int, _ path: String, seconds: Double
) throws -> Double {
  let begin = DispatchTime.now()
  let end = begin + seconds
  var count = 0
  while DispatchTime.now() < end {
    try write(bytes, to: descriptor, at: count % rounds * bytes.count, path)
    guard fdatasync(descriptor) == 0 else { throw BenchmarkFailure("sync", path) }
    count += 1
  }
  return Double(count) / Double(DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds) * 1e9
}

private func write(_ bytes: [UInt8], to descriptor: CInt, at offset: Int, _ path: String) throws {
  let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
  guard count == bytes.count else { throw BenchmarkFailure("write", path) }
}

extension BenchmarkFailure {
  /// A call to the operating system failed; the reason is in `errno`.
  fileprivate init(_ operation: String, _ path: String) {
    self.init(reason: "cannot \(operation) \(path): \(String(cString: strerror(errno)))")
  }
}

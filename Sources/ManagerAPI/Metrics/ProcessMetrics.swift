import Glibc

/// The process itself, under the names that Prometheus' client libraries agreed on.
enum ProcessMetrics {
  static func write(to text: inout PrometheusText) {
    if let bytes = residentBytes {
      text.single(
        "process_resident_memory_bytes", .gauge, help: "Resident memory of tercetd in bytes.", Double(bytes))
    }
    text.single(
      "process_cpu_seconds_total", .counter, help: "Processor time used by tercetd in seconds.", cpuSeconds)
    if let count = openFiles {
      text.single("process_open_fds", .gauge, help: "Open file descriptors of tercetd.", Double(count))
    }
  }

  /// The second number of `/proc/self/statm` (proc(5)), in pages.
  static var residentBytes: Int? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split(separator: " ")
    guard words.count > 1, let pages = Int(words[1]) else { return nil }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  private static var cpuSeconds: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  private static var openFiles: Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    // `.`, `..` and the descriptor of the folder itself.
    return count - 3
  }
}

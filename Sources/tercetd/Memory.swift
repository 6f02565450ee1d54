import CMalloc

/// How much of the memory that was needed once stays with the process. The C library's standard settings are for
/// speed alone: an arena for each thread, and what a burst of work left free is kept.
enum Memory {
  /// Two cores hardly contend for two arenas, and each arena more is a heap more with holes of its own.
  private static let arenas: CInt = 2
  /// Larger blocks are mapped, and unmapped when they are freed; free memory at a heap's end beyond as much is given
  /// back at once. Said explicitly, because otherwise both grow with the largest block ever freed.
  private static let keptBytes: CInt = 1 << 20
  private static let interval = Duration.seconds(10)

  /// To be called before there are threads.
  static func configure() {
    mallopt(M_ARENA_MAX, arenas)
    mallopt(M_MMAP_THRESHOLD, keptBytes)
    mallopt(M_TRIM_THRESHOLD, keptBytes)
  }

  /// Gives back the holes too, now and then, until cancelled.
  static func trimRegularly() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: interval)
      malloc_trim(0)
    }
  }
}

#if PlantedBugs
  import Foundation

  /// This program again, as another process.
  enum Child {
    enum Verdict {
      /// It found something broken, or broke itself.
      case found
      case notFound
      case outOfTime
    }

    static func run(_ arguments: [String]) -> (verdict: Verdict, text: String) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = arguments
      let pipe = Pipe()
      process.standardOutput = pipe
      do {
        try process.run()
      } catch {
        return (.outOfTime, "cannot be started: \(error.localizedDescription)")
      }
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      let text = String(decoding: output, as: UTF8.self)
      if process.terminationReason == .exit {
        return (process.terminationStatus == 0 ? .found : .notFound, text)
      }
      // A crash is a bug found, too; the end of its time is not.
      return process.terminationStatus == SIGXCPU
        ? (.outOfTime, text + "its time was up")
        : (.found, text + "a crash, signal \(process.terminationStatus)")
    }

    /// Ends this process when it has used so many seconds of processor time, whatever else the machine does meanwhile.
    static func endSelf(after seconds: Int) {
      var limit = rlimit(rlim_cur: rlim_t(seconds), rlim_max: rlim_t(seconds + 5))
      setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
    }
  }
#endif

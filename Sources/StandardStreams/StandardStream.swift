/// StandardStreams: text for standard output and standard error, by write(2) itself.
///
/// Foundation's `FileHandle.write(_:)` ends the process with a crash when a write fails, and `print` does not tell. But
/// writes do fail: on a disk that is full, and when whoever read the other end of a pipe has gone.
import Glibc

/// One of the process's two streams for text.
public enum StandardStream: CInt, Sendable {
  case output = 1
  case error = 2
}

extension StandardStream {
  /// How far a write came.
  public struct Written: Hashable, Sendable {
    /// So many bytes of the text are out.
    public var bytes: Int
    /// Why no more are (errno(3)); nil when all are, or when the time was up.
    public var errorNumber: CInt?
  }

  /// Writes a text, however long it takes until there is room for it.
  @discardableResult
  public func write(_ text: String) -> Written { write(text, upTo: nil) }

  /// Writes a text, as far as there is room for it at once or after a short wait.
  ///
  /// - Parameter milliseconds: how long to wait for room each time there is none.
  @discardableResult
  public func write(_ text: String, waitingAtMost milliseconds: CInt) -> Written {
    write(text, upTo: milliseconds)
  }

  private func write(_ text: String, upTo milliseconds: CInt?) -> Written {
    var text = text
    return text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        var count = bytes.count - written
        if let milliseconds {
          guard hasRoom(within: milliseconds) else { return Written(bytes: written, errorNumber: nil) }
          // For so much there is room when poll(2) says that there is any, in a pipe and in a socket (pipe(7)).
          count = min(count, Int(PIPE_BUF))
        }
        let result = Glibc.write(rawValue, bytes.baseAddress! + written, count)
        guard result < 0 else {
          written += result
          continue
        }
        switch errno {
        case EINTR: continue
        // Someone else who has the other descriptor of this stream made it so, a shell's other program perhaps.
        case EAGAIN: guard hasRoom(within: milliseconds ?? -1) else { return Written(bytes: written) }
        case let number: return Written(bytes: written, errorNumber: number)
        }
      }
      return Written(bytes: written)
    }
  }

  /// Waits until a write would not wait, or would fail at once. A negative number waits for ever.
  private func hasRoom(within milliseconds: CInt) -> Bool {
    var waiting = pollfd(fd: rawValue, events: CShort(POLLOUT), revents: 0)
    while true {
      let ready = poll(&waiting, 1, milliseconds)
      if ready < 0, errno == EINTR { continue }
      return ready != 0
    }
  }
}

extension StandardStream.Written {
  init(bytes: Int) { self.init(bytes: bytes, errorNumber: nil) }
}

extension StandardStream {
  /// Gives a process that was started without one of the three standard descriptors one that leads nowhere: the first
  /// file that it opens would get the number, and messages would be written into it.
  public static func fillGaps() {
    for descriptor in 0...2 as ClosedRange<CInt> where fcntl(descriptor, F_GETFD) < 0 {
      // It gets the lowest free number, which is this one.
      _ = open("/dev/null", O_RDWR)
    }
  }
}

public import Logging
public import NIOCore
public import ServiceLifecycle

/// Runs services for as long as a test needs them, with a graceful end.
public enum RunningServer {
  /// - Parameters:
  ///   - make: builds the service; it must call the closure with the address it listens on.
  public static func run<Value: Sendable>(
    _ make: (_ onListening: @escaping @Sendable (SocketAddress) -> Void) throws -> any Service,
    _ body:
      @escaping @Sendable (_ port: Int, _ shutDown: @escaping @Sendable () async -> Void) async throws ->
      Value
  ) async throws -> Value {
    let (addresses, continuation) = AsyncStream<SocketAddress>.makeStream()
    let service = try make { continuation.yield($0) }
    let group = ServiceGroup(configuration: .init(services: [.init(service: service)], logger: quiet))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        try await group.run()
        continuation.finish()
      }
      var port: Int?
      for await address in addresses {
        port = address.port
        break
      }
      guard let port else {
        try await tasks.next()
        throw NeverListened()
      }
      do {
        let value = try await body(port) { await group.triggerGracefulShutdown() }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return value
      } catch {
        await group.triggerGracefulShutdown()
        try? await tasks.waitForAll()
        throw error
      }
    }
  }

  public static var quiet: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  struct NeverListened: Error {}
}

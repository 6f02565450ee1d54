internal import Raft

/// Runs an operation that is cancelled when it takes too long.
/// - Throws: `DockerError.timedOut`, or what the operation throws.
func withDeadline<Value: Sendable>(
  _ timeout: Duration, what: String, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask(operation: operation)
    group.addTask {
      try await sleep(timeout)
      throw DockerError.timedOut(what: what, seconds: max(1, timeout.milliseconds / 1000))
    }
    defer { group.cancelAll() }
    guard let first = try await group.next() else { preconditionFailure("the group has two tasks") }
    return first
  }
}

func sleep(_ duration: Duration) async throws {
  try await _Concurrency.Task.sleep(for: .nanoseconds(duration.nanoseconds))
}

/// Runs one operation a key at a time; who asks meanwhile gets the result of the one that runs. The engine itself
/// would make two networks of one name, and pull an image twice.
actor SingleFlight {
  private var running: [String: _Concurrency.Task<Void, any Error>] = [:]

  func run(_ key: String, _ operation: @escaping @Sendable () async throws -> Void) async throws {
    if let task = running[key] { return try await task.value }
    let task = _Concurrency.Task { try await operation() }
    running[key] = task
    defer { running[key] = nil }
    try await task.value
  }
}

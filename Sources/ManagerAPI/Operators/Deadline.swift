/// It took too long.
struct DeadlineExceeded: Error {}

/// Does something, and gives it up when it takes too long.
///
/// - Throws: `DeadlineExceeded`, or what `body` throws.
func withDeadline<Value: Sendable>(
  _ limit: Swift.Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask(operation: body)
    group.addTask {
      try await Task.sleep(for: limit)
      throw DeadlineExceeded()
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { throw DeadlineExceeded() }
    return value
  }
}

public import Cluster
public import Raft

extension DockerEngine {
  /// Stops a task's container with its grace period and removes it with its anonymous volumes. A container that is
  /// gone already is done; only containers with this cluster's and the task's label are touched.
  ///
  /// - Parameters:
  ///   - containerName: for messages.
  ///   - stopGracePeriod: from the stop signal to the kill, rounded up to seconds.
  public func perform(removeTask task: TaskID, containerName: String, stopGracePeriod: Duration) async
    -> ActionResult
  {
    do {
      for container in try await containers(labels: [Labels.task: task.description]) {
        try await stop(container, named: containerName, grace: stopGracePeriod)
        try await remove(container, named: containerName)
      }
      return .done
    } catch {
      return .failed("\(error)")
    }
  }

  private func stop(_ container: ContainerSummary, named name: String, grace: Duration) async throws {
    guard ["running", "restarting"].contains(container.state) else { return }
    let request = EngineRequest(
      .post, "/containers/\(container.id)/stop", query: ["t": String(grace.wholeSeconds)],
      what: "stop the container \(name)"
    ).timeout(grace + .seconds(10))
    try await client.send(request).accept(304, 404)
  }

  private func remove(_ container: ContainerSummary, named name: String) async throws {
    let request = EngineRequest(
      .delete, "/containers/\(container.id)", query: ["v": "true", "force": "true"],
      what: "remove the container \(name)")
    let answer = try await client.send(request)
    if answer.status == 409, answer.reason.contains("already in progress") {
      return try await waitUntilGone(container, named: name)
    }
    try answer.accept(404)
  }

  private func waitUntilGone(_ container: ContainerSummary, named name: String) async throws {
    try await withDeadline(.seconds(10), what: "remove the container \(name)") { [self] in
      while try await details(of: container.id) != nil { try await sleep(.milliseconds(100)) }
    }
  }
}

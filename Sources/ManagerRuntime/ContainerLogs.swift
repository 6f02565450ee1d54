internal import Cluster
internal import DockerEngine
internal import ManagerAPI

extension DockerEngine {
  /// A service's lines on this node, in the API's words.
  func lines(
    of service: ServiceName, node: String, tail: Int?, sinceMilliseconds: Int64?, follows: Bool
  ) -> AsyncThrowingStream<ManagerAPI.LogLine, any Error> {
    let query = LogQuery(
      scope: .service(service), tail: tail,
      sinceNanoseconds: sinceMilliseconds.map(Timestamp.nanoseconds(sinceMilliseconds:)),
      follows: follows)
    return logs(query) { line in
      ManagerAPI.LogLine(
        task: line.task, slot: line.slot, node: node, stream: line.stream == .output ? .output : .error,
        wallClockMilliseconds: line.nanoseconds / 1_000_000, text: line.text)
    }
  }
}

extension TaskTemplate {
  public func filled(for task: Task, on node: NodeDescription) -> TaskTemplate { self }
}

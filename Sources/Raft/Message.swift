/// placeholder
public struct Message: Hashable, Sendable {}

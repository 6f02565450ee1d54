import Raft

/// The module Raft holds a type of its own name, so that `RaftInput` is looked for inside the type: what is
/// outside it is named here, where no `Manager.Input` stands in the way.
typealias RaftInput = Input
typealias RaftEffect = Effect

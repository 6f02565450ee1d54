/// Cluster's `Task` is a slot of a service; in this module the word means the language's own.
typealias Task = _Concurrency.Task

import Cluster
import Raft

/// A state with the log that made it: each intent is the next entry.
struct Replica {
  private(set) var state = State(cluster: "c1")
  private(set) var log: [Proposal] = []

  @discardableResult
  mutating func apply(_ intent: Intent, request: RequestID? = nil) -> Outcome {
    apply(Proposal(request: request, origin: "operator/ana", wallClockMilliseconds: 1_000, intent: intent))
      .outcome
  }

  mutating func apply(_ proposal: Proposal) -> Applied {
    log.append(proposal)
    return state.apply(proposal, at: state.appliedIndex + 1)
  }

  /// Applies what must succeed on the way to the test's subject.
  mutating func accept(_ intents: Intent...) {
    for intent in intents {
      let outcome = apply(intent)
      precondition(outcome == .accepted, "\(intent.summary): \(outcome)")
    }
  }
}

// MARK: Shorthand

let shopWeb = ServiceName(stack: "shop", service: "web")

func template(_ image: String = "web:1", published: Int? = nil, transport: Port.Transport = .tcp)
  -> TaskTemplate
{
  var template = TaskTemplate(image: image)
  if let published { template.ports = [Port(target: 80, published: published, transport: transport)] }
  return template
}

func shop(_ template: TaskTemplate = template(), replicas: Int = 2, name: String = "web") -> Stack {
  Stack(name: "shop", services: [Service(name: name, template: template, mode: .replicated(replicas))])
}

func described(_ name: String, zone: String? = nil, cache: String? = nil) -> NodeDescription {
  var description = NodeDescription(name: name, zone: zone ?? name, address: "10.0.0.1")
  description.runsContainers = true
  description.runsDatabases = true
  description.cache = cache
  return description
}

func task(_ slot: Int, on node: String, revision: UInt64) -> Assignment {
  Assignment(service: shopWeb, slot: slot, node: node, revision: revision)
}

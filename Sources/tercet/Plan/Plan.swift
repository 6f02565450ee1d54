import Cluster

/// What a deployment would change: the difference between a stack file and what is deployed.
struct Plan: Encodable, Equatable {
  enum Action: String, Encodable {
    case add, change, remove
    /// No longer in the file, and left alone all the same.
    case keep
  }

  struct Change: Encodable, Equatable {
    enum Kind: String, Encodable { case service, database }

    let kind: Kind
    let name: String
    let action: Action
    let keys: [KeyChange]
    /// What follows for running tasks.
    let effect: String?
  }

  struct KeyChange: Encodable, Equatable {
    let key: String
    let action: Action
    /// Secrets are masked.
    let old: String?
    let new: String?
    /// The file says nothing about it.
    let isDefault: Bool
  }

  let stack: String
  /// In the order of names, services first.
  let changes: [Change]

  var isEmpty: Bool { changes.allSatisfy { $0.action == .keep } }

  init(from deployed: Stack?, to wanted: Stack) {
    stack = wanted.name
    changes =
      Self.services(from: deployed?.services ?? [], to: wanted.services)
      + Self.databases(from: deployed?.databases ?? [], to: wanted.databases)
  }

  func count(_ action: Action) -> Int { changes.count { $0.action == action } }

  private static func services(from old: [Service], to new: [Service]) -> [Change] {
    names(old.map(\.name), new.map(\.name)).compactMap { name in
      let before = old.first { $0.name == name }
      let after = new.first { $0.name == name }
      if before == after { return nil }
      return Change(
        kind: .service, name: name, action: action(before, after),
        keys: keys(
          from: before?.attributes, to: after?.attributes,
          defaults: Service.defaults),
        effect: effect(before, after))
    }
  }

  private static func databases(
    from old: [DatabaseSpecification], to new: [DatabaseSpecification]
  ) -> [Change] {
    names(old.map(\.name), new.map(\.name)).compactMap { name in
      let before = old.first { $0.name == name }
      let after = new.first { $0.name == name }
      if before == after { return nil }
      guard let after else {
        return Change(
          kind: .database, name: name, action: .keep, keys: [],
          effect: "it is no longer in the file and stays, with its data")
      }
      let defaults = DatabaseSpecification(name: name, zones: [], owner: "").attributes
      return Change(
        kind: .database, name: name, action: action(before, after),
        keys: keys(from: before?.attributes, to: after.attributes, defaults: defaults), effect: nil)
    }
  }

  private static func names(_ old: [String], _ new: [String]) -> [String] {
    Set(old).union(new).sorted()
  }

  private static func action<Value>(_ before: Value?, _ after: Value?) -> Action {
    before == nil ? .add : after == nil ? .remove : .change
  }

  /// Key by key; what is removed whole needs no list.
  private static func keys(
    from old: [Attribute]?, to new: [Attribute]?, defaults: [Attribute]
  ) -> [KeyChange] {
    guard let new else { return [] }
    let added = new.compactMap { attribute -> KeyChange? in
      let before = old?.first { $0.key == attribute.key }
      if before == attribute { return nil }
      return KeyChange(
        key: attribute.key, action: before == nil ? .add : .change, old: before?.shown, new: attribute.shown,
        isDefault: defaults.contains(attribute))
    }
    let removed = (old ?? []).filter { attribute in !new.contains { $0.key == attribute.key } }.map {
      KeyChange(key: $0.key, action: .remove, old: $0.shown, new: nil, isDefault: false)
    }
    return added + removed
  }

  private static func effect(_ before: Service?, _ after: Service?) -> String? {
    guard let before, let after, before.template != after.template else { return nil }
    let policy = after.update
    let pace = policy.parallelism == 0 ? "all at once" : "\(policy.parallelism) at a time"
    return "its tasks are replaced \(pace), \(policy.order == .stopFirst ? "stop-first" : "start-first")"
  }
}

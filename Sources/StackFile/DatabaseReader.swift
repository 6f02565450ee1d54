internal import Cluster
internal import Raft

/// One entry of `x-databases`, Tercet's own extension of the format.
enum DatabaseReader {
  private static let keys = Keys(
    known: ["zones", "port", "owner", "password", "parameters", "clients", "relax_after"])

  /// The networks for private use: RFC 1918 and RFC 4193.
  static let privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]

  static func read(_ field: Field) -> DatabaseSpecification? {
    guard let record = Record(field.value, keys) else { return nil }
    guard let zones = record["zones"] else {
      field.value.error(
        "the database has no zones", remedy: "write `zones: [a, b]`, the preferred primary first")
      return nil
    }
    return DatabaseSpecification(
      name: field.key, zones: readZones(zones), port: record["port"]?.port() ?? 5432,
      owner: readOwner(record, database: field), password: record["password"]?.text() ?? "",
      parameters: record["parameters"].map(DatabaseParameterReader.read) ?? [],
      clientNetworks: record["clients"].map(readClients) ?? privateNetworks,
      relaxAfter: record["relax_after"].map(readRelaxAfter) ?? .seconds(5))
  }

  private static func readZones(_ element: Element) -> [String] {
    let zones = element.texts()
    for zone in zones where !isValidName(zone) { element.error("`\(zone)` is no valid name of a zone") }
    if !(1...2).contains(zones.count) {
      element.error("a database lives in one or two zones, not in \(zones.count)")
    } else if Set(zones).count < zones.count {
      element.error("the two zones are the same", remedy: "name two different zones, or one")
    }
    return zones
  }

  private static func readOwner(_ record: Record, database: Field) -> String {
    let standard = String(database.key.map { $0 == "-" || $0 == "." ? "_" : $0 })
    let owner = record["owner"]?.nonEmptyText() ?? standard
    if let complaint = DatabaseSpecification.complaint(aboutOwner: owner) {
      (record["owner"] ?? database.keyElement).error(
        complaint,
        remedy: "choose another `owner`: at most 63 bytes, not `postgres`, not beginning with `pg_`")
    }
    return owner
  }

  private static func readClients(_ element: Element) -> [String] {
    (element.list() ?? []).compactMap { item in
      guard let text = item.text() else { return nil }
      guard isNetwork(text) else {
        item.error("`\(text)` is no network in CIDR form", remedy: "write it as 10.0.0.0/8 or fd00::/8")
        return nil
      }
      return text
    }
  }

  /// Nil for `never`.
  private static func readRelaxAfter(_ element: Element) -> Duration? {
    if element.rawText == "never" { return nil }
    guard let duration = element.duration() else { return nil }
    if duration <= .zero {
      element.error(
        "the primary cannot go on alone at once", remedy: "write a duration such as 5s, or `never`")
    }
    return duration
  }
}

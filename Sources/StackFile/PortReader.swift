internal import Cluster

/// Published ports, in Docker's short form (`8080-8081:80-81/tcp`) and long form.
enum PortReader {
  static func read(_ element: Element) -> [Port] {
    var ports: [Port] = []
    for item in element.list() ?? [] {
      let more = item.isMapping ? long(item).map { [$0] } ?? [] : short(item)
      guard ports.count + more.count <= Service.maximumPorts else {
        item.error(
          "a service publishes no more than \(Service.maximumPorts) ports",
          remedy: "publish only those that are used")
        return ports
      }
      for port in more {
        if ports.contains(where: { $0.published == port.published && $0.transport == port.transport }) {
          item.error("port \(port.published) is published twice")
        }
      }
      ports += more
    }
    return ports
  }

  private static let longKeys = Keys(
    known: ["target", "published", "protocol", "mode", "host_ip", "name", "app_protocol"])

  private static func long(_ element: Element) -> Port? {
    guard let record = Record(element, longKeys) else { return nil }
    if let address = record["host_ip"] { warnOfAddress(address) }
    guard let target = record["target"]?.port() else {
      if record["target"] == nil { element.error("the port has no `target`: the container's port") }
      return nil
    }
    guard let publishedElement = record["published"], publishedElement.rawText != "0" else {
      complainOfUnpublished(element, target: "\(target)")
      return nil
    }
    guard let published = publishedElement.port() else { return nil }
    let transport = record["protocol"].flatMap(transport) ?? .tcp
    let mode = record["mode"]?.choice(["ingress": Port.Mode.balanced, "host": .host]) ?? .balanced
    return Port(
      target: target, published: published, transport: transport,
      mode: checked(mode, transport, at: record["protocol"] ?? element))
  }

  private static func transport(_ element: Element) -> Port.Transport? {
    element.choice(["tcp": Port.Transport.tcp, "udp": Port.Transport.udp])
  }

  private static func checked(_ mode: Port.Mode, _ transport: Port.Transport, at element: Element)
    -> Port.Mode
  {
    guard mode == .balanced, transport == .udp else { return mode }
    element.warning(
      "the load balancer carries TCP only: this port is published by the nodes that run a task (`mode: host`)",
      remedy: "write the long form with `mode: host`")
    return .host
  }

  // MARK: Short form

  private static func short(_ element: Element) -> [Port] {
    guard let text = element.nonEmptyText() else { return [] }
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    let transports: [Substring: Port.Transport] = ["tcp": .tcp, "udp": .udp]
    guard halves.count <= 2, let transport = halves.count == 2 ? transports[halves[1]] : .tcp else {
      element.error("`\(text)` has an unknown protocol", remedy: "write /tcp or /udp")
      return []
    }
    let parts = halves[0].split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1 else {
      complainOfUnpublished(element, target: String(parts[0]))
      return []
    }
    // An IPv6 address has colons of its own: everything before the last two parts is the address.
    if parts.count > 2 { warnOfAddress(element) }
    guard let target = range(parts[parts.count - 1]), let published = range(parts[parts.count - 2]) else {
      element.error("`\(text)` is no port mapping", remedy: "write it as published:target, such as 8080:80")
      return []
    }
    guard target.count == published.count else {
      element.error(
        "the ranges `\(text)` have different lengths", remedy: "publish as many ports as there are targets")
      return []
    }
    let mode = checked(.balanced, transport, at: element)
    return zip(target, published).map { Port(target: $0, published: $1, transport: transport, mode: mode) }
  }

  private static func range(_ text: Substring) -> ClosedRange<Int>? {
    let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard bounds.count <= 2, let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last,
      first >= 1, last <= 65535
    else { return nil }
    return first...last
  }

  private static func complainOfUnpublished(_ element: Element, target: String) {
    element.error(
      "the container's port \(target) is not published: Tercet draws no port by chance",
      remedy: "write the port to publish, such as 8080:\(target), or leave the line out")
  }

  private static func warnOfAddress(_ element: Element) {
    element.warning(
      "the address has no effect: the port is published on all addresses of the zone's machines",
      remedy: "protect it with a firewall")
  }
}

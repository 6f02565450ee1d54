import Cluster

/// The first line of every file that is ours.
let header = "# Written by tercetd, which overwrites it."

/// HAProxy's configuration file: the same text for the same description.
func render(_ balancing: Balancing, _ configuration: LoadBalancer.Configuration) -> String {
  var text = """
    \(header)

    global
      stats socket \(configuration.adminSocket) mode 600 level admin expose-fd listeners
      # A worker that was replaced may end the requests it has, but not stay for ever for an open WebSocket.
      hard-stop-after 10m

    """
  if let user = configuration.user {
    text += "  user \(user)\n  group \(user)\n"
  }
  text += """

    defaults
      mode http
      balance roundrobin
      timeout connect 1s
      timeout client 1m
      timeout server 1m
      timeout queue 10s
      timeout check 1s
      timeout http-request 10s
      timeout tunnel 1h
      option forwardfor if-none
      # A server that has just died: try another one, again for what can be repeated without harm.
      option redispatch 1
      retries 3
      retry-on conn-failure empty-response

    """
  for frontend in balancing.frontends { text += render(frontend, bind: configuration.bind) }
  return text
}

/// The ports that a rendered text opens.
func boundPorts(_ text: String) -> Set<Int> {
  let binds = text.split(separator: "\n").filter { $0.hasPrefix("  bind ") }
  return Set(binds.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } })
}

private func render(_ frontend: Balancing.Frontend, bind: String) -> String {
  let elsewhere = frontend.name + ServerState.elsewhere
  var text = """

    frontend \(frontend.name)
      bind \(bind.contains(":") ? "[\(bind)]" : bind):\(frontend.port)

    """
  if !frontend.elsewhere.isEmpty {
    // What came from another node's load balancer stays here: two without servers would hand it to and fro.
    text += "  use_backend \(elsewhere) if { nbsrv(\(frontend.name)) eq 0 } !{ req.hdr(\(hop)) -m found }\n"
  }
  text += """
      default_backend \(frontend.name)

    backend \(frontend.name)
      http-request disable-l7-retry unless METH_GET
      http-request del-header \(hop)
    \(lines(frontend.servers))

    """
  if !frontend.elsewhere.isEmpty {
    text += """

      backend \(elsewhere)
        http-request disable-l7-retry unless METH_GET
        http-request set-header \(hop) 1
      \(lines(frontend.elsewhere))

      """
  }
  return text
}

private func lines(_ servers: [Balancing.Server]) -> String {
  servers.map { "  server \($0.name) \(endpoint(of: $0)) \(serverOptions)" }.joined(separator: "\n")
}

/// Marks a request that one node's load balancer hands to another's. A visitor who sends it is served by the node's own
/// servers, as most are.
private let hop = "x-tercet-from-elsewhere"

/// A server is down after two failed connections in a row, and up again after one that works. The first check of a
/// new server, and each of one that is down, comes after `downinter`: so long a rollout waits for it.
let serverOptions = "check inter 500ms downinter 100ms rise 1 fall 2"

func endpoint(of server: Balancing.Server) -> String {
  server.address.contains(":") ? "[\(server.address)]:\(server.port)" : "\(server.address):\(server.port)"
}

extension Balancing {
  /// Refuses what HAProxy would read as something else, and two frontends on one port, which it would let share it.
  func check() throws(LoadBalancerError) {
    var names: Set<String> = []
    var ports: Set<Int> = []
    for frontend in frontends {
      try checkName(frontend.name)
      try checkPort(frontend.port, of: frontend.name)
      guard names.insert(frontend.name).inserted else { throw .invalid("'\(frontend.name)' is there twice") }
      guard ports.insert(frontend.port).inserted else {
        throw .invalid("port \(frontend.port) is published twice, by '\(frontend.name)' and another service")
      }
      try check(frontend.servers)
      try check(frontend.elsewhere)
    }
  }

  private func check(_ servers: [Server]) throws(LoadBalancerError) {
    var names: Set<String> = []
    for server in servers {
      try checkName(server.name)
      try checkPort(server.port, of: server.name)
      guard names.insert(server.name).inserted else {
        throw .invalid("server '\(server.name)' is there twice")
      }
      guard !server.address.isEmpty, server.address.utf8.allSatisfy({ isPlain($0) || $0 == 0x3A }) else {
        throw .invalid("'\(server.address)' is not an address")
      }
    }
  }
}

private func checkName(_ name: String) throws(LoadBalancerError) {
  guard !name.isEmpty, name.utf8.allSatisfy(isPlain) else {
    throw .invalid("'\(name)' is not a name of letters, digits, '-', '_' and '.'")
  }
}

private func checkPort(_ port: Int, of name: String) throws(LoadBalancerError) {
  guard (1...65_535).contains(port) else { throw .invalid("'\(name)' has the port \(port)") }
}

private func isPlain(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
  default: false
  }
}

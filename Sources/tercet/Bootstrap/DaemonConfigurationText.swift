import ManagerAPI

/// `tercetd.yaml` as bootstrap writes it: what it knows, and examples of what it cannot know.
struct DaemonConfigurationText {
  let cluster: String
  let manager: ManagerArgument
  let managers: [ManagerArgument]
  let dataFolder: String
  /// The managers' identities, in their order; from 1 on when nil.
  var ids: [UInt64]?
  /// Whether the cluster exists already.
  var isJoining = false

  static let operatorsPort = 7443
  static let peersPort = 7444
  static let doorPort = 7480

  var text: String {
    """
    # Manager \(manager.name) of the Tercet cluster \(cluster), made by `tercet bootstrap`.
    # Relative paths start from this file's folder. Check changes with `tercetd --check`.

    cluster: \(cluster)
    node: \(manager.name)
    id: \(id)\(isJoining ? "\n# It joins a cluster that exists, and waits to be taken in.\njoining: yes" : "")
    zone: \(manager.zone)
    # Where other nodes, and this node's containers, reach it.
    address: "\(manager.address)"
    # The log and its snapshots. It belongs to this manager for ever: never copy it to another machine.
    dataFolder: \(JSON.text(dataFolder))

    listen: {operators: "\(endpoint(Self.operatorsPort))", peers: "\(endpoint(Self.peersPort))", \
    door: "\(endpoint(Self.doorPort))"}
    certificates: {authority: authority.pem, certificate: manager.pem, key: manager.key}

    # Alike at all managers.
    managers:
    \(members)

    # Networks whose machines may purge, ask for health and read metrics: add those of the web servers and of
    # this node's containers.
    door: {allow: [\(allowed)]}

    # The hosts under which Varnish caches the sites. A PURGE whose Host names the door, as Plone's do, counts for each;
    # one with another host for the sites that `hosts` gives it. A cache that lacks a purge for longer than this is to
    # be taken out of service: /cache at the door answers 503.
    # purge: {sites: [www.example.org], hosts: [plone=www.example.org], maximumStalenessSeconds: 30}

    # What is not named here is not managed on this node. A manager without any of it only decides, and is
    # where the leader likes to be.
    # docker: {socket: /var/run/docker.sock}
    # Its data folder is not inside the manager's, which nobody but tercetd may enter.
    # postgres: {binaries: /usr/lib/postgresql/15/bin, dataFolder: \(JSON.text(dataFolder + "-postgres")), user: postgres}
    # varnish: {name: \(manager.zone), cli: "127.0.0.1:6082", secret: /etc/varnish/secret, http: "127.0.0.1:6083"}
    # The secret of Varnish in containers, whose services have the label tercet.cache.
    # caches: {secret: /etc/varnish/secret}
    # HAProxy's file is overwritten, whole; the one that was there before is kept once, as haproxy.cfg.before-tercet.
    # haproxy:
    #   configuration: /etc/haproxy/haproxy.cfg
    #   masterSocket: /run/haproxy-master.sock
    #   adminSocket: /run/haproxy/admin.sock
    #   bind: 0.0.0.0

    # Labels for placement constraints such as `node.labels.disk == ssd`.
    # labels: [disk=ssd]

    # timings: {heartbeatMilliseconds: 100, electionMinimumMilliseconds: 500, electionMaximumMilliseconds: 1000,
    #           nodeLostMilliseconds: 2000, databaseFailoverMilliseconds: 600}

    log: {level: info}

    """
  }

  private var id: UInt64 { identity(managers.firstIndex(of: manager) ?? 0) }

  private func identity(_ ordinal: Int) -> UInt64 { ids?[ordinal] ?? UInt64(ordinal + 1) }

  private func endpoint(_ port: Int) -> String { "\(manager.host):\(port)" }

  private var members: String {
    managers.enumerated().map { ordinal, member in
      "  - {name: \(member.name), id: \(identity(ordinal)), zone: \(member.zone), address: \"\(member.address)\", "
        + "peers: \(Self.peersPort), operators: \(Self.operatorsPort)}"
    }.joined(separator: "\n")
  }

  private var allowed: String {
    (["127.0.0.0/8", "::1/128"] + managers.map(\.network)).map { "\"\($0)\"" }.joined(separator: ", ")
  }
}

/// `operator.yaml`: how an operator reaches the cluster.
struct OperatorConfigurationText {
  let cluster: String
  let operatorName: String
  let managers: [ManagerArgument]

  var text: String {
    """
    # Operator \(operatorName) of the Tercet cluster \(cluster), made by `tercet bootstrap`.
    # Relative paths start from this file's folder.

    cluster: \(cluster)
    certificates: {authority: authority.pem, certificate: operator.pem, key: operator.key}

    # Tried in this order.
    managers:
    \(members)

    """
  }

  private var members: String {
    managers.map {
      "  - {name: \($0.name), zone: \($0.zone), address: \"\($0.address)\", "
        + "operators: \(DaemonConfigurationText.operatorsPort)}"
    }.joined(separator: "\n")
  }
}

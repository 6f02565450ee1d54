import Cluster
import ClusterAuthority
import DockerEngine
import Foundation
import LoadBalancer
import Logging
import Manager
import ManagerAPI
import ManagerRuntime
import NIOCore
import Peers
import PostgresServer
import Raft
import VarnishCache

/// What each part of the daemon is told.
extension DaemonConfiguration {
  func manager() -> Manager.Configuration {
    var node = NodeDescription(name: name, zone: zone, address: address)
    node.labels = labels
    node.architecture = Self.architecture
    node.nanoCPUs = Int64(ProcessInfo.processInfo.processorCount) * 1_000_000_000
    node.memoryBytes = Int64(ProcessInfo.processInfo.physicalMemory)
    node.runsContainers = docker != nil
    node.runsDatabases = postgres != nil
    node.runsBalancer = haproxy != nil
    node.cache = varnish?.name
    node.version = Release.version
    var configuration = Manager.Configuration(
      cluster: cluster, id: id, node: node,
      managers: managers.map { Manager.Peer(id: $0.id, name: $0.name, zone: $0.zone) }, raft: raft,
      control: control)
    configuration.isJoining = isJoining
    return configuration
  }

  func peers(incarnation: Incarnation) -> Peers.Configuration {
    Peers.Configuration(
      credentials: credentials, incarnation: incarnation, softwareVersion: Release.version, host: peers.host,
      port: peers.port,
      members: managers.map {
        Peers.Member(node: $0.id, name: $0.name, host: $0.address, port: $0.peers)
      })
  }

  func operatorServer() throws -> OperatorServer.Configuration {
    OperatorServer.Configuration(
      host: operators.host, port: operators.port, cluster: cluster, authorityPEM: credentials.authorityPEM,
      certificatePEM: credentials.certificatePEM, keyPEM: credentials.keyPEM)
  }

  func doorServer() -> DoorServer.Configuration {
    var configuration = DoorServer.Configuration(
      host: door.host, port: door.port, allowed: allowed,
      names: [address, door.host, name, "localhost", "127.0.0.1"], node: name, version: Release.version)
    configuration.purgers = purgers
    configuration.sites = purge.sites
    configuration.maximumCacheStaleness = purge.maximumStaleness
    return configuration
  }

  func drivers(group: any EventLoopGroup, logger: Logger) -> Drivers {
    Drivers(
      containers: docker.map {
        DockerEngine(socket: $0.socket, cluster: cluster, node: name, logger: logger)
      },
      databases: postgres.map { postgres in
        PostgresServer(
          configuration: PostgresServer.Configuration(
            binaries: postgres.binaries, dataFolder: postgres.dataFolder, user: postgres.user,
            address: address,
            node: name,
            tls: PostgresServer.TLS(
              authority: certificateFiles.authority, certificate: certificateFiles.certificate,
              key: certificateFiles.key)),
          logger: logger)
      },
      caches: caches(group: group, logger: logger),
      balancer: haproxy.map { haproxy in
        LoadBalancer(
          configuration: LoadBalancer.Configuration(
            file: haproxy.configuration, masterSocket: haproxy.masterSocket, adminSocket: haproxy.adminSocket,
            bind: haproxy.bind),
          group: group, logger: logger)
      })
  }

  /// Containers can be caches too, so there may be some on every node that runs containers.
  private func caches(group: any EventLoopGroup, logger: Logger) -> VarnishCaches? {
    guard varnish != nil || docker != nil else { return nil }
    let own = varnish.map { varnish in
      var own = VarnishCache.Configuration(
        name: varnish.name,
        commandLine: Endpoint(host: varnish.commandLine.host, port: varnish.commandLine.port),
        secretFile: varnish.secret, purges: Endpoint(host: varnish.http.host, port: varnish.http.port))
      own.statistics = VarnishCache.Statistics(folder: varnish.work)
      return own
    }
    return VarnishCaches(own: own, secretFile: cacheSecret ?? varnish?.secret, group: group, logger: logger)
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "unknown"
    #endif
  }
}

import Cluster
import Raft

extension TaskTemplate {
  /// All but the image.
  var attributes: [Attribute] {
    processAttributes + Attribute.settings("environment", environment) + Attribute.settings("labels", labels)
      + placeAttributes + healthAttributes + limitAttributes + safetyAttributes
  }

  private var processAttributes: [Attribute] {
    (entrypoint.map { [Attribute.words("entrypoint", $0)] } ?? [])
      + (command.map { [Attribute.words("command", $0)] } ?? [])
      + Attribute.optional("user", user) + Attribute.optional("working_dir", workingDirectory)
      + Attribute.optional("hostname", hostname) + Attribute.optional("init", runsInit.map { "\($0)" })
      + [Attribute("stop_grace_period", stopGracePeriod.text)] + Attribute.optional("stop_signal", stopSignal)
      + Attribute.optional("logging.driver", logging?.driver)
      + Attribute.settings("logging.options", logging?.options ?? [])
  }

  private var placeAttributes: [Attribute] {
    mounts.map { Attribute("volumes.\($0.target)", $0.text, isSecret: Attribute.carriesSecret($0.text)) }
      + Attribute.list("networks", networks)
      + ports.map { Attribute("ports.\($0.published)/\($0.transport)", "to \($0.target), \($0.words)") }
      + Attribute.list("tmpfs", temporaryFilesystems) + Attribute.list("extra_hosts", extraHosts)
      + Attribute.list("dns", nameServers)
  }

  private var healthAttributes: [Attribute] {
    guard let healthcheck else { return [] }
    return [
      Attribute.words("healthcheck.test", healthcheck.test),
      Attribute("healthcheck.interval", healthcheck.interval.text),
      Attribute("healthcheck.timeout", healthcheck.timeout.text),
      Attribute("healthcheck.start_period", healthcheck.startPeriod.text),
      Attribute("healthcheck.retries", "\(healthcheck.retries)"),
    ]
  }

  private var limitAttributes: [Attribute] {
    let amounts: [(String, Int64, (Int64) -> String)] = [
      ("resources.limits.cpus", resources.limitNanoCPUs, Self.processors),
      ("resources.limits.memory", resources.limitMemoryBytes, Self.bytes),
      ("resources.limits.pids", resources.limitProcesses, { "\($0)" }),
      ("resources.reservations.cpus", resources.reservedNanoCPUs, Self.processors),
      ("resources.reservations.memory", resources.reservedMemoryBytes, Self.bytes),
      ("shm_size", sharedMemoryBytes ?? 0, Self.bytes),
    ]
    return amounts.filter { $0.1 > 0 }.map { Attribute($0.0, $0.2($0.1)) }
      + ulimits.map { Attribute("ulimits.\($0.name)", "\($0.soft):\($0.hard)") }
  }

  private var safetyAttributes: [Attribute] {
    (isReadOnly ? [Attribute("read_only", "true")] : []) + Attribute.list("cap_add", addedCapabilities)
      + Attribute.list("cap_drop", droppedCapabilities) + Attribute.settings("sysctls", sysctls)
      + Attribute.list("security_opt", securityOptions)
  }

  private static func processors(_ nano: Int64) -> String { "\(Double(nano) / 1e9)" }

  private static func bytes(_ count: Int64) -> String {
    for (size, unit) in [(Int64(1) << 30, "G"), (1 << 20, "M"), (1 << 10, "K")] where count % size == 0 {
      return "\(count / size)\(unit)"
    }
    return "\(count)"
  }
}

extension Mount {
  fileprivate var text: String {
    let what =
      switch kind {
      case .bind: source
      case .volume(let options): "volume \(source)" + options.map { ", \($0.name)=\($0.value)" }.joined()
      case .temporary: "tmpfs"
      }
    return what + (isReadOnly ? ", read-only" : "")
  }
}

extension Port {
  fileprivate var words: String { mode == .balanced ? "balanced" : "on the task's own node" }
}

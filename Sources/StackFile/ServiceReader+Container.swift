internal import Cluster
internal import Raft

extension ServiceReader {
  /// Everything but the image.
  func readContainer(_ record: Record, into template: inout TaskTemplate) {
    readProcess(record, into: &template)
    readSurroundings(record, into: &template)
    readRights(record, into: &template)
    template.labels = record["labels"]?.settings(check: Self.checkLabel) ?? []
    template.mounts = record["volumes"].map { MountReader(volumes: definitions.volumes).read($0) } ?? []
    template.networks = readNetworks(record["networks"])
    template.ports = record["ports"].map(PortReader.read) ?? []
    template.healthcheck = record["healthcheck"].flatMap(readHealthcheck)
    template.logging = record["logging"].flatMap(readLogging)
    checkTargets(record, template)
    checkPlaceholders(record, template)
  }

  /// A service is a cache by a label of its own; one of its containers' would be taken for it and have no effect.
  private static func checkLabel(_ element: Element, _ label: Setting) {
    guard label.name == Service.cacheLabel else { return }
    element.error(
      "a label of the containers makes no cache of the service", remedy: "write it under `deploy.labels`")
  }

  private func readProcess(_ record: Record, into template: inout TaskTemplate) {
    template.entrypoint = record["entrypoint"]?.command()
    template.command = record["command"]?.command()
    template.environment = EnvironmentReader.read(record)
    template.user = record["user"]?.nonEmptyText()
    template.workingDirectory = record["working_dir"]?.nonEmptyText()
    template.hostname = record["hostname"]?.nonEmptyText()
    template.runsInit = record["init"]?.bool()
    template.stopSignal = record["stop_signal"]?.nonEmptyText()
    if let grace = record["stop_grace_period"]?.duration() { template.stopGracePeriod = grace }
  }

  private func readSurroundings(_ record: Record, into template: inout TaskTemplate) {
    template.isReadOnly = record["read_only"]?.bool() ?? false
    template.temporaryFilesystems = record["tmpfs"]?.oneOrMoreTexts() ?? []
    template.nameServers = record["dns"]?.oneOrMoreTexts() ?? []
    template.sharedMemoryBytes = record["shm_size"]?.byteCount()
    template.extraHosts = record["extra_hosts"].map(readExtraHosts) ?? []
  }

  private func readRights(_ record: Record, into template: inout TaskTemplate) {
    template.addedCapabilities = record["cap_add"]?.texts() ?? []
    template.droppedCapabilities = record["cap_drop"]?.texts() ?? []
    template.securityOptions = record["security_opt"]?.texts() ?? []
    template.sysctls = record["sysctls"]?.settings() ?? []
    template.ulimits = record["ulimits"].map(readUlimits) ?? []
  }

  /// Full names: see `NetworkDefinitions`.
  private func readNetworks(_ element: Element?) -> [String] {
    guard let element else { return [definitions.networks.defaultName] }
    if element.isList {
      return (element.list() ?? []).compactMap { item in item.text().flatMap { fullName($0, at: item) } }
    }
    return (element.fields() ?? []).compactMap { field in
      if !field.value.isNull { readNetworkOptions(field.value) }
      return fullName(field.key, at: field.keyElement)
    }
  }

  private func fullName(_ network: String, at element: Element) -> String? {
    guard let name = definitions.networks.fullName(network) else {
      element.error("the network `\(network)` is not defined", remedy: "add it to the top-level `networks`")
      return nil
    }
    return name
  }

  private func readNetworkOptions(_ element: Element) {
    for alias in Record(element, ServiceKeys.network)?["aliases"]?.list() ?? [] where alias.text() != name {
      alias.error(
        "aliases are not supported: on its networks the service is called `\(name)`",
        remedy: "use that name, or `hostname`")
    }
  }

  private func readHealthcheck(_ element: Element) -> Healthcheck? {
    guard let record = Record(element, ServiceKeys.healthcheck) else { return nil }
    if record["disable"]?.bool() == true { return Healthcheck(test: ["NONE"]) }
    // Without a test of its own the image's check stays, with what is given here; zero leaves a value as it is.
    var check =
      record["test"].map { Healthcheck(test: readTest($0)) }
      ?? Healthcheck(test: [], interval: .zero, timeout: .zero, retries: 0)
    if let interval = record["interval"]?.duration() { check.interval = interval }
    if let timeout = record["timeout"]?.duration() { check.timeout = timeout }
    if let startPeriod = record["start_period"]?.duration() { check.startPeriod = startPeriod }
    if let retries = record["retries"]?.integer(1...1000) { check.retries = retries }
    return check
  }

  private func readTest(_ element: Element) -> [String] {
    guard element.isList else { return element.text().map { ["CMD-SHELL", $0] } ?? [] }
    let words = element.texts()
    switch words.first {
    case "NONE" where words.count == 1, "CMD-SHELL" where words.count == 2, "CMD" where words.count > 1: break
    default:
      element.error(
        "a list begins with `CMD` and a program, or is [\"CMD-SHELL\", line] or [\"NONE\"]",
        remedy: "write [\"CMD\", \"program\", \"argument\"], or one line of text for a shell")
    }
    return words
  }

  private func readLogging(_ element: Element) -> Logging? {
    guard let record = Record(element, Keys(known: ["driver", "options"])) else { return nil }
    let options = record["options"]?.settings() ?? []
    return Logging(driver: record["driver"]?.nonEmptyText() ?? "json-file", options: options)
  }

  /// In the order of the file, since a name may have several addresses.
  private func readExtraHosts(_ element: Element) -> [String] {
    if element.isMapping {
      return (element.fields() ?? []).flatMap { field in
        field.value.oneOrMoreTexts().map { "\(field.key):\($0)" }
      }
    }
    return (element.list() ?? []).compactMap { item in
      guard let text = item.text() else { return nil }
      guard let separator = text.firstIndex(where: { $0 == "=" || $0 == ":" }), separator != text.startIndex,
        text.index(after: separator) < text.endIndex
      else {
        item.error("`\(text)` has no address", remedy: "write it as name:address")
        return nil
      }
      return "\(text[..<separator]):\(text[text.index(after: separator)...])"
    }
  }

  private func readUlimits(_ element: Element) -> [Ulimit] {
    let limits = (element.fields() ?? []).compactMap { field -> Ulimit? in
      if !field.value.isMapping {
        return field.value.integer(-1...Int.max).map {
          Ulimit(name: field.key, soft: Int64($0), hard: Int64($0))
        }
      }
      guard let record = Record(field.value, Keys(known: ["soft", "hard"])) else { return nil }
      guard let soft = record["soft"]?.integer(-1...Int.max), let hard = record["hard"]?.integer(-1...Int.max)
      else {
        field.keyElement.error("a limit needs both `soft` and `hard`, or is one number")
        return nil
      }
      return Ulimit(name: field.key, soft: Int64(soft), hard: Int64(hard))
    }
    return limits.sorted { $0.name < $1.name }
  }

  /// What is unknown is not shown: it may be a part of a password.
  private func checkPlaceholders(_ record: Record, _ template: TaskTemplate) {
    guard !template.unknownPlaceholders().isEmpty else { return }
    let keys = ["hostname", "environment", "labels", "volumes"]
    let inPlace = keys.compactMap { record[$0] }.flatMap(\.unknownPlaceholders)
    // Otherwise it came from elsewhere: another file, a volume's definition, or a variable.
    let named = (["env_file"] + keys).compactMap { record.keyElement($0) }.prefix(1)
    for place in inPlace.isEmpty ? Array(named) : inPlace {
      place.error(
        "nothing can be put in the place of a placeholder in this value",
        remedy: "known are \(TaskTemplate.placeholders.joined(separator: ", "))")
    }
  }

  private func checkTargets(_ record: Record, _ template: TaskTemplate) {
    var targets: Set<String> = []
    let temporary = template.temporaryFilesystems.map { String($0.prefix { $0 != ":" }) }
    for target in template.mounts.map(\.target) + temporary where !targets.insert(target).inserted {
      record.keyElement("volumes")?.error("two mounts have the same place in the container: \(target)")
    }
  }
}

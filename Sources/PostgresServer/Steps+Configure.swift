internal import Cluster
internal import Glibc
internal import Logging

extension Steps {
  /// The settings of this node's server for an action.
  func settings(_ action: DatabaseAction, role: ServerSettings.Role) -> ServerSettings {
    ServerSettings(
      role: role, address: configuration.address, port: action.specification.port, folder: folder,
      usesTLS: configuration.tls != nil, parameters: action.specification.parameters)
  }

  /// Writes all of a server's configuration into a data folder; true when anything has changed.
  @discardableResult
  func configure(
    _ target: String, for action: DatabaseAction, role: ServerSettings.Role, owner: Owner?
  ) throws -> Bool {
    let rules = AccessRules(
      usesTLS: configuration.tls != nil, localUsers: try localUsers(), members: action.members.map(\.node),
      clientNetworks: action.specification.clientNetworks)
    let files = [
      ("tercet.conf", try settings(action, role: role).text()),
      ("postgresql.conf", "# All settings are in the file that tercetd writes.\ninclude 'tercet.conf'\n"),
      ("pg_hba.conf", try rules.hostRules()), ("pg_ident.conf", try rules.identities()),
    ]
    var hasChanged = try copyCertificates(owner: owner)
    for (name, text) in files {
      let path = target + "/" + name
      if try DurableFile.update(text, at: path, mode: 0o600, owner: owner) { hasChanged = true }
    }
    if try dropOverrides(in: target, owner: owner) { hasChanged = true }
    return hasChanged
  }

  /// Lets the running server read its configuration again. The postmaster tells its children before it takes
  /// the next connection, so whoever sees a value on a new connection knows that all have been told.
  func reload(_ server: ServerProcess) { server.signal(SIGHUP) }

  /// `ALTER SYSTEM` writes a file that wins over ours: what the manager sets must not stay in it.
  private func dropOverrides(in target: String, owner: Owner?) throws -> Bool {
    let path = target + "/postgresql.auto.conf"
    guard let text = DurableFile.text(path) else { return false }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let kept = lines.filter { line in
      guard !line.hasPrefix("#"), let name = line.split(separator: " ").first else { return true }
      return !DatabaseParameters.isManaged(String(name))
    }
    if kept.count == lines.count { return false }
    logger.warning("database \(database): removed settings of the manager that ALTER SYSTEM had changed")
    try DurableFile.write(kept.joined(separator: "\n"), to: path, mode: 0o600, owner: owner)
    return true
  }

  @discardableResult
  func copyCertificates(owner: Owner?) throws -> Bool {
    guard let tls = configuration.tls else { return false }
    var hasChanged = false
    for (source, name) in [
      (tls.authority, "authority.pem"), (tls.certificate, "certificate.pem"), (tls.key, "key.pem"),
    ] {
      let text = String(decoding: try DurableFile.read(source), as: UTF8.self)
      if try DurableFile.update(text, at: folder.tls + "/" + name, mode: 0o600, owner: owner) {
        hasChanged = true
      }
    }
    return hasChanged
  }

  /// System users who administer the server through its socket: this process's, and the server's.
  private func localUsers() throws -> [String] {
    let own = try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { texts in
      var entry = passwd()
      var found: UnsafeMutablePointer<passwd>?
      guard getpwuid_r(geteuid(), &entry, texts.baseAddress!, texts.count, &found) == 0, found != nil else {
        throw PostgresError.userMissing("\(geteuid())")
      }
      return String(cString: entry.pw_name)
    }
    guard let user = configuration.user, user != own else { return [own] }
    return [own, user]
  }
}

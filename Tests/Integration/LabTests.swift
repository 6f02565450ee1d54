import Testing

extension ThreeZones {
  @Suite struct TheLabItself {
    /// A second lab, beside the one of the other tests.
    static let environment = [
      "TERCET_LAB_NAME": "tercet-down", "TERCET_LAB": "/var/tmp/tercet-down", "TERCET_LAB_NET": "10.212",
    ]

    @Test("down leaves nothing behind: no process, mount, namespace, control group or file")
    func leavesNothing() async throws {
      let before = try await machine()

      try await lab("up", "--without-managers")
      try await lab("exec", "a", "bash", "-c", Self.container)
      #expect(try await machine() != before, "a lab that runs can be seen")
      try await lab("down")

      let after = try await machine()
      #expect(after.subtracting(before) == [])
      #expect(before.subtracting(after) == [])
    }

    /// One that runs on while the lab is taken down.
    static let container = """
      tar c --directory "$(dirname "$(command -v busybox)")" busybox | docker import - busybox
      docker run --detach --init=false busybox /busybox sleep 600
      """

    private func lab(_ arguments: String...) async throws {
      try await Shell.succeed(["\(Lab.repository)/deploy/lab"] + arguments, environment: Self.environment)
    }

    /// What a lab might leave behind: files where its servers write, control groups, mounts (those of network
    /// namespaces too), processes. The brackets keep this script from finding itself.
    private func machine() async throws -> Set<String> {
      let script = """
        find /etc /run /dev/shm /opt/containerd /var/lib/docker /var/lib/postgresql /var/lib/varnish 2>/dev/null
        ls -d /var/tmp/* /tmp/*
        find /sys/fs/cgroup -type d -name '*tercet-[d]own*'
        cut -d ' ' -f 1,2 /proc/self/mounts
        pgrep --full --list-full 'tercet-[d]own'
        true
        """
      return Set(try await Shell.succeed(["/bin/bash", "-c", script]).lines)
    }
  }
}

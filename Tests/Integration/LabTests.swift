import Testing

extension ThreeZones {
  @Suite struct TheLabItself {
    /// A second lab, beside the one of the other tests.
    static let environment = [
      "TERCET_LAB_NAME": "tercet-down", "TERCET_LAB": "/var/tmp/tercet-down", "TERCET_LAB_NET": "10.212",
      "TERCET_BIN": Lab.programs,
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

    @Test(
      "nor does it of managers at work: of a stack's containers, a database, and what its Varnish and HAProxy hold"
    )
    func leavesNothingOfAStack() async throws {
      let before = try await machine()
      let shop = "\(Lab.repository)/deploy/examples/shop"

      try await lab("up")
      for zone in ["a", "b"] { try await lab("exec", zone, "\(shop)/build-image") }
      try await lab("exec", "c", "tercet", "deploy", "--stack", "example", "\(shop)/stack.yml")
      try await sayWhatHolds()
      // Seldom is something left there, by those that are killed at the wrong moment.
      let temporary = try await lab(
        "exec", "a", "bash", "-c", "tr '\\0' '\\n' </proc/$(pgrep -x dockerd)/environ | grep ^TMPDIR=")
      #expect(temporary.output == "TMPDIR=/var/tmp/tercet-down/a/tmp\n")
      let during = try await machine()
      for mark in ["postgres", "containerd-shim", "tercetd", "cgroup", " net "] {
        #expect(
          during.subtracting(before).contains { $0.contains(mark) }, "\(mark): a lab at work can be seen")
      }
      try await lab("down")

      let after = try await machine()
      #expect(after.subtracting(before) == [])
      #expect(before.subtracting(after) == [])
    }

    /// What the lab answers to commands that have nothing to do, or nobody to do it to.
    private func sayWhatHolds() async throws {
      #expect(
        try await lab("start", "a").output.contains("nothing to start in zone a: there run tercetd dockerd"))
      #expect(try await lab("heal", "a").output.contains("nothing is cut there"))
      #expect(try await lab("heal").output.contains("nothing is cut"))
      try await lab("cut", "a", "b")
      #expect(try await lab("heal", "a", "b").output.isEmpty)
      try await lab("kill", "a")
      let again = try await Shell.run(
        ["\(Lab.repository)/deploy/lab", "kill", "a"], environment: Self.environment)
      #expect(again.status == 1 && again.errors == "lab: no manager runs in zone a\n")
      try await lab("crash", "c")
      let gone = try await Shell.run(
        ["\(Lab.repository)/deploy/lab", "kill", "c"], environment: Self.environment)
      #expect(gone.status == 1 && gone.errors.contains("zone c does not run; start it with: "))
    }

    /// One that runs on while the lab is taken down.
    static let container = """
      tar c --directory "$(dirname "$(command -v busybox)")" busybox | docker import - busybox
      docker run --detach --init=false busybox /busybox sleep 600
      """

    @discardableResult
    private func lab(_ arguments: String...) async throws -> Finished {
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
        ip -oneline link | cut -d ' ' -f 2
        lsns --noheadings --output NS,TYPE,COMMAND | grep 'tercet-[d]own'
        true
        """
      return Set(try await Shell.succeed(["/bin/bash", "-c", script]).lines)
    }
  }
}

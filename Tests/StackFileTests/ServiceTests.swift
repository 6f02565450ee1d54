import Cluster
import Raft
import StackFile
import Testing

@Suite("a service's keys")
struct ServiceTests {
  @Test("what a file leaves open is as in Swarm")
  func defaults() throws {
    let service = try service("")
    var template = TaskTemplate(image: "i")
    template.networks = ["shop_default"]
    #expect(service == Service(name: "web", template: template))
    #expect(service.restart == RestartPolicy(condition: .any, delay: .seconds(5)))
    #expect(service.update.monitor == .seconds(5))
    #expect(service.template.stopGracePeriod == .seconds(10))
  }

  @Test(
    "a command is a list, or one line split as by a shell",
    arguments: [
      ("[serve, --port, 80]", ["serve", "--port", "80"]),
      ("serve --name 'a b' \"c \\\" d\" e\\ f", ["serve", "--name", "a b", "c \" d", "e f"]),
      ("'serve \"\" end'", ["serve", "", "end"]),
    ])
  func commands(_ text: String, _ words: [String]) throws {
    #expect(try service("command: \(text)\nentrypoint: \(text)").template.command == words)
    #expect(try service("entrypoint: \(text)").template.entrypoint == words)
  }

  @Test("an empty command leaves the image's own", arguments: ["", "''", "[]", "~"])
  func emptyCommand(_ text: String) throws {
    #expect(try service("command: \(text)").template.command == nil)
  }

  @Test("environment and labels are a mapping or a list, and values stay text")
  func settingsInBothForms() throws {
    let map = try service("environment:\n  B: 0644\n  A: yes\n  TIME: 22:22\n  EMPTY: ''\nlabels: {x: 1.10}")
    #expect(map.template.environment == settings(["A": "yes", "B": "0644", "EMPTY": "", "TIME": "22:22"]))
    #expect(map.template.labels == settings(["x": "1.10"]))
    let list = try service("environment: [B=0644, A=yes, TIME=22:22, EMPTY=]\nlabels: [x=1.10]")
    #expect(list.template == map.template)
  }

  @Test("a variable without a value comes from where the file is deployed, or is left out with a warning")
  func passedOn() throws {
    let variables = ["HOME_TOWN": "Berlin"]
    let text = file("environment:\n  HOME_TOWN:\n  MISSING:")
    let (stack, complaints) = try parse(text, variables: variables)
    #expect(stack.services[0].template.environment == settings(["HOME_TOWN": "Berlin"]))
    #expect(complaints.map(\.line) == [6])
    #expect(
      try service("environment: [HOME_TOWN]", variables: variables).template.environment["HOME_TOWN"]
        == "Berlin")
  }

  @Test("environment files are read in order and lie under the environment")
  func environmentFiles() throws {
    let files = ["one.env": "# comment\nA=1\nB='quoted'\n\nC=x=y\r\n", "two.env": "A=2\n"]
    let (stack, _) = try parse(
      file("env_file: [one.env, two.env]\nenvironment: {B: own}"), files: files)
    #expect(stack.services[0].template.environment == settings(["A": "2", "B": "own", "C": "x=y"]))
    let (single, _) = try parse(file("env_file: one.env"), files: files)
    #expect(single.services[0].template.environment["B"] == "'quoted'")
  }

  @Test(
    "ports in the short form",
    arguments: [
      ("'8080:80'", [Port(target: 80, published: 8080)]),
      ("22:22", [Port(target: 22, published: 22)]),
      ("'8080-8081:80-81'", [Port(target: 80, published: 8080), Port(target: 81, published: 8081)]),
      ("'53:53/udp'", [Port(target: 53, published: 53, transport: .udp, mode: .host)]),
      ("'127.0.0.1:8080:80'", [Port(target: 80, published: 8080)]),
      ("'[::1]:8080:80/tcp'", [Port(target: 80, published: 8080)]),
    ])
  func shortPorts(_ text: String, _ ports: [Port]) throws {
    #expect(try service("ports:\n  - \(text)").template.ports == ports)
  }

  @Test("ports in the long form")
  func longPorts() throws {
    let ports = try service(
      """
      ports:
        - {target: 80, published: 8080, mode: host}
        - {target: 81, published: "8081", protocol: tcp, mode: ingress}
        - {target: 53, published: 53, protocol: udp, mode: host}
      """
    ).template.ports
    #expect(
      ports == [
        Port(target: 80, published: 8080, mode: .host), Port(target: 81, published: 8081),
        Port(target: 53, published: 53, transport: .udp, mode: .host),
      ])
  }

  @Test("mounts in both forms, with the names that nodes know volumes by")
  func mounts() throws {
    let text = file(
      """
      volumes:
        - /srv/a:/a:ro
        - ./b/../c:/b
        - data:/data
        - /anonymous
        - {type: volume, source: shared, target: /shared, read_only: true}
        - {type: bind, source: /srv/d, target: /d}
        - {type: tmpfs, target: /t}
        - {type: volume, source: named, target: /named}
      tmpfs: /run:size=64m
      """,
      rest:
        "volumes:\n  data:\n  shared: {external: true}\n  named: {name: exact, driver_opts: {type: nfs}}\n")
    let template = try parse(text, folder: "/home/ops").0.services[0].template
    #expect(
      template.mounts == [
        Mount(kind: .bind, source: "/srv/a", target: "/a", isReadOnly: true),
        Mount(kind: .bind, source: "/home/ops/c", target: "/b"),
        Mount(kind: .volume(driverOptions: []), source: "shop_data", target: "/data"),
        Mount(kind: .volume(driverOptions: []), source: "", target: "/anonymous"),
        Mount(kind: .volume(driverOptions: []), source: "shared", target: "/shared", isReadOnly: true),
        Mount(kind: .bind, source: "/srv/d", target: "/d"),
        Mount(kind: .temporary, source: "", target: "/t"),
        Mount(kind: .volume(driverOptions: settings(["type": "nfs"])), source: "exact", target: "/named"),
      ])
    #expect(template.temporaryFilesystems == ["/run:size=64m"])
  }

  @Test("networks as a list and as a mapping, external ones by their own name")
  func networks() throws {
    let rest = "networks:\n  front:\n  old: {external: {name: legacy}}\n  public: {external: true}\n"
    #expect(
      try service("networks: [public, front, old]", rest: rest).template.networks == [
        "public", "shop_front", "legacy",
      ])
    let map = try service("networks:\n  front: {aliases: [web]}\n  default:", rest: rest)
    #expect(map.template.networks == ["shop_front", "shop_default"])
  }

  @Test("health checks: a line for a shell, a list, only times, and none")
  func healthchecks() throws {
    #expect(
      try service("healthcheck: {test: curl -f localhost, interval: 1m30s, retries: 5}").template.healthcheck
        == Healthcheck(test: ["CMD-SHELL", "curl -f localhost"], interval: .seconds(90), retries: 5))
    #expect(
      try service("healthcheck: {test: [CMD, /ok], timeout: 500ms, start_period: 1h}").template.healthcheck
        == Healthcheck(test: ["CMD", "/ok"], timeout: .milliseconds(500), startPeriod: .seconds(3600)))
    #expect(try service("healthcheck: {disable: true}").template.healthcheck == Healthcheck(test: ["NONE"]))
    #expect(
      try service("healthcheck: {interval: 2s}").template.healthcheck
        == Healthcheck(test: [], interval: .seconds(2), timeout: .zero, retries: 0))
  }

  @Test("a container's rights and surroundings")
  func container() throws {
    let template = try service(
      """
      user: 1000:1000
      working_dir: /srv
      hostname: "{{.Node.Hostname}}-web"
      init: yes
      read_only: true
      stop_signal: SIGQUIT
      stop_grace_period: 1m
      cap_add: [NET_ADMIN]
      cap_drop: [ALL]
      sysctls: {net.core.somaxconn: 1024}
      ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}
      extra_hosts: ["a:10.0.0.1", "b=fd00::1", "a:10.0.0.2"]
      dns: 10.0.0.53
      shm_size: 64m
      security_opt: [no-new-privileges]
      logging: {driver: syslog, options: {tag: web}}
      """
    ).template
    #expect(template.user == "1000:1000")
    #expect(template.workingDirectory == "/srv")
    #expect(template.hostname == "{{.Node.Hostname}}-web")
    #expect(template.runsInit == true && template.isReadOnly)
    #expect(template.stopSignal == "SIGQUIT" && template.stopGracePeriod == .seconds(60))
    #expect(template.addedCapabilities == ["NET_ADMIN"] && template.droppedCapabilities == ["ALL"])
    #expect(template.sysctls == settings(["net.core.somaxconn": "1024"]))
    #expect(
      template.ulimits == [
        Ulimit(name: "nofile", soft: 20000, hard: 40000), Ulimit(name: "nproc", soft: 65535, hard: 65535),
      ])
    #expect(template.extraHosts == ["a:10.0.0.1", "b:fd00::1", "a:10.0.0.2"])
    #expect(template.nameServers == ["10.0.0.53"])
    #expect(template.sharedMemoryBytes == 64 << 20)
    #expect(template.securityOptions == ["no-new-privileges"])
    #expect(template.logging == Logging(driver: "syslog", options: settings(["tag": "web"])))
  }

  @Test("deploy: how many, where, and how they change")
  func deploy() throws {
    let service = try service(
      """
      deploy:
        mode: replicated
        replicas: 3
        labels: {a: b}
        update_config:
          {parallelism: 2, delay: 10s, failure_action: rollback, monitor: 1m, max_failure_ratio: 0.25, order: start-first}
        rollback_config: {parallelism: 0, failure_action: continue}
        restart_policy: {condition: on-failure, delay: 1s, max_attempts: 3, window: 2m}
        placement:
          constraints: [node.labels.zone==a, "node.role != manager", node.platform.arch == x86_64, node.zone == b]
          preferences: [{spread: node.labels.rack}]
          max_replicas_per_node: 2
        resources:
          limits: {cpus: "0.5", memory: 1.5gb, pids: 100}
          reservations: {cpus: 0.25, memory: 512m}
      """)
    #expect(service.mode == .replicated(3))
    #expect(service.labels == settings(["a": "b"]))
    #expect(
      service.update
        == UpdatePolicy(
          parallelism: 2, delay: .seconds(10), monitor: .seconds(60), failureAction: .rollBack,
          maximumFailurePermille: 250, order: .startFirst))
    #expect(service.rollback == UpdatePolicy(parallelism: 0, failureAction: .proceed))
    #expect(
      service.restart
        == RestartPolicy(condition: .onFailure, delay: .seconds(1), maximumAttempts: 3, window: .seconds(120))
    )
    #expect(
      service.placement.constraints == [
        Constraint(attribute: .label("zone"), isEqual: true, value: "a"),
        Constraint(attribute: .role, isEqual: false, value: "manager"),
        Constraint(attribute: .architecture, isEqual: true, value: "x86_64"),
        Constraint(attribute: .zone, isEqual: true, value: "b"),
      ])
    #expect(service.placement.spread == ["rack"] && service.placement.maximumPerNode == 2)
    #expect(
      service.template.resources
        == Resources(
          limitNanoCPUs: 500_000_000, limitMemoryBytes: 1_610_612_736, limitProcesses: 100,
          reservedNanoCPUs: 250_000_000, reservedMemoryBytes: 536_870_912))
    #expect(try self.service("deploy: {mode: global}").mode == .global)
  }

  @Test("compose's restart is honoured, and deploy.restart_policy wins over it")
  func restart() throws {
    #expect(try service("restart: 'no'").restart.condition == RestartPolicy.Condition.none)
    #expect(try service("restart: unless-stopped").restart.condition == .any)
    let limited = try service("restart: on-failure:3").restart
    #expect(limited.condition == .onFailure && limited.maximumAttempts == 3)
    #expect(
      try service("restart: always\ndeploy: {restart_policy: {condition: none}}").restart.condition
        == RestartPolicy.Condition.none)
  }

  private func service(_ keys: String, variables: [String: String] = [:], rest: String = "") throws -> Service
  {
    try StackFileTests.service(keys, variables: variables, rest: rest)
  }
}

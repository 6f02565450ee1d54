import Foundation
import StackFile
import Testing

@Suite("complaints")
struct ComplaintTests {
  @Test("all complaints of a file come at once, in the order of lines, each in the form of a compiler's")
  func allAtOnce() throws {
    let text = """
      version: "3.8"
      services:
        web:
          image: i
          replcas: 3
          container_name: web
          ports: ["80"]
        db:
          deploy: {replicas: two}
      secrets: {}
      """
    let error = #expect(throws: StackFileError.self) { try parse(text) }
    #expect(
      error?.description == """
        shop.yml:5:5: error: services.web.replcas: unknown key
        shop.yml:6:5: warning: services.web.container_name: the key has no effect; \
        a container's name is made of stack, service, slot and task
        shop.yml:7:13: error: services.web.ports[0]: the container's port 80 is not published: \
        Tercet draws no port by chance; write the port to publish, such as 8080:80, or leave the line out
        shop.yml:9:5: error: services.db: the service has no image; build the image, push it where the nodes \
        reach it, and name it here
        shop.yml:9:24: error: services.db.deploy.replicas: `two` is no whole number from 0 to 1000
        shop.yml:10:1: error: secrets: the key is not supported; this version has no secrets; \
        hand them over as environment variables or mounted files
        """)
  }

  @Test(
    "each mistake in a service is told at its line",
    arguments: [
      ("imge: x", "unknown key; did you mean `image`?"),
      (
        "deploy: {labels: {tercet.cache: yes}}",
        "`yes` is no port of Varnish's command line; write a port from"
      ),
      ("deploy: {labels: ['a=b', tercet.cache=0]}", "`0` is no port of Varnish's command line"),
      ("deploy: {labels: {tercet.cache: 70000}}", "`70000` is no port of Varnish's command line"),
      ("labels: {tercet.cache: 6082}", "makes no cache of the service; write it under `deploy.labels`"),
      ("enviroment: {}", "unknown key; did you mean `environment`?"),
      ("deploy: {update_config: {paralelism: 1}}", "unknown key; did you mean `parallelism`?"),
      ("deploy: {update_config: {order: start-frist}}", "did you mean `start-first`?"),
      ("deploy: {rollback_config: {failure_action: rollback}}", "a failed rollback cannot be rolled back"),
      ("deploy: {mode: replicated-job}", "jobs are not supported"),
      ("deploy: {mode: global, replicas: 2}", "a global service has one task a node"),
      ("deploy: {replicas: -1}", "`-1` is no whole number from 0 to 1000"),
      ("deploy: {placement: {constraints: [node.labels.a = b]}}", "is no constraint"),
      ("deploy: {placement: {constraints: [engine.labels.a == b]}}", "nothing that a node is known by"),
      ("deploy: {placement: {constraints: [node.role == boss]}}", "neither `manager` nor `worker`"),
      ("deploy: {resources: {limits: {cpus: '0.0000000001'}}}", "finer than can be told apart"),
      ("deploy: {resources: {limits: {memory: lots}}}", "`lots` is no size such as 512m or 1gb"),
      ("deploy: {resources: {limits: {memory: 1m}, reservations: {memory: 2m}}}", "more memory is reserved"),
      ("deploy: {resources: {limits: {memory: 99999999999999999g}}}", "too large"),
      ("deploy: [a]", "expected a mapping of keys to values, found a list"),
      ("deploy: {update_config: {max_failure_ratio: 1.5}}", "a ratio lies between 0 and 1"),
      ("stop_grace_period: 30", "`30` has no unit; write 30s for seconds"),
      ("stop_grace_period: -5s", "is no duration"), ("stop_grace_period: 9999999999h", "too large"),
      ("command: 'unclosed \"quote'", "a quote in the command is not closed"),
      ("stop_grace_period: 9000h", "a duration is no longer than a year"),
      ("ports: ['10000-11000:10000-11000']", "a service publishes no more than 1000 ports"),
      ("hostname: '{{.Node.Nmae}}'", "nothing can be put in the place of a placeholder"),
      ("environment: {A: '{{.Task}}'}", "known are {{.Node.Hostname}}"),
      ("env_file: lost.env", "line 1 of `lost.env` is not NAME=value"),
      ("environment: yes", "expected a mapping of keys to values, found a single value"),
      ("environment: {A: [1]}", "expected a single value, found a list"),
      ("env_file: none.env", "the file `none.env` cannot be read"),
      ("env_file: bad.env", "line 2 of `bad.env` is not NAME=value"),
      ("networks: [missing]", "the network `missing` is not defined"),
      ("networks: {default: {aliases: [other]}}", "aliases are not supported"),
      ("volumes: ['data:/data']", "the volume `data` is not defined"),
      ("volumes: ['./data:/data']", "the path `./data` is not absolute"),
      ("volumes: ['/a:b']", "the container's path `b` is not absolute"),
      ("volumes: ['/a:/b:rx']", "unknown option `rx`"), ("volumes: ['/a:/b', '/c:/b']", "the same place"),
      ("ports: ['8080:http']", "is no port mapping"), ("ports: ['0:80']", "is no port mapping"),
      ("ports: ['8080-8090:80']", "have different lengths"),
      ("ports: ['1:1', '1:2']", "port 1 is published twice"),
      ("ports: ['1:1/sctp']", "unknown protocol"), ("ports: [{published: 80}]", "the port has no `target`"),
      ("ports: [{target: 80}]", "port 80 is not published"),
      ("healthcheck: {test: [curl]}", "a list begins with `CMD`"), ("init: maybe", "neither true nor false"),
      ("configs: [a]", "the key is not supported"), ("cpus: 2", "write it as deploy.resources.limits.cpus"),
      ("ulimits: {nofile: {soft: 1}}", "needs both `soft` and `hard`"),
      ("restart: sometimes", "is none of `no`"), ("extra_hosts: [a]", "`a` has no address"),
    ])
  func mistakes(_ keys: String, _ message: String) throws {
    let found = complaints(
      file("user: root\n\(keys)"), files: ["bad.env": "A=1\nB C=2\n", "lost.env": "s3cret!\n"])
    let errors = found.filter { $0.severity == .error }
    #expect(errors.count == 1)
    #expect(errors.first?.line == 5)
    #expect(errors.first?.description.contains(message) == true, "\(errors)")
    #expect(errors.first?.description.contains("s3cret") == false)
  }

  @Test(
    "keys that Docker's stacks ignore warn and are no errors",
    arguments: [
      "build: .", "links: [a]", "network_mode: host", "privileged: true", "container_name: a", "expose: [80]",
      "deploy: {endpoint_mode: dnsrr}", "ports: ['127.0.0.1:80:80']", "tty: true",
    ])
  func warnings(_ keys: String) throws {
    let (_, found) = try parse(file(keys))
    #expect(found.map(\.severity) == [.warning] && found.first?.line == 4)
  }

  @Test("order of starting and extension keys are passed over in silence")
  func silence() throws {
    let (_, found) = try parse(file("depends_on: [db]\nx-own: 1\ndeploy: {x-own: 2}", rest: "x-own: 3\n"))
    #expect(found.isEmpty)
  }

  @Test(
    "two services cannot publish one port", arguments: ["'80:81'", "{target: 81, published: 80, mode: host}"])
  func samePort(_ second: String) {
    let found = complaints(
      "services:\n  a: {image: i, ports: ['80:80']}\n  b: {image: i, ports: [\(second)]}")
    #expect(found.map { "\($0.line) \($0.message)" } == ["3 port 80 is published by `a` already"])
  }

  @Test("a complaint about the environment never tells its values")
  func secrets() {
    let found = complaints(file("environment: ['=s3cret', 'A=${X:?}s3cret']\nstop_grace_period: x"))
    #expect(found.count == 3)
    #expect(found.allSatisfy { !$0.description.contains("s3cret") })
  }
}

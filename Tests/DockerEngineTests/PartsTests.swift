import Cluster
import DockerEngine
import Foundation
import Raft
import Testing

@Suite("the driver's parts")
struct PartsTests {
  @Test("frames are found however the stream is cut", arguments: 1...20)
  func frames(_ chunk: Int) throws {
    let stream: [UInt8] =
      [1, 0, 0, 0, 0, 0, 0, 3] + Array("one".utf8) + [2, 0, 0, 0, 0, 0, 0, 0]
      + [2, 0, 0, 0, 0, 0, 1, 0] + Array(repeating: 0x61, count: 256)
    var frames = LogFrames()
    var found: [LogFrames.Frame] = []
    for start in stride(from: 0, to: stream.count, by: chunk) {
      found += try frames.frames(in: stream[start..<min(start + chunk, stream.count)])
    }
    #expect(
      found == [
        LogFrames.Frame(stream: .output, bytes: Array("one".utf8)),
        LogFrames.Frame(stream: .error, bytes: []),
        LogFrames.Frame(stream: .error, bytes: Array(repeating: 0x61, count: 256)),
      ])
  }

  @Test(
    "what is no frame is refused",
    arguments: [[7, 0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0xff, 0, 0, 0]] as [[UInt8]])
  func malformedFrames(_ bytes: [UInt8]) {
    var frames = LogFrames()
    #expect(throws: LogFrames.Malformed.self) { try frames.frames(in: bytes) }
  }

  @Test("messages are joined to lines, each output on its own")
  func lines() {
    var lines = LogLines()
    func add(_ text: String, _ stream: LogLine.Stream) -> String? {
      lines.line(after: Array(text.utf8), on: stream)?.text
    }
    #expect(add("2026-11-23T14:16:31.5Z part ", .output) == nil)
    #expect(add("2026-11-23T14:16:32.5Z other\r\n", .error) == "other")
    #expect(add("2026-11-23T14:16:33.5Z of a line\n", .output) == "part of a line")
    #expect(add("2026-11-23T14:16:34Z rest", .output) == nil)
    #expect(
      lines.finish() == [LogLines.Line(stream: .output, nanoseconds: 1_795_443_394_000_000_000, text: "rest")]
    )
    #expect(lines.finish().isEmpty)
  }

  @Test(
    "times are read to the nanosecond",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00.5Z", 951_825_600_500_000_000),
      ("2026-11-23T14:16:31.058846881Z", 1_795_443_391_058_846_881),
      ("2024-12-31T23:59:59.000000001Z", 1_735_689_599_000_000_001),
      ("0001-01-01T00:00:00Z", nil), ("yesterday", nil), ("", nil), ("2026-11-23T14:16:31.1234567890Z", nil),
      ("2026-11-23T14:16:31+01:00", nil), ("2262-04-11T23:47:16.9Z", nil), ("9999-12-31T23:59:59Z", nil),
      ("2261-12-31T23:59:59.999999999Z", 9_214_646_399_999_999_999),
      ("2261-99-99T99:99:99Z", nil),
    ] as [(String, Int64?)])
  func timestamps(_ text: String, _ expected: Int64?) {
    #expect(Timestamp.nanoseconds(text) == expected)
  }

  @Test(
    "a query's time is told in seconds with nine decimals, whatever it is",
    arguments: [
      (0, "0.000000000"), (1_795_443_391_058, "1795443391.058000000"), (.max, "9223372036.854775807"),
      (9_223_372_036_855, "9223372036.854775807"), (-1, "0.000000000"), (.min, "0.000000000"),
    ] as [(Int64, String)])
  func queryTimes(_ milliseconds: Int64, _ expected: String) {
    #expect(Timestamp.seconds(Timestamp.nanoseconds(sinceMilliseconds: milliseconds)) == expected)
  }

  @Test("secrets are taken out, plain settings stay")
  func redaction() {
    let redaction = Redaction([
      Setting("DB_PASSWORD", "pw1"), Setting("PORT", "8080"), Setting("PATH", "/usr/local/bin"),
      Setting("RELSTORAGE", "dbname='plone' password='geheim' host=db"),
      Setting("URL", "http://u:tiptop@host/"),
      Setting("LONG", "abcdefgh"),
    ])
    #expect(
      redaction.apply(
        to: "pw1 8080 /usr/local/bin geheim tiptop abcdefgh dbname='plone' password='geheim' host=db")
        == "*** 8080 /usr/local/bin *** *** *** ***")
  }

  @Test(
    "an image without a tag means latest, and its registry is known by its name",
    arguments: [
      ("redis", "redis:latest", "https://index.docker.io/v1/"),
      ("example/shop:1", "example/shop:1", "https://index.docker.io/v1/"),
      ("ghcr.io/a/b", "ghcr.io/a/b:latest", "ghcr.io"), ("localhost/a", "localhost/a:latest", "localhost"),
      ("host:5000/a", "host:5000/a:latest", "host:5000"),
      ("a@sha256:00", "a@sha256:00", "https://index.docker.io/v1/"),
    ])
  func imageNames(_ image: String, _ tagged: String, _ registry: String) {
    #expect(DockerEngine.withTag(image) == tagged)
    #expect(RegistryCredentials.registry(ofImage: image) == registry)
  }

  @Test("the login of an image's registry goes with the pull, no other")
  func credentials() throws {
    let file = "/tmp/tercet-credentials-\(getpid()).json"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try #"{"auths": {"ghcr.io": {"auth": "dXNlcjpwYXNzOndvcmQ="}, "other.io": {}}}"#
      .write(toFile: file, atomically: true, encoding: .utf8)
    let credentials = RegistryCredentials(file: file)
    let header = try #require(credentials.header(forImage: "ghcr.io/a/b:1"))
    let decoded = try #require(
      Data(base64Encoded: header.replacing("-", with: "+").replacing("_", with: "/")))
    let login = try JSONDecoder().decode([String: String].self, from: decoded)
    #expect(login == ["username": "user", "password": "pass:word", "serveraddress": "ghcr.io"])
    #expect(credentials.header(forImage: "other.io/a") == nil && credentials.header(forImage: "redis") == nil)
    #expect(RegistryCredentials(file: "/nonexistent").header(forImage: "ghcr.io/a") == nil)
  }

  @Test("a template becomes the engine's words")
  func body() throws {
    var template = TaskTemplate(image: "i:1")
    template.command = ["serve"]
    template.environment = [Setting("A", "1")]
    template.ports = [Port(target: 80, published: 8080, mode: .host), Port(target: 81, published: 8081)]
    template.mounts = [
      Mount(
        kind: .volume(driverOptions: [Setting("type", "nfs")]), source: "v", target: "/v", isReadOnly: true)
    ]
    template.resources = Resources(limitNanoCPUs: 5, limitMemoryBytes: 6, limitProcesses: 7)
    template.healthcheck = Healthcheck(test: ["CMD", "x"], interval: .seconds(1))
    template.ulimits = [Ulimit(name: "nofile", soft: 1, hard: 2)]
    template.temporaryFilesystems = ["/run:size=1m", "/t"]
    template.sysctls = [Setting("net.core.somaxconn", "9")]
    template.logging = Logging(driver: "local", options: [Setting("max-size", "1m")])
    template.stopGracePeriod = .milliseconds(1500)
    let task = Cluster.Task(
      id: TaskID(36), service: ServiceName(stack: "s", service: "w"), slot: 2, node: "a", revision: 3,
      attempt: 0)
    let launch = TaskLaunch(task: task, template: template, networks: ["s_one", "s_two"], cluster: "c")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(ContainerBody(launch)), as: UTF8.self)
    for part in [
      #""Cmd":["serve"]"#, #""Env":["A=1"]"#, #""ExposedPorts":{"80/tcp":{},"81/tcp":{}}"#,
      #""PortBindings":{"80/tcp":[{"HostPort":"8080"}]}"#, #""Memory":6"#, #""NanoCpus":5"#,
      #""PidsLimit":7"#,
      #""RestartPolicy":{"Name":"no"}"#, #""StopTimeout":2"#, #""NetworkMode":"s_one""#,
      #""EndpointsConfig":{"s_one":{"Aliases":["w","s_w","tasks.w"]}}"#,
      #""Healthcheck":{"Interval":1000000000,"Retries":3,"StartPeriod":0,"Test":["CMD","x"],"Timeout":30000000000}"#,
      #""Ulimits":[{"Hard":2,"Name":"nofile","Soft":1}]"#, #""Tmpfs":{"/run":"size=1m","/t":""}"#,
      #""Sysctls":{"net.core.somaxconn":"9"}"#, #""LogConfig":{"Config":{"max-size":"1m"},"Type":"local"}"#,
      #""DriverConfig":{"Name":"local","Options":{"type":"nfs"}}"#, #""ReadOnly":true"#,
      #""tercet.task":"10""#,
    ] {
      #expect(json.contains(part), "\(part) is not in \(json)")
    }
    #expect(!json.contains("Entrypoint") && !json.contains("ShmSize"), "what is open is left to the image")
  }

  @Test("the engine's words become the right error")
  func refusals() {
    #expect(
      DockerError.refusal(
        what: "w", status: 500, reason: "Bind for 0.0.0.0:80 failed: port is already allocated")
        == .portInUse(what: "w", reason: "Bind for 0.0.0.0:80 failed: port is already allocated"))
    #expect(
      DockerError.refusal(what: "w", status: 500, reason: "write /x: no space left on device")
        == .noSpace(what: "w", reason: "write /x: no space left on device"))
    #expect(
      DockerError.refusal(what: "w", status: 400, reason: "r")
        == .refused(what: "w", status: 400, reason: "r"))
  }

  @Test("lines are found however the stream is cut")
  func splitter() {
    var splitter = LineSplitter()
    #expect(splitter.lines(in: Array("one\ntw".utf8)) == [Array("one".utf8)])
    #expect(splitter.lines(in: Array("o\n\nrest".utf8)) == [Array("two".utf8), []])
    #expect(splitter.finish() == Array("rest".utf8) && splitter.finish().isEmpty)
  }
}

import Cluster
import Testing

@Suite("Placeholders")
struct PlaceholderTests {
  private let task = Task(
    id: TaskID(300), service: ServiceName(stack: "shop", service: "web"), slot: 2, node: "a1", revision: 9,
    attempt: 0)
  private let node = NodeDescription(name: "a1", zone: "a", address: "10.0.0.1")

  @Test(
    "each placeholder stands for what is known of the task and its node",
    arguments: [
      ("{{.Node.Hostname}}", "a1"),
      ("{{.Node.ID}}", "a1"),
      ("{{.Node.Address}}", "10.0.0.1"),
      ("{{.Node.Zone}}", "a"),
      ("{{.Service.Name}}", "shop_web"),
      ("{{.Service.ID}}", "shop_web"),
      ("{{.Task.Slot}}", "2"),
      ("{{.Task.Name}}", "shop_web.2.8c"),
      ("{{.Task.ID}}", "8c"),
      ("{{ .Task.Slot }}", "2"),
      ("{{   .Task.Slot}}", "2"),
      ("http://{{.Node.Address}}:80/{{.Node.Zone}}/", "http://10.0.0.1:80/a/"),
      ("{{.Node.Zone}}{{.Node.Zone}}", "aa"),
      ("ä{{.Node.Zone}}漢", "äa漢"),
    ])
  func known(_ text: String, _ expected: String) {
    #expect(filled(text) == expected)
    #expect(unknown(text) == [])
  }

  @Test(
    "what is no known placeholder stays as it is, and is named",
    arguments: [
      ("{{.Node.Colour}}", ["{{.Node.Colour}}"]),
      ("{{ .node.id }}", ["{{ .node.id }}"]),
      ("{{}}", ["{{}}"]),
      ("{{.A}} {{.B}} {{.A}}", ["{{.A}}", "{{.B}}"]),
    ])
  func unknownNamed(_ text: String, _ expected: [String]) {
    #expect(filled(text) == text)
    #expect(unknown(text) == expected)
  }

  @Test(
    "braces that form no placeholder are text",
    arguments: ["", "{", "{{", "}}", "{.Node.ID}", "{{.Node.ID", "{{.Node.ID}", "}}{{", "{ {.Node.ID} }"])
  func bareBraces(_ text: String) {
    #expect(filled(text) == text)
    #expect(unknown(text) == [])
  }

  @Test("of braces inside braces the innermost count")
  func nestedBraces() {
    #expect(filled("{{{.Node.ID}}}") == "{a1}")
    #expect(filled("{{ {{.Node.ID}} }}") == "{{ a1 }}")
  }

  @Test("a value that looks like a placeholder is not filled in again")
  func once() {
    var sly = node
    sly.address = "{{.Node.Zone}}"
    var template = TaskTemplate(image: "i")
    template.hostname = "{{.Node.Address}}"
    #expect(template.filled(for: task, on: sly).hostname == "{{.Node.Zone}}")
  }

  @Test("environment, hostname, labels and mounts are filled in; nothing else changes")
  func places() {
    func template(_ text: String) -> TaskTemplate {
      var template = TaskTemplate(image: "{{.Node.ID}}")
      template.command = ["{{.Node.ID}}"]
      template.environment = [Setting("{{.Node.ID}}", text)]
      template.hostname = text
      template.labels = [Setting("l", text)]
      template.mounts = [
        Mount(kind: .bind, source: text, target: text),
        Mount(kind: .volume(driverOptions: [Setting("device", text)]), source: text, target: "/data"),
      ]
      return template
    }
    #expect(template("{{.Node.ID}}").filled(for: task, on: node) == template("a1"))
    #expect(template("{{.X}}").unknownPlaceholders() == ["{{.X}}"])
    #expect(TaskTemplate(image: "i").filled(for: task, on: node) == TaskTemplate(image: "i"))
  }

  private func filled(_ text: String) -> String? {
    var template = TaskTemplate(image: "i")
    template.hostname = text
    return template.filled(for: task, on: node).hostname
  }

  private func unknown(_ text: String) -> [String] {
    var template = TaskTemplate(image: "i")
    template.hostname = text
    return template.unknownPlaceholders()
  }
}

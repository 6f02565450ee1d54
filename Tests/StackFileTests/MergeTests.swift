import Cluster
import StackFile
import Testing

@Suite("anchors and merge keys")
struct MergeTests {
  @Test("a merged key yields to the mapping's own, and of several mappings the first wins")
  func merging() throws {
    let text = """
      x-one: &one {user: one, hostname: one, init: true}
      x-two: &two
        <<: *one
        hostname: two
        working_dir: /two
      services:
        web:
          <<: [*two, *one]
          image: i
          user: own
        other:
          <<: *one
          image: i
      """
    let (stack, complaints) = try parse(text)
    let web = try #require(stack.services.last?.template)
    #expect(web.user == "own" && web.hostname == "two" && web.workingDirectory == "/two")
    #expect(web.runsInit == true)
    #expect(stack.services.first?.template.user == "one")
    #expect(complaints.isEmpty)
  }

  @Test("a mistake behind an anchor is told once, at the anchor's line")
  func mistakeBehindAnchor() {
    let found = complaints(
      """
      x-deploy: &deploy
        replicas: many
      services:
        a: {image: i, deploy: *deploy}
        b: {image: i, deploy: *deploy}
      """)
    #expect(found.map(\.line) == [2])
  }

  @Test("variables are filled in behind anchors, and never in keys")
  func variables() throws {
    let text = "x-e: &e {'$KEY': $VALUE}\nservices: {web: {image: i, environment: *e}}"
    let (stack, _) = try parse(text, variables: ["KEY": "k", "VALUE": "v"])
    #expect(stack.services[0].template.environment == settings(["$KEY": "v"]))
  }

  @Test("quoted, << is a key like any other")
  func quotedMergeKey() throws {
    #expect(try service("environment: {'<<': x}").template.environment == settings(["<<": "x"]))
  }
}

import Foundation
import Testing

/// What the scripts of `deploy` say to mistakes: without a lab.
@Suite("Scripts", .timeLimit(.minutes(2)))
struct Scripts {
  @Test(
    "quickstart ends at once and loudly when what is missing cannot be installed",
    arguments: [[], ["--no-build"]])
  func quickstartWithoutInstall(_ options: [String]) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "quickstart-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let deploy = folder.appending(path: "deploy")
    try FileManager.default.createDirectory(at: deploy, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: URL(filePath: "\(Lab.repository)/deploy/quickstart"), to: deploy.appending(path: "quickstart"))
    // Neither a build nor a lab may begin: they would say so.
    for (program, text) in [
      ("deploy/install", "echo 'install: no mirror' >&2; exit 1"),
      ("deploy/lab", "echo 'the lab was started'"),
      ("swift", "echo 'swift was started'"),
    ] {
      let path = folder.appending(path: program).path
      try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: false, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    let walk = try await Shell.run(
      [deploy.appending(path: "quickstart").path] + options,
      environment: ["PATH": "\(folder.path):/usr/bin:/bin:/usr/sbin"])
    #expect(walk.status == 1)
    #expect(
      walk.errors == "install: no mirror\n"
        + "quickstart: what is missing could not be installed; the message is above\n")
    #expect(!walk.output.contains("ok:") && !walk.output.contains("was started"), "\(walk.output)")
  }

  @Test(
    "the lab tells what is wrong with a command, and what to type instead",
    arguments: [
      ("cut a a", "nothing goes from zone a to itself; name another, or none for all others"),
      ("heal b b", "nothing goes from zone b to itself"), ("cut", "name a zone: a b c; try: "),
      ("cut d", "there is no zone 'd'; zones are: a b c"), ("cut a d", "there is no zone 'd'"),
      ("cut a --one-way", "--one-way goes to one other zone: name it before that"),
      ("cut a b --both", "'--both' is not known"), ("cut a b --one-way c", "'c' is too much"),
      ("kill", "name a zone: a b c"), ("kill a b", "'b' is too much"), ("start d", "there is no zone 'd'"),
      ("down now", "'now' is too much"), ("up all", "up takes no 'all'"),
      ("cut a", "the lab is not up; try: "), ("heal", "the lab is not up"), ("heal a", "the lab is not up"),
      ("kill a", "the lab is not up"), ("stop a", "the lab is not up"), ("crash a", "the lab is not up"),
      ("start a", "the lab is not up"),
    ])
  func labMistakes(_ command: String, _ message: String) async throws {
    let lab = try await Shell.run(
      ["\(Lab.repository)/deploy/lab"] + command.split(separator: " ").map(String.init),
      environment: ["TERCET_LAB_NAME": "tercet-none", "TERCET_LAB": "/var/tmp/tercet-none"])
    #expect(lab.status == 1)
    #expect(
      lab.errors.hasPrefix("lab: \(message)") && lab.errors.split(separator: "\n").count == 1, "\(lab.errors)"
    )
  }
}

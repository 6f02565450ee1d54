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
}

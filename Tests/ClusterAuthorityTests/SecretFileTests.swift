import ClusterAuthority
import Foundation
import Testing

@Suite("files of secrets")
struct SecretFileTests {
  @Test("a secret file has mode 0600, its whole text, and leaves nothing beside it")
  func written() throws {
    let folder = try TemporaryFolder()
    let text = String(repeating: "secret\n", count: 100_000)
    let old = umask(0)
    defer { umask(old) }
    try SecretFile.write(text, to: folder.file("key.pem"))
    #expect(try String(contentsOfFile: folder.file("key.pem"), encoding: .utf8) == text)
    #expect(try mode(folder.file("key.pem")) == 0o600)
    #expect(try folder.files == ["key.pem"])
  }

  @Test("a file that is there is replaced only when told so")
  func overwriting() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("key.pem")
    try SecretFile.write("one", to: path)
    #expect(throws: AuthorityError.exists(path: path)) { try SecretFile.write("two", to: path) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "one")
    try SecretFile.write("two", to: path, overwriting: true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
    #expect(try folder.files == ["key.pem"])
  }

  @Test("a missing folder is an error that names the path and the reason")
  func missingFolder() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("missing/key.pem")
    let error = #expect(throws: AuthorityError.self) { try SecretFile.write("one", to: path) }
    #expect("\(try #require(error))".contains("\(path) cannot be written: No such file or directory"))
  }

  private func mode(_ path: String) throws -> Int? {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue
  }
}

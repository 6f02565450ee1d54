internal import Cluster

/// postgresql.conf as a stack file may set it.
enum DatabaseParameterReader {
  /// Sorted by name.
  static func read(_ element: Element) -> [Setting] {
    for field in element.fields() ?? [] {
      let parameter = Setting(field.key, field.value.rawText ?? "")
      if let complaint = DatabaseParameters.complaint(about: parameter) { field.keyElement.error(complaint) }
    }
    return element.settings()
  }
}

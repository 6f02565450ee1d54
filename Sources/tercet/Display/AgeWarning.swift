import ManagerAPI

/// Says when what is shown may be old; on standard error, so that it disturbs no script.
enum AgeWarning {
  static func show(_ manager: String, _ unconfirmedMilliseconds: Int) {
    if let warning = ViewAge.warning(manager, unconfirmedMilliseconds) {
      StandardError.line("tercet: \(warning)")
    }
  }
}

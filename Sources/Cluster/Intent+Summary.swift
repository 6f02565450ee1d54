extension Intent {
  /// In words, without secrets, such as `scale example/web to 4`.
  public var summary: String { "\(self)" }
}

import StandardStreams

/// Where what is not the result goes.
enum StandardError {
  static func line(_ text: String) { Tercet.output.complaint(text) }
}

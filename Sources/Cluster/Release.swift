/// What all programs of one build say of themselves.
public enum Release {
  public static let version = "0.1.0"
}

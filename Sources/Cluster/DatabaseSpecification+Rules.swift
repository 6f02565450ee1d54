import Raft

// What a database may be. Checked when a stack is deployed, so that what is in force cannot fail a promotion later;
// and by those who read stack files, and who write servers' files, with the same words.

extension DatabaseSpecification {
  /// Why no server can be run so, as a sentence; nil if only Postgres may still object.
  public var complaint: String? {
    if ["template0", "template1"].contains(name) {
      return "\(name) is the name of one of Postgres' templates"
    }
    if let reason = Self.complaint(aboutOwner: owner) { return reason }
    if password.utf8.contains(0) { return "its password holds a null character" }
    if let reason = parameters.lazy.compactMap(DatabaseParameters.complaint).first { return reason }
    if let network = clientNetworks.first(where: { !isNetwork($0) }) {
      return "`\(network)` is no network in CIDR form, such as 10.0.0.0/8 or fd00::/8"
    }
    if let relaxAfter, relaxAfter <= .zero || relaxAfter > .seconds(366 * 86_400) {
      return "the time after which its primary goes on alone is not from above 0 to a year"
    }
    return nil
  }

  /// Why a role cannot own a database, as a sentence.
  public static func complaint(aboutOwner owner: String) -> String? {
    guard 1...63 ~= owner.utf8.count, !owner.utf8.contains(0), !owner.hasPrefix("pg_"),
      !["postgres", "tercet_replication"].contains(owner)
    else { return "`\(owner)` cannot own a database" }
    return nil
  }

  /// Why it cannot take the place of an earlier one, as a sentence; nil if no limit is lower than before. A standby has
  /// to have as much as its primary still has, which need not have been started anew since; and one may come any day.
  func complaint(asSuccessorOf old: DatabaseSpecification) -> String? {
    for limit in DatabaseParameters.neverLowered {
      func value(_ specification: DatabaseSpecification) -> Int {
        Int(specification.parameters[limit.name] ?? limit.value) ?? 0
      }
      if value(self) < value(old) {
        return "\(limit.name) cannot be lowered: a standby needs as much as its primary has; leave it at "
          + "\(value(old)) or more"
      }
    }
    return nil
  }
}

/// Whether a text is a network of IPv4 or IPv6 addresses with the length of its prefix, such as `10.0.0.0/8`.
public func isNetwork(_ text: String) -> Bool {
  let parts = text.split(separator: "/", omittingEmptySubsequences: false)
  guard parts.count == 2, (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(isDigit),
    let bits = Int(parts[1])
  else { return false }
  return isIPv4(parts[0]) ? bits <= 32 : isIPv6(parts[0]) && bits <= 128
}

private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

private func isIPv4(_ text: Substring) -> Bool {
  let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
  return numbers.count == 4
    && numbers.allSatisfy {
      (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) && UInt8($0) != nil
    }
}

/// Without an address of IPv4 at its end.
private func isIPv6(_ text: Substring) -> Bool {
  func groups(_ half: Substring) -> Int? {
    guard !half.isEmpty else { return 0 }
    let groups = half.split(separator: ":", omittingEmptySubsequences: false)
    let areSound = groups.allSatisfy {
      (1...4).contains($0.utf8.count) && $0.first != "+" && UInt16($0, radix: 16) != nil
    }
    return areSound ? groups.count : nil
  }
  guard let gap = text.firstDoubleColon else { return groups(text) == 8 }
  guard let left = groups(text[..<gap.lowerBound]), let right = groups(text[gap.upperBound...]) else {
    return false
  }
  return left + right < 8
}

extension Substring {
  fileprivate var firstDoubleColon: Range<Index>? {
    for place in indices where self[place] == ":" {
      let next = index(after: place)
      if next < endIndex, self[next] == ":" { return place..<index(after: next) }
    }
    return nil
  }
}

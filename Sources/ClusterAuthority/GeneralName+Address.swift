import Glibc
import SwiftASN1
import X509

extension GeneralName {
  /// The name under which a certificate carries an address: an IP address in network order, or a DNS name.
  init(address: String) throws(AuthorityError) {
    if let bytes = Self.bytes(ofIP: address) {
      self = .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
    } else if Self.isDNSName(address) {
      self = .dnsName(address)
    } else {
      throw .badAddress(address)
    }
  }

  private static func bytes(ofIP text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }

  /// RFC 1123, section 2.1. A name whose last label is all digits is a mistyped IP address.
  private static func isDNSName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    guard text.utf8.count <= 253, let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
  }
}

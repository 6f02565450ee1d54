/// Two independent 64-bit hashes of a state: among a hundred million states the chance that any two meet is
/// below 10⁻²².
struct Fingerprint: Hashable, Sendable {
  var high: UInt64 = 0x9e37_79b9_7f4a_7c15
  var low: UInt64 = 0xc2b2_ae3d_27d4_eb4f

  mutating func add(_ value: UInt64) {
    high = Self.mixed(high ^ value)
    low = Self.mixed((low &+ value) &* 0xff51_afd7_ed55_8ccd)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    let (high, low) = (value ^ 0x2d35_8dcc_aa6c_78a5).multipliedFullWidth(by: 0x8bb8_4b93_962e_acc9)
    return high ^ low
  }
}

/// The states already met: a table with open addressing, sixteen bytes a place.
struct FingerprintTable: Sendable {
  private static let empty = Fingerprint(high: 0, low: 0)
  private var places: [Fingerprint]
  private(set) var count = 0

  init() { places = Array(repeating: Self.empty, count: 1 << 16) }

  /// Whether the fingerprint is new.
  mutating func insert(_ fingerprint: Fingerprint) -> Bool {
    if count * 3 >= places.count * 2 { grow() }
    let place = place(of: fingerprint)
    guard places[place] == Self.empty else { return false }
    places[place] = fingerprint
    count += 1
    return true
  }

  /// Where the fingerprint stands, or would.
  private func place(of fingerprint: Fingerprint) -> Int {
    let mask = places.count - 1
    var place = Int(truncatingIfNeeded: fingerprint.low) & mask
    while places[place] != Self.empty, places[place] != fingerprint { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let old = places
    places = Array(repeating: Self.empty, count: 2 * old.count)
    for fingerprint in old where fingerprint != Self.empty { places[place(of: fingerprint)] = fingerprint }
  }
}

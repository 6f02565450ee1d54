public import Cluster

/// `POST /v1/purge` at the zone's door: what to forget, together. Property names are the JSON keys; all may be left
/// out.
///
///     {"requestID": "0123456789abcdef0123456789abcdef",
///      "urls": ["https://www.example.org/news", "/news?page=2"],
///      "bans": ["obj.http.x-url ~ ^/news/"], "keys": ["1f2e…"], "softKeys": ["front-page"]}
public struct PurgeBatch: Hashable, Codable, Sendable {
  /// 32 hexadecimal digits, drawn at random for each batch: it counts once, however often it is sent. Without it a
  /// batch that is sent twice is purged twice, which harms nothing.
  public var requestID: RequestID?
  /// Whole, or a path alone: that is purged as a `PURGE` of it at the door would be.
  public var urls: [String] = []
  /// See `BanExpression`.
  public var bans: [String] = []
  /// Tags, as `xkey` or `X-Ids-Involved` carry them.
  public var keys: [String] = []
  /// Tags whose pages are still served for their grace, while they are fetched anew.
  public var softKeys: [String] = []

  public init() {}

  /// Why a batch is not taken.
  struct Refusal: Error, CustomStringConvertible {
    var description: String
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case requestID, urls, bans, keys, softKeys
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try decoder.refuseKeys(besides: CodingKeys.allCases.map(\.rawValue))
    if let text = try container.decodeIfPresent(String.self, forKey: .requestID) {
      guard let request = RequestID(hexadecimal: text) else {
        throw DecodingError.dataCorruptedError(
          forKey: .requestID, in: container, debugDescription: "it must be 32 hexadecimal digits")
      }
      requestID = request
    }
    func texts(_ key: CodingKeys) throws -> [String] {
      try container.decodeIfPresent([String].self, forKey: key) ?? []
    }
    (urls, bans, keys, softKeys) = (
      try texts(.urls), try texts(.bans), try texts(.keys), try texts(.softKeys)
    )
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(requestID?.hexadecimal, forKey: .requestID)
    for (key, texts) in [(CodingKeys.urls, urls), (.bans, bans), (.keys, keys), (.softKeys, softKeys)]
    where !texts.isEmpty {
      try container.encode(texts, forKey: key)
    }
  }

  /// What it asks for.
  func purges(names: DoorNames, sites: PurgeSites) throws(Refusal) -> [Purge] {
    var purges: [Purge] = []
    for url in urls {
      do throws(PurgeTarget.Refusal) {
        purges += try PurgeTarget.purges(target: url, host: nil, names: names, sites: sites)
      } catch .unfit(let complaint) {
        throw Refusal(description: complaint)
      } catch {
        throw Refusal(
          description: "'\(url.prefix(200))' is neither http://HOST/PATH nor a path that begins with /")
      }
    }
    purges += bans.map { .ban(expression: $0) }
    purges += keys.map { .key(name: $0, soft: false) } + softKeys.map { .key(name: $0, soft: true) }
    if let complaint = State.complaint(of: purges) { throw Refusal(description: complaint) }
    return purges
  }
}

/// The answer to a batch. Status 200: it stands in the log, on a majority's disks.
public struct PurgeReply: Hashable, Codable, Sendable {
  /// Things to forget that it came to.
  public var purges: Int
  /// The entry that carried it; missing for a batch without a request's identity, which may share one.
  public var index: UInt64?
  /// It had been applied before, at `index`.
  public var repeated: Bool?
}

extension Decoder {
  /// A misspelled key is not passed over.
  func refuseKeys(besides known: [String]) throws {
    let names = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    guard let unknown = names.sorted().first(where: { !known.contains($0) }) else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath,
        debugDescription: "there is no key '\(unknown)'; there are \(known.joined(separator: ", "))"))
  }
}

private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

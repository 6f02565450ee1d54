import Cluster
import Logging

extension VarnishCache {
  /// Sends bans, in one go.
  ///
  /// - Throws: `expressionRefused` for the first that Varnish does not take. The others are in force.
  func send(bans expressions: [BanExpression]) async throws(VarnishError) {
    guard !expressions.isEmpty else { return }
    let replies = try await send(expressions.map { .ban($0) })
    for (expression, reply) in zip(expressions, replies) where !reply.isSuccess {
      throw .expressionRefused(expression.command, reason: "\(reply.text) (\(reply.status))")
    }
  }

  /// Bans so that nothing of what is meant stays, and nothing that Varnish refuses holds up what follows: a ban that
  /// it does not take is divided, and where no part is left that could be divided, all is forgotten.
  ///
  /// - Returns: why all is forgotten; nil if it is not.
  func carryOut(_ bans: [Ban]) async throws(VarnishError) -> String? {
    do {
      try await send(bans: bans.map(\.expression))
    } catch .expressionRefused {
      // One after the other, also those that are in force: a ban twice is a ban.
      for ban in bans {
        guard let refusal = try await refusal(of: ban) else { continue }
        logger.error(
          "forgot everything, because Varnish does not take a ban and what it means must not stay",
          metadata: ["cache": "\(configuration.name)", "reason": "\(refusal)"])
        try await flush()
        return "\(refusal)"
      }
    }
    return nil
  }

  /// Why a ban cannot be carried out even in parts; nil when it is.
  private func refusal(of ban: Ban) async throws(VarnishError) -> VarnishError? {
    guard let refusal = try await refusal(of: ban.expression) else { return nil }
    if ban.parts.isEmpty { return refusal }
    for part in ban.parts {
      if let refusal = try await self.refusal(of: part) { return refusal }
    }
    logger.warning(
      "banned one by one what Varnish does not take in one ban",
      metadata: ["cache": "\(configuration.name)", "reason": "\(refusal)"])
    return nil
  }

  private func refusal(of expression: BanExpression) async throws(VarnishError) -> VarnishError? {
    do {
      try await send(bans: [expression])
      return nil
    } catch .expressionRefused(let expression, let reason) {
      return .expressionRefused(expression, reason: reason)
    }
  }
}

import Cluster
import ClusterAuthority
import HTTPTypes
import Hummingbird
import Logging
import Manager
import NIOCore

/// The paths of the operators' API. What goes in and out is documented at the types in `Documents`.
struct OperatorRoutes {
  let gateway: any ManagerGateway
  let configuration: OperatorServer.Configuration
  let streams: StreamLimit

  func add(to router: Router<OperatorContext>) {
    router.post("/v1/intents", use: postIntent)
    router.get("/v1/status", use: getStatus)
    router.get("/v1/services", use: getServices)
    router.get("/v1/stacks/{name}", use: getStack)
    router.get("/v1/history", use: getHistory)
    router.get("/v1/watch", use: watch)
    router.get("/v1/logs/{stack}/{service}", use: getLogs)
  }

  // MARK: Intents

  @Sendable private func postIntent(_ request: Request, _ context: OperatorContext) async throws -> Response {
    guard let caller = context.caller, case .operator = caller else {
      throw APIFailure(.forbidden, .forbidden, "intents are taken from operators only")
    }
    let wish = try await body(IntentRequest.self, of: request)
    let applied = try await gateway.submit(
      wish.intent.intent, request: wish.requestID, origin: caller.origin)
    let reply = IntentReply(applied)
    context.logger.info(
      "an operator's intent was applied",
      metadata: [
        "origin": "\(caller.origin)", "index": "\(reply.index)", "outcome": "\(reply.outcome.rawValue)",
      ])
    return .json(reply, status: reply.outcome == .refused ? .conflict : .ok)
  }

  private func body<Document: Decodable & Sendable>(
    _ type: Document.Type, of request: Request
  ) async throws -> Document {
    let limit = configuration.maximumBodyBytes
    let bytes: ByteBuffer
    do {
      bytes = try await withDeadline(configuration.bodyTimeout) {
        try await request.body.collect(upTo: limit)
      }
    } catch is DeadlineExceeded {
      throw APIFailure(.requestTimeout, .badRequest, "the body did not come in time")
    } catch is NIOTooManyBytesError {
      throw APIFailure(.contentTooLarge, .tooLarge, "the body may have at most \(limit) bytes")
    }
    do {
      return try JSON.decode(type, from: bytes)
    } catch let error as DecodingError {
      throw APIFailure(error)
    }
  }

  // MARK: Reading

  @Sendable private func getStatus(_ request: Request, _ context: OperatorContext) async throws -> Response {
    // For whoever decides something by it: what this manager shows now may be older than what another one did.
    if request.flag("current") { try await gateway.barrier() }
    return .json(await reader().status)
  }

  @Sendable private func getServices(_ request: Request, _ context: OperatorContext) async throws -> Response
  {
    .json(await reader().serviceList(ofStack: request.parameter("stack")))
  }

  /// After a barrier: a plan made from an older state would name changes that are made already.
  @Sendable private func getStack(_ request: Request, _ context: OperatorContext) async throws -> Response {
    let name = try context.parameters.require("name")
    try await gateway.barrier()
    guard let stack = await reader().stack(named: name) else {
      throw APIFailure(.notFound, .notFound, "there is no stack \(name)")
    }
    return .json(stack)
  }

  @Sendable private func getHistory(_ request: Request, _ context: OperatorContext) async throws -> Response {
    let after = try request.number("after", as: UInt64.self) ?? 0
    guard request.flag("follow") else { return .json(await reader().history(after: after)) }
    return try await historyStream(after: after)
  }

  func reader() async -> ViewReader {
    ViewReader(await gateway.view())
  }
}

extension Request {
  func parameter(_ name: String) -> String? {
    uri.queryParameters.get(name)
  }

  /// - Throws: `APIFailure` when the parameter is there and no number from 0 to `last`.
  func number<Number: FixedWidthInteger>(
    _ name: String, as type: Number.Type, atMost last: Number = .max
  ) throws -> Number? {
    guard let text = parameter(name) else { return nil }
    guard let number = Number(text), 0 <= number, number <= last else {
      throw APIFailure(
        .badRequest, .badRequest, "\(name) must be a whole number from 0 to \(last), not '\(text)'")
    }
    return number
  }

  func flag(_ name: String) -> Bool {
    ["1", "true"].contains(parameter(name))
  }
}

export type { Enough, Heal, ResponseBodyOptions, Verifier } from "./checked-body.js";
export { claimBody } from "./claim.js";
export { factsOf, transportFailure } from "./failure.js";
export { prepareBody, prepareBytes, type RequestBody } from "./request-body.js";
export { feedBody, HttpResponseBody, makeResponseBody } from "./response-body.js";
export { type RetryCall, type RetryOptions, RetryPolicy } from "./retry.js";
export { judge, type Verdict } from "./retry-table.js";
export { sleep } from "./sleep.js";
export { Transport } from "./transport.js";
export type {
  BodySource,
  Expectation,
  Phase,
  TransportFacts,
  TransportOptions,
  TransportRequest,
  TransportResponse,
  TransportStats,
} from "./types.js";

export type { Fault, FaultEffect, FaultOptions, FaultScope } from "./faults.js";
export type { RequestLog } from "./request-log.js";
export { S3Server, type S3ServerOptions } from "./server.js";
export { Stub, StubError, type StubOptions } from "./stub.js";
export type { StubAnswer, StubCall, StubExpected, StubFailure, StubInput, StubMethod } from "./stub-types.js";
export type { ServerCredentials } from "./users.js";

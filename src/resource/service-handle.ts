/** What S3 as a resource has besides boto3's definition of it: how it is made. */
import { S3Client } from "../client/client.js";
import type { S3ClientOptions } from "../client/options.js";
import { ParamValidationError } from "../errors/base.js";
import { kindOf } from "../protocol/validate.js";
import type { Session } from "../session.js";
import { Resource } from "./base.js";

/** S3 itself. */
export abstract class ServiceHandle extends Resource {
  /** @param from a client to go through, a session to take one from, or options for a new one */
  constructor(from: S3Client | Session | S3ClientOptions = {}) {
    super(clientFrom(from));
  }
}

/** Told by what they can do, so that another copy of this package, or a stand-in of a test, will do. */
function clientFrom(from: S3Client | Session | S3ClientOptions): S3Client {
  const given: unknown = from;
  if (typeof given === "object" && given !== null) {
    if ("getObject" in from) return from;
    if (!("client" in from)) return new S3Client(from);
    if (typeof from.client === "function") return from.client();
  }
  const problem = `expected an S3Client, a Session or options, got ${kindOf(given)}`;
  throw new ParamValidationError([{ path: "from", problem }], {
    operation: "S3Resource",
    hint: "A client is given as it is: new S3Resource(client).",
  });
}

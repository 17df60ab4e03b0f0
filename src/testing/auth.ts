import { canonicalRequest, type HeaderLists, hmacHex, sha256Hex, signingKey } from "./canonical.js";
import { accessDenied, type ErrorDetails, invalidArgument, invalidRequest, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Target } from "./target.js";
import type { User, Users } from "./users.js";

const maxSkewMs = 15 * 60 * 1000;
const maxExpirySeconds = 7 * 24 * 3600;

/** What is needed to check the chunks of an aws-chunked body. */
export interface ChunkSeed {
  readonly key: Buffer;
  /** `20260131T235959Z` */
  readonly timestamp: string;
  /** `20260131/us-east-1/s3/aws4_request` */
  readonly scope: string;
  readonly signature: string;
}

/** Who asks, and how it was shown. */
export interface Identity {
  /** undefined: nobody signed. */
  readonly user: User | undefined;
  readonly presigned: boolean;
  /** What was declared of the body: hex, `UNSIGNED-PAYLOAD` or `STREAMING-...`; undefined: nothing. */
  readonly payloadHash: string | undefined;
  /** The region that was signed for. */
  readonly region: string | undefined;
  readonly seed: ChunkSeed | undefined;
}

/** A request as far as its signature goes. */
export interface AuthRequest {
  readonly method: string;
  readonly target: Target;
  readonly headers: Headers;
  readonly lists: HeaderLists;
  readonly now: Date;
  readonly users: Users;
  /** Regions that a signature may name. */
  readonly regions: readonly string[];
  /** The region to name when one is wrong: the bucket's where it is known. */
  readonly rightRegion: string;
}

/** Checks the signature of a request, in its headers or its query; throws S3's error where it is not good. */
export function authenticate(request: AuthRequest): Identity {
  const { headers, target } = request;
  const authorization = headers["authorization"];
  const inQuery = target.query.has("X-Amz-Algorithm") || target.query.has("X-Amz-Signature");
  if (authorization !== undefined) {
    if (inQuery) {
      throw invalidArgument(
        "Authorization",
        authorization,
        "A request is signed in its headers or in its query, not in both.",
      );
    }
    return fromHeaders(request, authorization);
  }
  if (inQuery) return fromQuery(request);
  if (target.query.has("Signature") && target.query.has("AWSAccessKeyId")) throw version2();
  return {
    user: undefined,
    presigned: false,
    payloadHash: headers["x-amz-content-sha256"],
    region: undefined,
    seed: undefined,
  };
}

const version2 = (): S3Error =>
  invalidRequest("This signature version is not supported. Sign with AWS4-HMAC-SHA256 (Signature Version 4).");

interface Signed {
  readonly accessKeyId: string;
  /** `20260131` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
}

/** `20260131T235959Z` as milliseconds; NaN where it is none. */
function parseTimestamp(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  return match ? Date.UTC(+match[1]!, +match[2]! - 1, +match[3]!, +match[4]!, +match[5]!, +match[6]!) : Number.NaN;
}

const basic = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
const isoSeconds = (time: number): string => new Date(time).toISOString().replace(/\.\d+/, "");

function readScope(
  credential: string,
  malformed: (why: string) => S3Error,
): Pick<Signed, "accessKeyId" | "date" | "region" | "service"> {
  const parts = credential.split("/");
  if (parts.length < 5) throw malformed("the credential must be key/date/region/service/aws4_request");
  const [date = "", region = "", service = "", end] = parts.slice(-4);
  if (end !== "aws4_request")
    throw malformed(`the credential ends in ${JSON.stringify(end)} and not in "aws4_request"`);
  if (!/^\d{8}$/.test(date)) throw malformed(`the credential's date ${JSON.stringify(date)} is no date`);
  return { accessKeyId: parts.slice(0, -4).join("/"), date, region, service };
}

function fromHeaders(request: AuthRequest, authorization: string): Identity {
  const malformed = (why: string, details: ErrorDetails = {}): S3Error =>
    new S3Error("AuthorizationHeaderMalformed", `The Authorization header is malformed: ${why}.`, details);
  if (/^AWS /.test(authorization)) throw version2();
  const space = authorization.indexOf(" ");
  const algorithm = authorization.slice(0, space < 0 ? undefined : space);
  if (algorithm === "AWS4-ECDSA-P256-SHA256") {
    throw new S3Error("NotImplemented", "This server does not check asymmetric signatures (SigV4A).");
  }
  if (algorithm !== "AWS4-HMAC-SHA256")
    throw invalidArgument("Authorization", authorization, "The kind of authorization is not known here.");
  const fields = new Map<string, string>();
  for (const part of authorization.slice(space + 1).split(",")) {
    const equals = part.indexOf("=");
    fields.set(part.slice(0, equals < 0 ? undefined : equals).trim(), equals < 0 ? "" : part.slice(equals + 1).trim());
  }
  for (const name of ["Credential", "SignedHeaders", "Signature"]) {
    if (!fields.get(name)) throw malformed(`${name} is missing`);
  }
  const scope = readScope(fields.get("Credential")!, malformed);
  const dated = request.headers["x-amz-date"];
  const time = dated !== undefined ? parseTimestamp(dated) : dateHeader(request.headers["date"]);
  if (Number.isNaN(time)) throw accessDenied("A signed request needs a good x-amz-date or Date header.");
  if (scope.date !== basic(time).slice(0, 8)) throw malformed("the credential's date is not the day of x-amz-date");
  checkScope(request, scope, malformed);
  const user = findUser(request, scope.accessKeyId, request.headers, "x-amz-security-token", "x-amz-s3session-token");
  const now = request.now.getTime();
  if (Math.abs(now - time) > maxSkewMs) {
    throw new S3Error("RequestTimeTooSkewed", "The request's time and the server's are too far apart.", {
      RequestTime: dated ?? request.headers["date"] ?? "",
      ServerTime: isoSeconds(now),
      MaxAllowedSkewMilliseconds: maxSkewMs,
    });
  }
  const signedHeaders = fields.get("SignedHeaders")!.toLowerCase().split(";");
  checkSignedHeaders(request, signedHeaders);
  const payloadHash = request.headers["x-amz-content-sha256"];
  if (payloadHash === undefined) {
    throw new S3Error("InvalidRequest", "The header x-amz-content-sha256 is missing.", {
      HeaderName: "x-amz-content-sha256",
    });
  }
  const signed: Signed = { ...scope, signedHeaders, signature: fields.get("Signature")!, timestamp: basic(time) };
  const seed = checkSignature(request, signed, user, payloadHash);
  return { user, presigned: false, payloadHash, region: scope.region, seed };
}

function dateHeader(text: string | undefined): number {
  if (text === undefined) return Number.NaN;
  const time = parseTimestamp(text);
  return Number.isNaN(time) ? Date.parse(text) : time;
}

function fromQuery(request: AuthRequest): Identity {
  const { query } = request.target;
  const malformed = (why: string, details: ErrorDetails = {}): S3Error =>
    new S3Error("AuthorizationQueryParametersError", `The parameters of the signature are not right: ${why}.`, details);
  const names = ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"];
  for (const name of names) {
    if (!query.has(`X-Amz-${name}`))
      throw malformed(
        `X-Amz-${name} is missing; a presigned request needs ${names.map((n) => `X-Amz-${n}`).join(", ")}`,
      );
  }
  const algorithm = query.get("X-Amz-Algorithm");
  if (algorithm === "AWS4-ECDSA-P256-SHA256") {
    throw new S3Error("NotImplemented", "This server does not check asymmetric signatures (SigV4A).");
  }
  if (algorithm !== "AWS4-HMAC-SHA256") throw malformed("X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  const scope = readScope(query.get("X-Amz-Credential")!, malformed);
  const timestamp = query.get("X-Amz-Date")!;
  const time = parseTimestamp(timestamp);
  if (Number.isNaN(time)) throw malformed("X-Amz-Date must have the form yyyyMMddTHHmmssZ");
  if (scope.date !== timestamp.slice(0, 8)) throw malformed("the credential's date is not the day of X-Amz-Date");
  const expires = query.get("X-Amz-Expires")!;
  if (!/^-?\d+$/.test(expires)) throw malformed("X-Amz-Expires must be a number of seconds");
  if (Number(expires) < 0) throw malformed("X-Amz-Expires must not be negative");
  if (Number(expires) > maxExpirySeconds)
    throw malformed(`X-Amz-Expires must be at most ${maxExpirySeconds} seconds (a week)`);
  checkScope(request, scope, malformed);
  const tokens: Headers = {
    ...(query.has("X-Amz-Security-Token") ? { token: query.get("X-Amz-Security-Token")! } : {}),
    ...(query.has("X-Amz-S3session-Token") ? { session: query.get("X-Amz-S3session-Token")! } : {}),
  };
  const user = findUser(request, scope.accessKeyId, tokens, "token", "session");
  const now = request.now.getTime();
  if (time - now > maxSkewMs) {
    throw accessDenied("Request is not valid yet.", { "X-Amz-Date": timestamp, ServerTime: isoSeconds(now) });
  }
  const end = time + Number(expires) * 1000;
  if (now > end) {
    throw accessDenied("Request has expired", {
      "X-Amz-Expires": expires,
      Expires: isoSeconds(end),
      ServerTime: isoSeconds(now),
    });
  }
  const signedHeaders = query.get("X-Amz-SignedHeaders")!.toLowerCase().split(";");
  checkSignedHeaders(request, signedHeaders);
  const payloadHash =
    request.headers["x-amz-content-sha256"] ?? query.get("X-Amz-Content-Sha256") ?? "UNSIGNED-PAYLOAD";
  const signed: Signed = { ...scope, signedHeaders, signature: query.get("X-Amz-Signature")!, timestamp };
  const seed = checkSignature(request, signed, user, payloadHash, "X-Amz-Signature");
  return { user, presigned: true, payloadHash, region: scope.region, seed };
}

/** Checks the signature of a form's policy; a form without one comes from nobody in particular. */
export function authenticateForm(
  fields: ReadonlyMap<string, string>,
  now: Date,
  users: Users,
  regions: readonly string[],
  rightRegion: string,
): Identity {
  const policy = fields.get("policy");
  if (fields.has("signature") || fields.has("awsaccesskeyid")) throw version2();
  if (policy === undefined) {
    return { user: undefined, presigned: false, payloadHash: undefined, region: undefined, seed: undefined };
  }
  const malformed = (why: string, details: ErrorDetails = {}): S3Error =>
    new S3Error("InvalidRequest", `The form's signature is not right: ${why}.`, details);
  for (const name of ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"]) {
    if (!fields.has(name)) throw invalidArgument(name, "", `The form needs a field ${name}.`);
  }
  if (fields.get("x-amz-algorithm") !== "AWS4-HMAC-SHA256") throw malformed("x-amz-algorithm must be AWS4-HMAC-SHA256");
  const scope = readScope(fields.get("x-amz-credential")!, malformed);
  if (Number.isNaN(parseTimestamp(fields.get("x-amz-date")!)))
    throw malformed("x-amz-date must have the form yyyyMMddTHHmmssZ");
  checkScope({ regions, rightRegion }, scope, malformed);
  const user = findUser(
    { users, now },
    scope.accessKeyId,
    Object.fromEntries(fields),
    "x-amz-security-token",
    "x-amz-s3session-token",
  );
  const key = signingKey(user.secretAccessKey, scope.date, scope.region, scope.service);
  if (hmacHex(key, policy) !== fields.get("x-amz-signature")) {
    throw new S3Error(
      "SignatureDoesNotMatch",
      "The signature of the form's policy is not the one that this server works out.",
      {
        AWSAccessKeyId: scope.accessKeyId,
        StringToSign: policy,
        SignatureProvided: fields.get("x-amz-signature")!,
        StringToSignBytes: spaced(policy),
      },
    );
  }
  return { user, presigned: true, payloadHash: undefined, region: scope.region, seed: undefined };
}

function checkScope(
  request: Pick<AuthRequest, "regions" | "rightRegion">,
  scope: { region: string; service: string },
  malformed: (why: string, details?: ErrorDetails) => S3Error,
): void {
  const right = request.rightRegion;
  // A bucket may be in a region of its own: us-east-1 makes them everywhere.
  if (!request.regions.includes(scope.region) && scope.region !== right) {
    throw malformed(`the region ${JSON.stringify(scope.region)} is wrong; expecting ${JSON.stringify(right)}`, {
      Region: right,
    });
  }
  if (scope.service !== "s3" && scope.service !== "s3express") {
    throw malformed(`the service ${JSON.stringify(scope.service)} is wrong; expecting "s3"`);
  }
}

function findUser(
  request: Pick<AuthRequest, "users" | "now">,
  id: string,
  tokens: Headers,
  tokenName: string,
  sessionName: string,
): User {
  const user = request.users.find(id);
  if (!user) {
    throw new S3Error("InvalidAccessKeyId", "Nobody has this access key id here.", { AWSAccessKeyId: id });
  }
  const given = user.session ? tokens[sessionName] : tokens[tokenName];
  if (user.sessionToken !== given) {
    // Temporary keys without their token are no keys at all; a wrong token, or one with permanent keys, is a bad token.
    if (given === undefined)
      throw new S3Error("InvalidAccessKeyId", "These are temporary credentials, and their session token is missing.", {
        AWSAccessKeyId: id,
      });
    throw new S3Error("InvalidToken", "The session token is not the one of these credentials.", { "Token-0": given });
  }
  if (user.expiration && user.expiration <= request.now) {
    throw new S3Error("ExpiredToken", "The session token has expired.", { "Token-0": given ?? "" });
  }
  return user;
}

function checkSignedHeaders(request: AuthRequest, signed: readonly string[]): void {
  if (!signed.includes("host")) {
    throw accessDenied("There are headers in the request that were not signed.", { HeadersNotSigned: "host" });
  }
  const missing: string[] = [];
  for (const name of request.lists.keys()) {
    if (name.startsWith("x-amz-") && !signed.includes(name)) missing.push(name);
  }
  if (missing.length > 0) {
    throw accessDenied("There are headers in the request that were not signed.", {
      HeadersNotSigned: missing.join(", "),
    });
  }
}

const spaced = (text: string): string =>
  Buffer.from(text)
    .toString("hex")
    .replace(/..(?=.)/g, "$& ");

function checkSignature(
  request: AuthRequest,
  signed: Signed,
  user: User,
  payloadHash: string,
  withoutQuery?: string,
): ChunkSeed {
  const { method, target, lists } = request;
  const canonical = canonicalRequest(method, target, lists, signed.signedHeaders, payloadHash, withoutQuery);
  const scope = `${signed.date}/${signed.region}/${signed.service}/aws4_request`;
  const stringToSign = `AWS4-HMAC-SHA256\n${signed.timestamp}\n${scope}\n${sha256Hex(canonical)}`;
  const key = signingKey(user.secretAccessKey, signed.date, signed.region, signed.service);
  if (hmacHex(key, stringToSign) !== signed.signature) {
    throw new S3Error(
      "SignatureDoesNotMatch",
      "The signature of the request is not the one that this server works out. Compare the canonical request below with yours.",
      {
        AWSAccessKeyId: signed.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: signed.signature,
        StringToSignBytes: spaced(stringToSign),
        CanonicalRequest: canonical,
        CanonicalRequestBytes: spaced(canonical),
      },
    );
  }
  return { key, timestamp: signed.timestamp, scope, signature: signed.signature };
}

import { createHash } from "node:crypto";
import type { Identity } from "./auth.js";
import { AwsChunkedReader } from "./aws-chunked.js";
import {
  type Algorithm,
  algorithmOf,
  algorithms,
  type Checksum,
  createHasher,
  digestLength,
  type Hasher,
} from "./checksums.js";
import { invalidArgument, invalidRequest, notImplemented, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Storage, Stored } from "./storage.js";

/** A body that was read and found right. */
export interface Content extends Stored {
  /** MD5 in lower-case hex. */
  readonly md5: string;
  /** The checksum that came with it and was found right. */
  readonly checksum: Checksum | undefined;
}

/** What the head of a request says about its body. */
export interface BodyPlan {
  /** Bytes of the payload, without framing; undefined where nobody said, as in a form. */
  readonly length: number | undefined;
  readonly sha256: string | undefined;
  readonly md5: string | undefined;
  readonly framed: "no" | "unsigned" | "signed";
  /** Names of the trailer's headers, lower case. */
  readonly trailer: readonly string[];
  readonly algorithm: Algorithm | undefined;
  /** The checksum that a header gives, base64; with a trailer it comes behind. */
  readonly checksum: string | undefined;
}

const maxObject = 5 * 1024 ** 3;

function readLength(headers: Headers, framed: boolean, needed: boolean): number {
  const text = framed ? headers["x-amz-decoded-content-length"] : headers["content-length"];
  if (text === undefined) {
    const chunked = headers["transfer-encoding"] !== undefined;
    if (!framed && chunked) {
      throw notImplemented(
        "A body of unknown length is not taken: send Content-Length, or aws-chunked with x-amz-decoded-content-length.",
        {
          Header: "Transfer-Encoding",
        },
      );
    }
    if (!needed && !framed) return 0;
    throw new S3Error(
      "MissingContentLength",
      `The header ${framed ? "x-amz-decoded-content-length" : "Content-Length"} is missing.`,
    );
  }
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument("Content-Length", text);
  return Number(text);
}

/** Names of the trailer in `x-amz-trailer`. */
const trailerNames = (headers: Headers): string[] =>
  (headers["x-amz-trailer"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");

const none = { algorithm: undefined, checksum: undefined };

/** The checksum that headers, or the fields of a form, bring. */
export function readChecksum(headers: Headers, trailer: readonly string[]): Pick<BodyPlan, "algorithm" | "checksum"> {
  let algorithm: Algorithm | undefined;
  let checksum: string | undefined;
  for (const name of Object.keys(algorithms) as Algorithm[]) {
    const header = `x-amz-checksum-${algorithms[name]}`;
    const value = headers[header];
    const trailed = trailer.includes(header);
    if (value === undefined && !trailed) continue;
    if (algorithm) throw invalidRequest("Expecting a single x-amz-checksum- header; more than one algorithm is given.");
    algorithm = name;
    checksum = trailed ? undefined : value;
    if (value !== undefined && Buffer.from(value, "base64").length !== digestLength[name]) {
      throw invalidRequest(`The value of ${header} is not a checksum of its kind.`);
    }
  }
  const asked = headers["x-amz-sdk-checksum-algorithm"];
  if (asked !== undefined) {
    const wanted = algorithmOf(asked);
    if (!wanted) throw invalidRequest("The value of x-amz-sdk-checksum-algorithm is no checksum that is known.");
    if (algorithm === undefined && wanted !== "MD5") {
      throw invalidRequest(
        "x-amz-sdk-checksum-algorithm is given, but no x-amz-checksum- header or trailer that belongs to it.",
      );
    }
    if (algorithm !== undefined && wanted !== algorithm) {
      throw invalidRequest(
        "The value of x-amz-sdk-checksum-algorithm and the x-amz-checksum- header are of two kinds.",
      );
    }
  }
  return { algorithm, checksum };
}

/**
 * What the head says about the body; throws what S3 throws before it reads any of it.
 * @param needed the operation has a body, so its length must be known
 * @param checksums a checksum header is about the body; of CompleteMultipartUpload it is about the object
 */
export function planBody(headers: Headers, identity: Identity, needed: boolean, checksums: boolean): BodyPlan {
  const declared = identity.payloadHash;
  let framed: BodyPlan["framed"] = "no";
  let sha256: string | undefined;
  let trailer: string[] = [];
  if (declared !== undefined && declared !== "UNSIGNED-PAYLOAD") {
    const streaming = /^STREAMING-(UNSIGNED-PAYLOAD-TRAILER|AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?)$/.exec(declared);
    if (streaming) {
      framed = streaming[1]!.startsWith("UNSIGNED") ? "unsigned" : "signed";
      if (declared.endsWith("-TRAILER")) trailer = trailerNames(headers);
      if (framed === "signed" && !identity.seed) throw invalidRequest("Signed chunks need a signed request.");
    } else if (/^STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD/.test(declared)) {
      throw notImplemented("This server does not check asymmetric signatures (SigV4A).");
    } else if (/^[0-9a-f]{64}$/.test(declared)) {
      sha256 = declared;
    } else {
      throw invalidArgument(
        "x-amz-content-sha256",
        declared,
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-..., or a SHA-256 in hex.",
      );
    }
  }
  const md5 = headers["content-md5"];
  if (md5 !== undefined && !/^[A-Za-z0-9+/]{22}==$/.test(md5.trim())) {
    throw new S3Error("InvalidDigest", "Content-MD5 is not the MD5 of anything: 16 bytes in base64.", {
      "Content-MD5": md5,
    });
  }
  const length = readLength(headers, framed !== "no", needed);
  if (length > maxObject) {
    throw new S3Error("EntityTooLarge", "At most 5 GiB can be put at once.", {
      ProposedSize: length,
      MaxSizeAllowed: maxObject,
    });
  }
  return { length, sha256, md5: md5?.trim(), framed, trailer, ...(checksums ? readChecksum(headers, trailer) : none) };
}

/**
 * Reads a body to its end and checks it against everything that was said about it: length, SHA-256, Content-MD5, checksum in header or trailer,
 * chunk signatures. What it throws has been read no further.
 * @param storage keeps the bytes until they are released
 */
export async function readBody(
  source: AsyncIterable<Uint8Array>,
  plan: BodyPlan,
  identity: Identity,
  storage: Storage,
): Promise<Content> {
  const sink = storage.open();
  const md5 = createHash("md5");
  const sha256 = plan.sha256 === undefined ? undefined : createHash("sha256");
  const hasher: Hasher | undefined = plan.algorithm && createHasher(plan.algorithm);
  const reader =
    plan.framed === "no"
      ? undefined
      : new AwsChunkedReader(
          plan.framed === "signed" ? identity.seed : undefined,
          /-TRAILER$/.test(identity.payloadHash ?? ""),
        );
  let size = 0;
  try {
    for await (const bytes of source) {
      const pieces = reader ? reader.push(bytes as Buffer) : [bytes];
      for (const piece of pieces) {
        size += piece.length;
        if (plan.length !== undefined && size > plan.length)
          throw new S3Error("IncompleteBody", "The body is longer than its announced length.");
        sink.write(piece);
        md5.update(piece);
        sha256?.update(piece);
        hasher?.update(piece);
      }
    }
    const trailer = reader?.end();
    if (plan.length !== undefined && size < plan.length) {
      throw new S3Error("IncompleteBody", "The body is shorter than its announced length.", {
        NumberBytesExpected: plan.length,
        NumberBytesProvided: size,
      });
    }
    const digest = md5.digest();
    checkDigests(plan, digest, sha256?.digest("hex"));
    const checksum = checkChecksum(plan, hasher, trailer);
    return { chunks: sink.finish(), size, md5: digest.toString("hex"), checksum };
  } catch (error) {
    sink.discard();
    throw error;
  }
}

function checkDigests(plan: BodyPlan, md5: Buffer, sha256: string | undefined): void {
  if (sha256 !== undefined && sha256 !== plan.sha256) {
    throw new S3Error("XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not the SHA-256 of the body that came.", {
      ClientComputedContentSHA256: plan.sha256!,
      S3ComputedContentSHA256: sha256,
    });
  }
  const found = md5.toString("base64");
  if (plan.md5 !== undefined && plan.md5 !== found) {
    throw new S3Error("BadDigest", "Content-MD5 is not the MD5 of the body that came.", {
      ExpectedDigest: plan.md5,
      CalculatedDigest: found,
    });
  }
}

function checkChecksum(
  plan: BodyPlan,
  hasher: Hasher | undefined,
  trailer: ReadonlyMap<string, string> | undefined,
): Checksum | undefined {
  for (const name of plan.trailer) {
    if (!trailer?.has(name))
      throw new S3Error("MalformedTrailerError", `The trailer ${name} was announced but did not come.`);
  }
  if (!plan.algorithm) return undefined;
  const given = plan.checksum ?? trailer?.get(`x-amz-checksum-${algorithms[plan.algorithm]}`) ?? "";
  const found = hasher?.digest().toString("base64");
  if (found !== given) {
    throw new S3Error("BadDigest", `The ${plan.algorithm} given is not the one of the body that came.`);
  }
  return { algorithm: plan.algorithm, value: given, type: "FULL_OBJECT" };
}

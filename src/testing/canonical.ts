import { createHash, createHmac } from "node:crypto";
import { type Target, uriEncode } from "./target.js";

/*
 * The server works out Signature Version 4 on its own, from the decoded request and not from the text on the wire: as S3 does it, so a client that
 * signs what it failed to encode is found out. It shares no line with the signer, so that one mistake can't hide in both.
 */

/** Values of each header by lower-case name, as they came. */
export type HeaderLists = ReadonlyMap<string, readonly string[]>;

/** The query as it is signed: names and values encoded anew, sorted by the encoded bytes. */
function canonicalQuery(target: Target, without: string | undefined): string {
  const pairs: [string, string][] = [];
  for (const [name, value] of target.query.pairs) {
    if (name !== without) pairs.push([uriEncode(name, false), uriEncode(value, false)]);
  }
  pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** The canonical request of a request that came, for the headers that its signature names. */
export function canonicalRequest(
  method: string,
  target: Target,
  headers: HeaderLists,
  signedHeaders: readonly string[],
  payloadHash: string,
  withoutQuery?: string,
): string {
  let lines = "";
  for (const name of signedHeaders) {
    // HTTP's blanks, and not all that Unicode has: a no-break space is part of the value.
    const values = (headers.get(name) ?? []).map((value) => value.replace(/[ \t]+/g, " ").replace(/^ | $/g, ""));
    lines += `${name}:${values.join(",")}\n`;
  }
  const path = uriEncode(target.path, true);
  const query = canonicalQuery(target, withoutQuery);
  return `${method}\n${path}\n${query}\n${lines}\n${signedHeaders.join(";")}\n${payloadHash}`;
}

export const sha256Hex = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

const hmac = (key: Uint8Array | string, data: string): Buffer => createHmac("sha256", key).update(data).digest();

const keys = new Map<string, Buffer>();

/** The signing key of a secret for one day, region and service. */
export function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  const name = `${secret}\n${date}\n${region}\n${service}`;
  let key = keys.get(name);
  if (!key) {
    key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
    // A handful of users, days and regions; a test that makes up thousands must not grow it for ever.
    if (keys.size >= 64) keys.clear();
    keys.set(name, key);
  }
  return key;
}

export const hmacHex = (key: Uint8Array, data: string): string => createHmac("sha256", key).update(data).digest("hex");

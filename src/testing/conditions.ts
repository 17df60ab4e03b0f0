import { notImplemented, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Version } from "./store.js";

/** Whether an ETag is one of a header's list; `*` is every one. Quotes may be left out, weak tags count as strong. */
export function matchesEtag(list: string, etag: string): boolean {
  const bare = etag.replaceAll('"', "");
  return list.split(",").some((item) => {
    const wanted = item.trim().replace(/^W\//, "").replaceAll('"', "");
    return wanted === "*" || wanted === bare;
  });
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);

function dateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : seconds(time);
}

export const preconditionFailed = (condition: string): S3Error =>
  new S3Error("PreconditionFailed", "At least one of the conditions of the request does not hold.", {
    Condition: condition,
  });

/** Verdict on a read: go on, or the header that speaks against it. */
type Verdict = "ok" | { failed: string; notModified: boolean };

/** The four conditions with S3's precedence: an ETag that decides makes its date not count. */
function judge(headers: Headers, prefix: string, version: { etag: string; lastModified: Date }): Verdict {
  const modified = seconds(version.lastModified);
  const ifMatch = headers[`${prefix}if-match`];
  const unmodifiedSince = dateOf(headers[`${prefix}if-unmodified-since`]);
  if (ifMatch !== undefined) {
    if (!matchesEtag(ifMatch, version.etag)) return { failed: "If-Match", notModified: false };
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    return { failed: "If-Unmodified-Since", notModified: false };
  }
  const ifNoneMatch = headers[`${prefix}if-none-match`];
  const modifiedSince = dateOf(headers[`${prefix}if-modified-since`]);
  if (ifNoneMatch !== undefined) {
    if (matchesEtag(ifNoneMatch, version.etag)) return { failed: "If-None-Match", notModified: true };
  } else if (modifiedSince !== undefined && modified <= modifiedSince) {
    return { failed: "If-Modified-Since", notModified: true };
  }
  return "ok";
}

/** Conditions of a GET or HEAD. Gives true when the answer is 304. */
export function isNotModified(headers: Headers, version: Version): boolean {
  const verdict = judge(headers, "", version);
  if (verdict === "ok") return false;
  if (verdict.notModified) return true;
  throw preconditionFailed(verdict.failed);
}

/** Conditions on the source of a copy: whatever fails, the answer is 412. */
export function checkSourceConditions(headers: Headers, version: Version): void {
  const verdict = judge(headers, "x-amz-copy-source-", version);
  if (verdict !== "ok") throw preconditionFailed(`x-amz-copy-source-${verdict.failed}`);
}

/** Conditions of a write on what is there now. */
export function checkWriteConditions(headers: Headers, key: string, current: Version | undefined): void {
  const ifNoneMatch = headers["if-none-match"];
  const ifMatch = headers["if-match"];
  if (ifNoneMatch !== undefined && ifMatch !== undefined) {
    throw notImplemented("If-Match and If-None-Match can't be combined in a write.", { Header: "If-None-Match" });
  }
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== "*") {
    throw notImplemented("A write takes no If-None-Match but *.", { Header: "If-None-Match" });
  }
  const there = current !== undefined && !current.deleteMarker;
  if (ifNoneMatch !== undefined && there) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (!there) throw new S3Error("NoSuchKey", "There is no object under this key whose ETag could match.", { Key: key });
  if (!matchesEtag(ifMatch, current.etag)) throw preconditionFailed("If-Match");
}

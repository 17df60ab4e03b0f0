import type {
  ListMultipartUploadsRequest,
  ListObjectsRequest,
  ListObjectsV2Request,
  ListObjectVersionsRequest,
} from "../model/generated/types.js";
import { ownerOf } from "./acl.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { invalidArgument } from "./errors.js";
import { compareKeys, firstIndex } from "./keys.js";
import type { Upload, Version } from "./store.js";
import { integer } from "./target.js";

/** One line of a list: a key, or what all keys behind a delimiter have in common. */
type Item =
  | { readonly key: string; readonly prefix?: undefined }
  | { readonly prefix: string; readonly key?: undefined };

/**
 * Walks sorted keys as a list shows them.
 * @param after where the page before ended: a key, or a common prefix, all of which is done
 * @param inclusive begin with the key `after` itself
 */
function* walk(
  keys: readonly string[],
  prefix: string,
  delimiter: string,
  after: string,
  visible: (key: string) => boolean,
  inclusive = false,
): Generator<Item> {
  let at = firstIndex(keys, (key) => compareKeys(key, prefix) >= 0);
  if (after !== "") {
    at = firstIndex(keys, (key) => compareKeys(key, after) > (inclusive ? -1 : 0), at);
    const done = delimiter === "" ? undefined : commonPrefix(after, prefix, delimiter);
    if (done !== undefined) at = behind(keys, done, at);
  }
  while (at < keys.length) {
    const key = keys[at]!;
    if (!key.startsWith(prefix)) return;
    const common = delimiter === "" ? undefined : commonPrefix(key, prefix, delimiter);
    if (common === undefined) {
      if (visible(key)) yield { key };
      at++;
    } else {
      const end = behind(keys, common, at);
      // Deleted keys alone make no common prefix.
      for (let i = at; i < end; i++) {
        if (!visible(keys[i]!)) continue;
        yield { prefix: common };
        break;
      }
      at = end;
    }
  }
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Index of the first key that does not start so; the keys that do stand together. */
const behind = (keys: readonly string[], prefix: string, from: number): number =>
  firstIndex(keys, (key) => compareKeys(key, prefix) > 0 && !key.startsWith(prefix), from);

/** Takes at most `max` items, and says whether there is one more. */
function takePage<T>(items: Iterable<T>, max: number): { page: T[]; truncated: boolean } {
  const page: T[] = [];
  if (max > 0) {
    for (const item of items) {
      if (page.length === max) return { page, truncated: true };
      page.push(item);
    }
  }
  return { page, truncated: false };
}

/** How keys are written: as they are, or percent-encoded the way S3 does, with `+` for a space. */
function encoder(call: Call): (text: string) => string {
  const encoding = call.target.query.get("encoding-type");
  if (encoding === undefined) return (text) => text;
  if (encoding !== "url") throw invalidArgument("encoding-type", encoding, "The only encoding is url.");
  return urlEncode;
}

/** Percent-encodes all but letters, digits and `- . _ * /`; a space becomes `+`. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/")
    .replaceAll("%20", "+");
}

/** What all lists of a bucket have in common. */
interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** As asked for, and said back. */
  readonly asked: number;
  /** What a page may have. */
  readonly max: number;
  readonly encode: (text: string) => string;
}

function readQuery(call: Call, maxName: string): ListQuery {
  const { query } = call.target;
  const asked = Math.min(integer(maxName, query.get(maxName) ?? "1000", 0, 2147483647), 1000);
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    asked,
    max: Math.min(asked, call.world.maxPage),
    encode: encoder(call),
  };
}

function common(call: Call, list: ListQuery, items: readonly Item[], truncated: boolean): Record<string, unknown> {
  const prefixes: { Prefix: string }[] = [];
  for (const item of items) if (item.prefix !== undefined) prefixes.push({ Prefix: list.encode(item.prefix) });
  return {
    Prefix: list.encode(list.prefix),
    Delimiter: list.delimiter === "" ? undefined : list.encode(list.delimiter),
    EncodingType: call.target.query.get("encoding-type"),
    IsTruncated: truncated,
    CommonPrefixes: prefixes,
  };
}

function restoreStatus(call: Call, version: Version): object | undefined {
  if (!call.headers["x-amz-optional-object-attributes"]?.includes("RestoreStatus") || !version.restoredUntil)
    return undefined;
  return { IsRestoreInProgress: false, RestoreExpiryDate: version.restoredUntil };
}

function describe(call: Call, version: Version, encode: (text: string) => string): Record<string, unknown> {
  return {
    Key: encode(version.key),
    LastModified: version.lastModified,
    ETag: version.etag,
    // Every object has one: see checksumOfVersion.
    ChecksumAlgorithm: [version.checksum?.algorithm ?? "CRC64NVME"],
    ChecksumType: version.checksum?.type ?? "FULL_OBJECT",
    Size: version.size,
    StorageClass: version.description.storageClass,
    RestoreStatus: restoreStatus(call, version),
  };
}

function listCurrent(
  call: Call,
  after: string,
  owner: boolean,
): { list: ListQuery; output: Record<string, unknown>; last: Item | undefined; count: number } {
  const list = readQuery(call, "max-keys");
  const { objects } = call.bucket;
  const visible = (key: string): boolean => !objects.get(key)![0]!.deleteMarker;
  const { page, truncated } = takePage(walk(objects.keys(), list.prefix, list.delimiter, after, visible), list.max);
  const contents: object[] = [];
  for (const item of page) {
    if (item.key === undefined) continue;
    const version = objects.get(item.key)![0]!;
    const entry = describe(call, version, list.encode);
    if (owner) entry["Owner"] = version.acl.owner;
    contents.push(entry);
  }
  const output = {
    ...common(call, list, page, truncated),
    Name: call.bucket.name,
    MaxKeys: list.asked,
    Contents: contents,
  };
  return { list, output, last: truncated ? page[page.length - 1] : undefined, count: page.length };
}

const regionHeader = (call: Call): Record<string, string> => ({ "x-amz-bucket-region": call.bucket.region });

export function listObjects(call: Call<ListObjectsRequest>): Answer {
  const type = call.target.query.get("list-type");
  if (type !== undefined) throw invalidArgument("list-type", type, "The only list-type is 2.");
  const marker = call.target.query.get("marker") ?? "";
  const { list, output, last } = listCurrent(call, marker, true);
  output["Marker"] = list.encode(marker);
  // Without a delimiter the last key does as well, and S3 leaves it at that.
  if (last && list.delimiter !== "") output["NextMarker"] = list.encode(last.key ?? last.prefix);
  return { output, headers: regionHeader(call) };
}

const tokenPrefix = "tucuxi-page:";
const toToken = (after: string): string => Buffer.from(tokenPrefix + after).toString("base64");

function fromToken(name: string, token: string): string {
  const text = Buffer.from(token, "base64").toString();
  if (!text.startsWith(tokenPrefix))
    throw invalidArgument(name, token, "This server never gave such a continuation token.");
  return text.slice(tokenPrefix.length);
}

export function listObjectsV2(call: Call<ListObjectsV2Request>): Answer {
  const { query } = call.target;
  const token = query.get("continuation-token");
  if (token === "") throw invalidArgument("continuation-token", "", "The continuation token is empty.");
  const startAfter = query.get("start-after");
  const after = token === undefined ? (startAfter ?? "") : fromToken("continuation-token", token);
  const { list, output, last, count } = listCurrent(call, after, query.get("fetch-owner") === "true");
  output["KeyCount"] = count;
  output["ContinuationToken"] = token;
  if (token === undefined && startAfter) output["StartAfter"] = list.encode(startAfter);
  if (last) output["NextContinuationToken"] = toToken(last.key ?? last.prefix);
  return { output, headers: regionHeader(call) };
}

type VersionItem =
  | { readonly version: Version; readonly latest: boolean }
  | { readonly prefix: string; readonly version?: undefined };

export function listObjectVersions(call: Call<ListObjectVersionsRequest>): Answer {
  const { query } = call.target;
  const list = readQuery(call, "max-keys");
  const keyMarker = query.get("key-marker") ?? "";
  const idMarker = query.get("version-id-marker") ?? "";
  if (idMarker !== "" && keyMarker === "")
    throw invalidArgument("version-id-marker", idMarker, "A version-id-marker goes with a key-marker.");
  const { page, truncated } = takePage(versionItems(call, list, keyMarker, idMarker), list.max);
  const versions: object[] = [];
  const markers: object[] = [];
  const prefixes: Item[] = [];
  for (const item of page) {
    if (!item.version) {
      prefixes.push({ prefix: item.prefix });
      continue;
    }
    const { version, latest } = item;
    const place = { Owner: version.acl.owner, VersionId: version.versionId, IsLatest: latest };
    if (version.deleteMarker)
      markers.push({ ...place, Key: list.encode(version.key), LastModified: version.lastModified });
    else versions.push({ ...describe(call, version, list.encode), ...place });
  }
  const output: Record<string, unknown> = {
    ...common(call, list, prefixes, truncated),
    Name: call.bucket.name,
    MaxKeys: list.asked,
    KeyMarker: list.encode(keyMarker),
    VersionIdMarker: idMarker,
    Versions: versions,
    DeleteMarkers: markers,
  };
  const last = truncated ? page[page.length - 1] : undefined;
  if (last) {
    output["NextKeyMarker"] = list.encode(last.version ? last.version.key : last.prefix);
    output["NextVersionIdMarker"] = last.version?.versionId;
  }
  return { output };
}

function* versionItems(call: Call, list: ListQuery, keyMarker: string, idMarker: string): Generator<VersionItem> {
  const { objects } = call.bucket;
  const inclusive =
    idMarker !== "" && (list.delimiter === "" || commonPrefix(keyMarker, list.prefix, list.delimiter) === undefined);
  for (const item of walk(objects.keys(), list.prefix, list.delimiter, keyMarker, () => true, inclusive)) {
    if (item.key === undefined) {
      yield { prefix: item.prefix };
      continue;
    }
    const versions = objects.get(item.key)!;
    const resumed =
      inclusive && item.key === keyMarker ? versions.findIndex((version) => version.versionId === idMarker) + 1 : 0;
    for (let i = resumed; i < versions.length; i++) yield { version: versions[i]!, latest: i === 0 };
  }
}

type UploadItem = { readonly upload: Upload } | { readonly prefix: string; readonly upload?: undefined };

export function listMultipartUploads(call: Call<ListMultipartUploadsRequest>): Answer {
  const { query } = call.target;
  const list = readQuery(call, "max-uploads");
  const keyMarker = query.get("key-marker") ?? "";
  const idMarker = keyMarker === "" ? "" : (query.get("upload-id-marker") ?? "");
  const { page, truncated } = takePage(uploadItems(call, list, keyMarker, idMarker), list.max);
  const prefixes: Item[] = [];
  const uploads: object[] = [];
  for (const item of page) {
    if (!item.upload) prefixes.push({ prefix: item.prefix });
    else uploads.push(describeUpload(call, item.upload, list.encode));
  }
  const output: Record<string, unknown> = {
    ...common(call, list, prefixes, truncated),
    Bucket: call.bucket.name,
    MaxUploads: list.asked,
    KeyMarker: list.encode(keyMarker),
    UploadIdMarker: idMarker,
    Uploads: uploads,
  };
  const last = truncated ? page[page.length - 1] : undefined;
  if (last) {
    output["NextKeyMarker"] = list.encode(last.upload ? last.upload.key : last.prefix);
    output["NextUploadIdMarker"] = last.upload?.id ?? "";
  }
  return { output };
}

function describeUpload(call: Call, upload: Upload, encode: (text: string) => string): object {
  const initiator = ownerOf(upload.initiator ?? call.bucket.owner);
  return {
    UploadId: upload.id,
    Key: encode(upload.key),
    Initiated: upload.initiated,
    StorageClass: upload.description.storageClass,
    Owner: upload.acl.owner,
    Initiator: initiator,
    ChecksumAlgorithm: upload.algorithm,
    ChecksumType: upload.checksumType,
  };
}

function* uploadItems(call: Call, list: ListQuery, keyMarker: string, idMarker: string): Generator<UploadItem> {
  const byKey = new Map<string, Upload[]>();
  for (const upload of call.bucket.uploads.values()) {
    const group = byKey.get(upload.key);
    if (group) group.push(upload);
    else byKey.set(upload.key, [upload]);
  }
  const keys = [...byKey.keys()].sort(compareKeys);
  const inclusive =
    idMarker !== "" && (list.delimiter === "" || commonPrefix(keyMarker, list.prefix, list.delimiter) === undefined);
  for (const item of walk(keys, list.prefix, list.delimiter, keyMarker, () => true, inclusive)) {
    if (item.key === undefined) {
      yield { prefix: item.prefix };
      continue;
    }
    // Uploads of one key stand in the order of their ids, which is the order they were begun in.
    const group = byKey.get(item.key)!.sort((a, b) => compareKeys(a.id, b.id));
    for (const upload of group) {
      if (inclusive && item.key === keyMarker && compareKeys(upload.id, idMarker) <= 0) continue;
      yield { upload };
    }
  }
}

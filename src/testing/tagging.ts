import type { PutObjectTaggingRequest, Tag } from "../model/generated/types.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { invalidArgument, S3Error } from "./errors.js";
import { findVersion, shownVersionId } from "./versions.js";

const letters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Refuses what S3 refuses of tags. */
export function checkTags(tags: readonly Tag[], most: number): void {
  if (tags.length > most) throw new S3Error("BadRequest", `There may be at most ${most} tags.`);
  const seen = new Set<string>();
  for (const { Key: key, Value: value } of tags) {
    if (key === "" || key.length > 128 || !letters.test(key) || /^aws:/i.test(key)) {
      throw new S3Error("InvalidTag", "A tag has a key that is not taken.", { TagKey: key });
    }
    if (value.length > 256 || !letters.test(value)) {
      throw new S3Error("InvalidTag", "A tag has a value that is not taken.", { TagKey: key, TagValue: value });
    }
    if (seen.has(key)) throw new S3Error("InvalidTag", "Two tags have the same key.", { TagKey: key });
    seen.add(key);
  }
}

/** The tags in `x-amz-tagging`, written as a query string. */
export function readTaggingHeader(header: string | undefined): Tag[] {
  if (header === undefined || header === "") return [];
  const tags: Tag[] = [];
  for (const part of header.split("&")) {
    const equals = part.indexOf("=");
    try {
      const [key = "", value = ""] = (equals < 0 ? [part] : [part.slice(0, equals), part.slice(equals + 1)]).map(
        (text) => decodeURIComponent(text.replaceAll("+", " ")),
      );
      if (tags.some((tag) => tag.Key === key)) throw new Error("twice");
      tags.push({ Key: key, Value: value });
    } catch {
      throw invalidArgument("x-amz-tagging", header, "The tags must be written as a query string, each key once.");
    }
  }
  checkTags(tags, 10);
  return tags;
}

const withVersion = (versionId: string | undefined, output: object = {}): Answer => ({
  output,
  ...(versionId === undefined ? {} : { headers: { "x-amz-version-id": versionId } }),
});

export function getObjectTagging(call: Call<PutObjectTaggingRequest>): Answer {
  const version = findVersion(call);
  return withVersion(shownVersionId(call.bucket, version), { TagSet: version.tags });
}

export function putObjectTagging(call: Call<PutObjectTaggingRequest>): Answer {
  const version = findVersion(call);
  const tags = call.input.Tagging.TagSet;
  checkTags(tags, 10);
  version.tags = tags;
  call.bucket.changed(version);
  return withVersion(shownVersionId(call.bucket, version));
}

export function deleteObjectTagging(call: Call<PutObjectTaggingRequest>): Answer {
  const version = findVersion(call);
  version.tags = [];
  call.bucket.changed(version);
  return { status: 204, ...withVersion(shownVersionId(call.bucket, version)) };
}

// Transfers of buckets and objects are the client's, with the names filled in.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { S3Client } from "../../src/client/client.js";
import { S3Resource } from "../../src/resource/index.js";

/** A client whose transfers say what they were called with. */
const client = Object.fromEntries(
  ["getObject", "upload", "uploadFile", "download", "downloadFile", "copy"].map((name) => [
    name,
    async (...given: unknown[]) => [name, ...given],
  ]),
) as unknown as S3Client;
const bucket = new S3Resource(client).bucket("b");
const object = bucket.object("k");
const name = { Bucket: "b", Key: "k" };
const options = { concurrency: 2 };
const target = new PassThrough();

describe("transfers", () => {
  it.each([
    [
      object.upload("text", { ContentType: "a/b" }, options),
      ["upload", { ...name, ContentType: "a/b", Body: "text" }, options],
    ],
    [
      object.uploadFile("/f", { ContentType: "a/b" }, options),
      ["uploadFile", "/f", { ...name, ContentType: "a/b" }, options],
    ],
    [object.uploadFile("/f"), ["uploadFile", "/f", name, undefined]],
    [object.download({ VersionId: "v" }, options), ["download", { ...name, VersionId: "v" }, options]],
    [
      object.downloadTo(target, { VersionId: "v" }, options),
      ["download", { ...name, VersionId: "v" }, target, options],
    ],
    [
      object.downloadFile("/f", { VersionId: "v" }, options),
      ["downloadFile", { ...name, VersionId: "v" }, "/f", options],
    ],
    [object.copy({ CopySource: "s/k" }, options), ["copy", { ...name, CopySource: "s/k" }, options]],
    [object.bucket().upload({ Key: "k", Body: "text" }, options), ["upload", { ...name, Body: "text" }, options]],
    [bucket.uploadFile("/f", { Key: "k" }, options), ["uploadFile", "/f", name, options]],
    [bucket.download({ Key: "k" }, options), ["download", name, options]],
    [bucket.downloadTo(target, { Key: "k" }, options), ["download", name, target, options]],
    [bucket.downloadFile({ Key: "k" }, "/f", options), ["downloadFile", name, "/f", options]],
    [
      bucket.copy({ Key: "k", CopySource: { Bucket: "s", Key: "k" } }, options),
      ["copy", { ...name, CopySource: { Bucket: "s", Key: "k" } }, options],
    ],
  ])("%#", async (call, expected) => {
    expect(await call).toEqual(expected);
  });
});

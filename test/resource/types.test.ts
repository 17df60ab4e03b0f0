// What the compiler knows: tsc checks it. Calls stand in functions that nobody calls, so that nothing is sent.
import { describe, expect, expectTypeOf, it } from "vitest";
import type { S3Client } from "../../src/client/client.js";
import type { Pages } from "../../src/client/pages.js";
import type {
  BucketEntry,
  DeleteObjectsOutput,
  GetObjectOutput,
  Grant,
  HeadObjectOutput,
  ListObjectsV2Output,
  ObjectEntry,
  ObjectVersionEntry,
  Part,
  PutObjectOutput,
  Tag,
} from "../../src/model/generated/types.js";
import {
  type Bucket,
  type BucketTagging,
  type MultipartUpload,
  type ObjectSummary,
  type ObjectVersion,
  S3Object,
  S3Resource,
} from "../../src/resource/index.js";
import { inTurn } from "../support/scripted-client.js";

const client: S3Client = inTurn({}).asClient;
const s3 = new S3Resource(client);
type PagesOf<M extends Parameters<S3Client["paginate"]>[0]> = ReturnType<typeof client.paginate<M>>;

describe("types", () => {
  it("of listings are those of their pages and items", () => {
    expectTypeOf<PagesOf<"listObjectsV2">>().toEqualTypeOf<Pages<"listObjectsV2">>();
    type Item<P> = P extends { items(): AsyncGenerator<infer T, void, undefined> } ? T : never;
    expectTypeOf<Item<Pages<"listObjectsV2">>>().toEqualTypeOf<ObjectEntry>();
    expectTypeOf<Item<Pages<"listObjectVersions">>>().toEqualTypeOf<ObjectVersionEntry>();
    expectTypeOf<Item<Pages<"listParts">>>().toEqualTypeOf<Part>();
    expectTypeOf<Item<Pages<"listBuckets">>>().toEqualTypeOf<BucketEntry>();
    type PageType<P> = P extends AsyncIterable<infer T> ? T : never;
    expectTypeOf<PageType<Pages<"listObjectsV2">>>().toEqualTypeOf<ListObjectsV2Output>();
    type Full = Awaited<ReturnType<Pages<"listObjectsV2">["fullResult"]>>;
    expectTypeOf<keyof Full>().toEqualTypeOf<"Contents" | "CommonPrefixes" | "RequestCharged" | "Prefix">();
    // @ts-expect-error: it lists nothing
    const wrong = (): unknown => client.paginate("getObject", { Bucket: "b", Key: "k" });
    expect(wrong).toBeTypeOf("function");
  });

  it("of waits say what they end with", () => {
    expectTypeOf<ReturnType<typeof client.waitUntil<"objectExists">>>().resolves.toEqualTypeOf<HeadObjectOutput>();
    expectTypeOf<ReturnType<typeof client.waitUntil<"objectNotExists">>>().resolves.toEqualTypeOf<undefined>();
  });

  it("of resources go down to the attribute", () => {
    const object = s3.bucket("b").object("k");
    const calls = (): void => {
      expectTypeOf(s3.objectAcl("b", "k").load())
        .resolves.toHaveProperty("grants")
        .toEqualTypeOf<Grant[] | undefined>();
      expectTypeOf(object.get()).resolves.toEqualTypeOf<GetObjectOutput>();
      expectTypeOf(object.load()).resolves.toEqualTypeOf<S3Object>();
      expectTypeOf(object.initiateMultipartUpload()).resolves.toEqualTypeOf<MultipartUpload>();
      expectTypeOf(object.put("text")).resolves.toEqualTypeOf<PutObjectOutput>();
      expectTypeOf(object.json<{ a: 1 }>()).resolves.toEqualTypeOf<{ a: 1 }>();
      expectTypeOf(s3.createBucket({ Bucket: "b" })).resolves.toEqualTypeOf<Bucket>();
    };
    expect(calls).toBeTypeOf("function");
    expectTypeOf(object).toEqualTypeOf<S3Object>();
    expectTypeOf(object.key).toEqualTypeOf<string>();
    expectTypeOf<S3Object["contentLength"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<S3Object["metadata"]>().toEqualTypeOf<Record<string, string>>();
    expectTypeOf<S3Object["lastModified"]>().toEqualTypeOf<Date | undefined>();
    expectTypeOf<BucketTagging["tagSet"]>().toExtend<Tag[] | undefined>();
    expect(object).toBeInstanceOf(S3Object);
  });

  it("of actions take what the resource does not fill in", () => {
    type Input<F extends (...given: never[]) => unknown> = NonNullable<Parameters<F>[0]>;
    expectTypeOf<Input<S3Object["get"]>>().toHaveProperty("Range");
    expectTypeOf<{ Range: string }>().toExtend<Input<S3Object["get"]>>();
    expectTypeOf<Record<never, never>>().not.toExtend<Input<S3Object["copyFrom"]>>();
    expectTypeOf<{ CopySource: string }>().toExtend<Input<S3Object["copyFrom"]>>();
    expectTypeOf<Parameters<S3Object["presign"]>[0]>().toExtend<string | object | undefined>();
    const object = s3.object("b", "k");
    const wrong = (): unknown => [
      // @ts-expect-error: no operation on one object
      object.presign("listBuckets"),
      // @ts-expect-error: a page is no number of bytes
      object.get({ Range: 5 }),
      // @ts-expect-error: JSON has to be asked for
      object.update((value?: { count: number }) => value),
      // @ts-expect-error: an identifier is missing
      s3.object("b"),
    ];
    expect(wrong).toBeTypeOf("function");
  });

  it("of collections are those of their resources", () => {
    const bucket = s3.bucket("b");
    const calls = (): void => {
      expectTypeOf(bucket.objects.first()).resolves.toEqualTypeOf<ObjectSummary | undefined>();
      expectTypeOf(bucket.objects.filter({ Prefix: "x" }).limit(1).toArray()).resolves.toEqualTypeOf<ObjectSummary[]>();
      expectTypeOf(bucket.objectVersions.delete()).resolves.toEqualTypeOf<DeleteObjectsOutput[]>();
      expectTypeOf(s3.buckets.toArray()).resolves.toEqualTypeOf<Bucket[]>();
      expectTypeOf(bucket.objectVersions.first()).resolves.toEqualTypeOf<ObjectVersion | undefined>();
    };
    expect(calls).toBeTypeOf("function");
    const wrong = (): unknown => [
      // @ts-expect-error: buckets have no batch
      s3.buckets.delete(),
      // @ts-expect-error: no such member
      bucket.objects.filter({ prefix: "x" }),
    ];
    expect(wrong).toBeTypeOf("function");
  });
});

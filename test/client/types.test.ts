import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import {
  type BodyInput,
  type CallerIdentity,
  type CallOptions,
  type CopyObjectRequest,
  type CopySource,
  type Credentials,
  type GetObjectOutput,
  type Hooks,
  type ListObjectsV2Output,
  NoSuchKey,
  type Operations,
  type Pages,
  type ResponseBody,
  type ResponseMetadata,
  type S3Client,
  type S3ClientOptions,
  S3ServiceError,
  type Session,
} from "tucuxi";
import { describe, expect, expectTypeOf, it } from "vitest";

// The compiler checks these; that they run at all shows that the names are there.
describe("the types of the client", () => {
  it("name what an input needs, and take undefined for the rest", () => {
    expectTypeOf<Parameters<S3Client["getObject"]>[0]>().toEqualTypeOf<Operations["getObject"]["input"]>();
    expectTypeOf<{ Bucket: string; Key: string }>().toExtend<Operations["getObject"]["input"]>();
    expectTypeOf<{ Bucket: string }>().not.toExtend<Operations["getObject"]["input"]>();
    expectTypeOf<{ Bucket: string; Key: string; Range: undefined }>().toExtend<Operations["getObject"]["input"]>();
    expectTypeOf<{ Bucket: string; Key: number }>().not.toExtend<Operations["getObject"]["input"]>();
    expectTypeOf<object>().toExtend<NonNullable<Parameters<S3Client["listBuckets"]>[0]>>();
    expectTypeOf<Parameters<S3Client["headObject"]>[1]>().toEqualTypeOf<CallOptions | undefined>();
  });

  it("name what every answer has", () => {
    expectTypeOf<GetObjectOutput["Body"]>().toEqualTypeOf<ResponseBody>();
    expectTypeOf<GetObjectOutput["ContentLength"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<GetObjectOutput["LastModified"]>().toEqualTypeOf<Date | undefined>();
    expectTypeOf<GetObjectOutput["Metadata"]>().toExtend<Record<string, string> | undefined>();
    expectTypeOf<ListObjectsV2Output["Contents"][number]["Key"]>().toEqualTypeOf<string>();
    expectTypeOf<ListObjectsV2Output["CommonPrefixes"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["listObjectVersions"]["output"]["Versions"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["listObjectVersions"]["output"]["DeleteMarkers"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["listMultipartUploads"]["output"]["Uploads"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["listParts"]["output"]["Parts"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["listBuckets"]["output"]["Buckets"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["deleteObjects"]["output"]["Deleted"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["deleteObjects"]["output"]["Errors"]>().toExtend<readonly object[]>();
    expectTypeOf<Operations["createMultipartUpload"]["output"]["UploadId"]>().toEqualTypeOf<string>();
  });

  it("give every answer its metadata", () => {
    expectTypeOf<Operations[keyof Operations]["output"]>().toExtend<{ ResponseMetadata: ResponseMetadata }>();
    expectTypeOf<ResponseMetadata>().toEqualTypeOf<{
      RequestId?: string;
      HostId?: string;
      HTTPStatusCode: number;
      HTTPHeaders: Record<string, string>;
      RetryAttempts: number;
    }>();
  });

  it("keep enumerations open to values of tomorrow", () => {
    expectTypeOf<string>().toExtend<NonNullable<Operations["putObject"]["input"]["StorageClass"]>>();
  });

  it("take every kind of body", () => {
    type Body = NonNullable<Operations["putObject"]["input"]["Body"]>;
    expectTypeOf<Body>().toEqualTypeOf<BodyInput>();
    expectTypeOf<string | Uint8Array | Buffer | ArrayBuffer | Blob>().toExtend<Body>();
    expectTypeOf<Readable | ReadableStream<Uint8Array>>().toExtend<Body>();
    expectTypeOf<Uint8Array[] | AsyncGenerator<Uint8Array> | Iterable<Uint8Array>>().toExtend<Body>();
    expectTypeOf<() => Readable>().toExtend<Body>();
    expectTypeOf<() => Promise<Blob>>().toExtend<Body>();
    expectTypeOf<ResponseBody>().toExtend<Body>();
    expectTypeOf<number>().not.toExtend<Body>();
  });

  it("take a source of a copy in two forms", () => {
    expectTypeOf<CopyObjectRequest["CopySource"]>().toEqualTypeOf<CopySource>();
    expectTypeOf<string>().toExtend<CopySource>();
    expectTypeOf<{ Bucket: string; Key: string }>().toExtend<CopySource>();
    expectTypeOf<{ Bucket: string; Key: string; VersionId: string }>().toExtend<CopySource>();
    expectTypeOf<{ Bucket: string }>().not.toExtend<CopySource>();
  });

  it("bind a presigned URL's input to its operation", () => {
    const presign = (s3: S3Client): void => {
      expectTypeOf(s3.presign("getObject", { Bucket: "b", Key: "k" })).toEqualTypeOf<Promise<string>>();
      expectTypeOf(s3.presignSync("listBuckets", {})).toEqualTypeOf<string>();
      // @ts-expect-error: no such operation
      void s3.presign("getObjekt", { Bucket: "b", Key: "k" });
      // @ts-expect-error: the key is missing
      void s3.presign("getObject", { Bucket: "b" });
      // @ts-expect-error: of another operation
      void s3.presign("getObject", { Bucket: "b", Key: "k", UploadId: "u" });
    };
    expect(presign).toBeTypeOf("function");
  });

  it("let an input be left out where nothing in it is needed", () => {
    const ask = <M extends keyof Operations>(s3: S3Client, method: M, input: Operations[M]["input"]): void => {
      expectTypeOf(s3.presign("listBuckets")).toEqualTypeOf<Promise<string>>();
      expectTypeOf(s3.presign("listBuckets", undefined, { expiresIn: 60 })).toEqualTypeOf<Promise<string>>();
      expectTypeOf(s3.presignSync("listDirectoryBuckets")).toEqualTypeOf<string>();
      expectTypeOf(s3.presignSync("listBuckets", { Prefix: "r" })).toEqualTypeOf<string>();
      expectTypeOf(s3.paginate("listBuckets")).toEqualTypeOf<Pages<"listBuckets">>();
      expectTypeOf(s3.paginate("listBuckets", undefined, { maxItems: 5 })).toEqualTypeOf<Pages<"listBuckets">>();
      expectTypeOf(s3.paginate("listObjectsV2", { Bucket: "b" })).toEqualTypeOf<Pages<"listObjectsV2">>();
      // Those who go through all operations by name find them as before.
      expectTypeOf(s3.presign(method, input, {})).toEqualTypeOf<Promise<string>>();
      // @ts-expect-error: the bucket is missing
      void s3.presign("getObject");
      // @ts-expect-error: the bucket is missing
      void s3.presignSync("headBucket", undefined);
      // @ts-expect-error: the bucket is missing
      void s3.paginate("listObjectsV2");
      // @ts-expect-error: no such member
      void s3.presign("listBuckets", { Bucket: "b" });
    };
    expect(ask).toBeTypeOf("function");
  });

  it("tell errors apart by their classes", () => {
    const judge = (error: unknown): number | undefined => {
      if (error instanceof NoSuchKey) {
        expectTypeOf(error).toExtend<S3ServiceError>();
        expectTypeOf(error.response.Error.Code).toEqualTypeOf<string>();
        return error.statusCode;
      }
      return undefined;
    };
    expect(judge(new NoSuchKey("x", { statusCode: 404 }))).toBe(404);
    expect(judge(new S3ServiceError("x"))).toBeUndefined();
  });

  it("take credentials in three forms", () => {
    type Given = NonNullable<S3ClientOptions["credentials"]>;
    expectTypeOf<"anonymous">().toExtend<Given>();
    expectTypeOf<{ accessKeyId: string; secretAccessKey: string }>().toExtend<Given>();
    expectTypeOf<() => Promise<Credentials>>().toExtend<Given>();
    expectTypeOf<{ accessKeyId: string }>().not.toExtend<Given>();
    expectTypeOf<ReturnType<Session["credentials"]>>().toEqualTypeOf<Promise<Credentials>>();
    expectTypeOf<ReturnType<Session["callerIdentity"]>>().toEqualTypeOf<Promise<CallerIdentity>>();
  });

  it("let hooks be plain functions", () => {
    const hooks: Hooks = {
      beforeSign: (request) => ({ "x-operation": request.operation }),
      onRetry: async ({ attempt, delay }) => void (attempt + delay),
    };
    expect(Object.keys(hooks)).toEqual(["beforeSign", "onRetry"]);
  });
});

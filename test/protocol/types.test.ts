import { describe, expect, expectTypeOf, it } from "vitest";
import { type InvalidObjectState, NoSuchKey, NotFound, type S3ServiceError } from "../../src/errors/service.js";
import type { BodyInput, CopySource, ResponseBody } from "../../src/model/dictionaries.js";
import type { Operations } from "../../src/model/generated/methods.js";
import { operationLines } from "../../src/model/generated/operations.js";
import type {
  CopyObjectRequest,
  GetObjectOutput,
  GetObjectRequest,
  ListObjectsV2Output,
  ListObjectsV2Request,
  ObjectEntry,
  PutObjectRequest,
  StorageClass,
} from "../../src/model/generated/types.js";

// `tsc` is what fails here; the runtime part keeps the table of types and that of operations together.
describe("the types of dictionaries", () => {
  it("have what is always there, and leave the rest open", () => {
    expectTypeOf<ListObjectsV2Output["Contents"]>().toEqualTypeOf<ObjectEntry[]>();
    expectTypeOf<ObjectEntry["Key"]>().toEqualTypeOf<string>();
    expectTypeOf<ObjectEntry["Size"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<GetObjectOutput["Body"]>().toEqualTypeOf<ResponseBody>();
    expectTypeOf<GetObjectOutput["Metadata"]>().toEqualTypeOf<Record<string, string>>();
    expectTypeOf<GetObjectOutput["LastModified"]>().toEqualTypeOf<Date | undefined>();
    expectTypeOf<GetObjectOutput["ExpiresString"]>().toEqualTypeOf<string | undefined>();
  });

  it("take what the rules take", () => {
    expectTypeOf<PutObjectRequest["Body"]>().toEqualTypeOf<BodyInput | undefined>();
    expectTypeOf<CopyObjectRequest["CopySource"]>().toEqualTypeOf<CopySource>();
    expectTypeOf<{ Bucket: string; Key: string; SSECustomerKey: Uint8Array }>().toExtend<GetObjectRequest>();
    expectTypeOf<{ Bucket: string; Prefix: undefined }>().toExtend<ListObjectsV2Request>();
    expectTypeOf<"SOMETHING_NEW">().toExtend<StorageClass>();
    expectTypeOf<{ Key: string }>().not.toExtend<GetObjectRequest>();
  });

  it("have an input and an output for every operation", () => {
    // That the lines and the types name the same operations, the type of the lines says.
    expectTypeOf<Operations["getObject"]>().toEqualTypeOf<{ input: GetObjectRequest; output: GetObjectOutput }>();
    expect(Object.keys(operationLines)).toHaveLength(116);
  });

  it("of errors tell classes apart", () => {
    const error: unknown = new NoSuchKey("gone");
    if (!(error instanceof NotFound)) throw new Error("not found");
    expectTypeOf(error).toExtend<S3ServiceError>();
    expectTypeOf(error.response.Error.Code).toEqualTypeOf<string>();
    expectTypeOf<InvalidObjectState["StorageClass"]>().toEqualTypeOf<string | undefined>();
    expect(error.statusCode).toBe(0);
  });
});

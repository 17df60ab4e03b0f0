import type { KeyObject } from "node:crypto";
import { expect, expectTypeOf, it } from "vitest";
import {
  type createChunkSigner,
  deriveSigningKey,
  type PolicyCondition,
  type PresignedPost,
  type PresignedUrl,
  presignPost,
  presignUrl,
  type SignedRequest,
  signRequest,
  type Verification,
  verifySignature,
} from "../../src/sigv4/index.js";
import { common } from "./support.js";

// Checked by the compiler; running them shows only that nothing is a promise.
it("has the types that the contract names", () => {
  expectTypeOf(signRequest).returns.toEqualTypeOf<SignedRequest>();
  expectTypeOf(presignUrl).returns.toEqualTypeOf<PresignedUrl>();
  expectTypeOf(presignPost).returns.toEqualTypeOf<PresignedPost>();
  expectTypeOf(verifySignature).returns.toEqualTypeOf<Verification>();
  expectTypeOf(deriveSigningKey).parameters.toEqualTypeOf<[string, string, string, string]>();
  expectTypeOf(deriveSigningKey).returns.toExtend<Uint8Array>();
  expectTypeOf<SignedRequest["headers"]>().toEqualTypeOf<Record<string, string | string[]>>();
  expectTypeOf<PresignedPost>().toEqualTypeOf<{ url: string; fields: Record<string, string> }>();
  expectTypeOf<Verification["reason"]>().toEqualTypeOf<string | undefined>();

  type Input = Parameters<typeof signRequest>[0];
  expectTypeOf<{ method: string; url: string; credentials: Input["credentials"]; region: string }>().toExtend<Input>();
  expectTypeOf<Input["headers"]>()
    .extract<object>()
    .toExtend<Readonly<Record<string, string | readonly string[] | undefined>>>();
  expectTypeOf<Input["body"]>().toEqualTypeOf<string | ArrayBuffer | ArrayBufferView | undefined>();
  expectTypeOf<Input["algorithm"]>().toEqualTypeOf<"AWS4-HMAC-SHA256" | "AWS4-ECDSA-P256-SHA256" | undefined>();
  expectTypeOf<["starts-with", "$key", "x"]>().toExtend<PolicyCondition>();
  expectTypeOf<["content-length-range", 1, 2]>().toExtend<PolicyCondition>();
  expectTypeOf<["content-length-range", "1", "2"]>().not.toExtend<PolicyCondition>();
  expectTypeOf<KeyObject>().toExtend<NonNullable<Parameters<typeof verifySignature>[0]["publicKey"]>>();
  expectTypeOf<Parameters<typeof createChunkSigner>[0]["date"]>().toEqualTypeOf<Date>();

  const signed: unknown = signRequest({ ...common, method: "GET", url: "https://h/" });
  expect(signed).not.toBeInstanceOf(Promise);
});

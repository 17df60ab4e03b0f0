import { describe, expect, it } from "vitest";
import { presignUrl, verifySignature } from "../../src/sigv4/index.js";
import { common, credentials } from "./support.js";

const request = { ...common, method: "GET", url: "https://bucket.s3.amazonaws.com/key" };
const parametersOf = (url: string) => Object.fromEntries(new URL(url).searchParams);

describe("a presigned URL", () => {
  it("has the parameters of the signature behind its own, which stay as they came", () => {
    const url = "https://h/a b/../é?z=1&a=x+y&flag&response-content-type=text%2Fplain";
    const signed = presignUrl({ ...request, url, expiresIn: 60 });
    expect(signed.url.startsWith(`${url}&X-Amz-Algorithm=AWS4-HMAC-SHA256&`)).toBe(true);
    expect(signed.url.split("&").slice(4)).toEqual([
      "X-Amz-Algorithm=AWS4-HMAC-SHA256",
      `X-Amz-Credential=${credentials.accessKeyId}%2F20260131%2Fus-east-1%2Fs3%2Faws4_request`,
      "X-Amz-Date=20260131T120000Z",
      "X-Amz-Expires=60",
      "X-Amz-SignedHeaders=host",
      `X-Amz-Signature=${signed.signature}`,
    ]);
    expect(verifySignature({ ...request, url: signed.url, headers: {} }).valid).toBe(true);
  });

  it("gets a path when it has none, and keeps its port", () => {
    expect(presignUrl({ ...request, url: "http://localhost:9000" }).url).toMatch(/^http:\/\/localhost:9000\/\?X-Amz-/);
    expect(presignUrl({ ...request, url: "http://localhost:9000?acl" }).url).toMatch(
      /^http:\/\/localhost:9000\/\?acl&X-/,
    );
  });

  it("signs parameters that sort before, between and behind its own", () => {
    for (const query of ["A=1", "X-Amz-F=1", "X-Amz-S3session-Token=a%2Fb", "Y=1", "x=1", "~=1", "X-Amz-Z=1&A=2&z=3"]) {
      const { url, canonicalRequest } = presignUrl({ ...request, url: `https://h/?${query}` });
      const signed = canonicalRequest.split("\n")[2]!.split("&");
      expect(signed).toEqual([...signed].sort((a, b) => (a.split("=")[0]! < b.split("=")[0]! ? -1 : 1)));
      expect(signed).toHaveLength(query.split("&").length + 5);
      expect(verifySignature({ ...request, url, headers: {} }).valid).toBe(true);
    }
  });

  it("names the headers that have to be sent with it", () => {
    const headers = { "Content-Type": "image/png", "x-amz-acl": "private", "User-Agent": "x" };
    const { url, signedHeaders } = presignUrl({ ...request, method: "PUT", headers });
    expect(signedHeaders).toBe("content-type;host;x-amz-acl");
    expect(parametersOf(url)["X-Amz-SignedHeaders"]).toBe(signedHeaders);
    expect(url).toContain("X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-acl&");
    const sent = { "content-type": "image/png", "x-amz-acl": "private" };
    expect(verifySignature({ ...request, method: "PUT", url, headers: sent }).valid).toBe(true);
    expect(verifySignature({ ...request, method: "PUT", url, headers: {} }).valid).toBe(false);
  });

  it("carries the session token, and none of the headers that belong to a signature", () => {
    const who = { ...credentials, sessionToken: "a+b/c=" };
    const headers = { "x-amz-date": "old", authorization: "old", "x-amz-security-token": "old" };
    const { url, signedHeaders } = presignUrl({ ...request, credentials: who, headers });
    expect(signedHeaders).toBe("host");
    expect(parametersOf(url)["X-Amz-Security-Token"]).toBe("a+b/c=");
    expect(verifySignature({ ...request, credentials: who, url, headers: {} }).valid).toBe(true);
  });

  it("encodes an access key id with odd characters", () => {
    const who = { accessKeyId: "tenant$user:1+/x", secretAccessKey: "s" };
    const { url } = presignUrl({ ...request, credentials: who });
    expect(parametersOf(url)["X-Amz-Credential"]).toBe("tenant$user:1+/x/20260131/us-east-1/s3/aws4_request");
    expect(verifySignature({ ...request, credentials: who, url, headers: {} }).valid).toBe(true);
  });

  it("leaves S3's payload unsigned unless told otherwise, and hashes that of other services", () => {
    const last = (input: object) =>
      presignUrl({ ...request, ...input })
        .canonicalRequest.split("\n")
        .at(-1);
    const ofX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    expect(last({})).toBe("UNSIGNED-PAYLOAD");
    expect(last({ body: "x" })).toBe("UNSIGNED-PAYLOAD");
    expect(last({ service: "s3express" })).toBe("UNSIGNED-PAYLOAD");
    expect(last({ payloadHash: ofX })).toBe(ofX);
    expect(last({ headers: { "x-amz-content-sha256": ofX } })).toBe(ofX);
    expect(last({ service: "sts" })).toMatch(/^e3b0c442/);
    expect(last({ service: "sts", body: "x" })).toBe(ofX);
    const headers = { "x-amz-content-sha256": ofX };
    const { url } = presignUrl({ ...request, headers });
    expect(verifySignature({ ...request, url, headers, body: "x" }).valid).toBe(true);
    expect(verifySignature({ ...request, url, headers, body: "y" }).code).toBe("XAmzContentSHA256Mismatch");
  });

  it("is good for an hour, or for what is asked within seven days", () => {
    expect(parametersOf(presignUrl(request).url)["X-Amz-Expires"]).toBe("3600");
    expect(parametersOf(presignUrl({ ...request, expiresIn: 604_800 }).url)["X-Amz-Expires"]).toBe("604800");
    for (const expiresIn of [0, -1, 1.5, 604_801, Number.NaN, "60" as unknown as number]) {
      expect(() => presignUrl({ ...request, expiresIn })).toThrow(
        /^expiresIn: must be a whole number of seconds from 1 to 604800 \(seven days\), got /,
      );
    }
  });

  it("cannot be presigned again", () => {
    expect(() => presignUrl({ ...request, url: presignUrl(request).url })).toThrow(
      /^url: is presigned already, it has X-Amz-Algorithm/,
    );
  });

  it("names its regions with ECDSA", () => {
    const { url } = presignUrl({
      ...request,
      algorithm: "AWS4-ECDSA-P256-SHA256",
      regionSet: ["us-east-1", "us-west-2"],
    });
    expect(parametersOf(url)).toMatchObject({
      "X-Amz-Algorithm": "AWS4-ECDSA-P256-SHA256",
      "X-Amz-Credential": `${credentials.accessKeyId}/20260131/s3/aws4_request`,
      "X-Amz-Region-Set": "us-east-1,us-west-2",
    });
    expect(url).toContain("X-Amz-Region-Set=us-east-1%2Cus-west-2&X-Amz-SignedHeaders");
  });
});

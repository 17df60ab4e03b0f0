import { createHash } from "node:crypto";
import { S3Server } from "tucuxi/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, element, fault, presign, put, send, sign } from "./raw.js";

const expired = { accessKeyId: "ASIAEXPIRED", secretAccessKey: "s3", sessionToken: "old", expiration: new Date(1e12) };
const temporary = { accessKeyId: "ASIATEMPORARY", secretAccessKey: "s2", sessionToken: "to/ken+==" };
const server = await S3Server.start({
  buckets: ["bucket"],
  credentials: [{ accessKeyId: "AKIAMAIN", secretAccessKey: "se/cr+et" }, temporary, expired],
});
beforeAll(async () => {
  await put(server, "/bucket/key", "hello");
});
afterAll(() => server.stop());

describe("a signed request", () => {
  it("passes, whatever the query and headers", async () => {
    const path = "/bucket?prefix=a%20b%2Fc%2B&delimiter=%2F&max-keys=3&empty=&list-type=2&zz=%C3%A9%E6%97%A5~.-_%2A";
    const answer = await call(server, { path, headers: { "x-amz-b": "  a   b ", "X-Amz-A": "a" } });
    expect(answer.status).toBe(200);
    expect(element(answer.text, "Prefix")).toBe("a b/c+");
  });

  it("is refused with the wrong secret, and shown what the server signed", async () => {
    const credentials = { ...server.credentials, secretAccessKey: "wrong" };
    const answer = await call(server, { path: "/bucket/key", credentials });
    expect(fault(answer)).toBe("403 SignatureDoesNotMatch");
    expect(element(answer.text, "AWSAccessKeyId")).toBe("AKIAMAIN");
    const canonical = element(answer.text, "CanonicalRequest")!;
    expect(canonical.split("\n").slice(0, 3)).toEqual(["GET", "/bucket/key", ""]);
    const stringToSign = element(answer.text, "StringToSign")!.split("\n");
    expect(stringToSign[0]).toBe("AWS4-HMAC-SHA256");
    expect(stringToSign[3]).toBe(createHash("sha256").update(canonical).digest("hex"));
    expect(element(answer.text, "SignatureProvided")).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(element(answer.text, "CanonicalRequestBytes")!.replaceAll(" ", ""), "hex").toString()).toBe(
      canonical,
    );
    expect(Buffer.from(element(answer.text, "StringToSignBytes")!.replaceAll(" ", ""), "hex").toString()).toBe(
      stringToSign.join("\n"),
    );
  });

  it.each<[string, (signed: { path: string; headers: Record<string, string | number> }) => void]>([
    ["another path", (signed) => (signed.path = "/bucket/key2")],
    ["another query", (signed) => (signed.path += "?versionId=null")],
    ["another header", (signed) => (signed.headers["x-amz-meta-a"] = "2")],
    ["another host", (signed) => (signed.headers["Host"] = "localhost")],
    [
      "another date",
      (signed) =>
        (signed.headers["X-Amz-Date"] = String(signed.headers["X-Amz-Date"]).replace(/\d\dZ$/, (s) =>
          s === "00Z" ? "01Z" : "00Z",
        )),
    ],
    ["another payload hash", (signed) => (signed.headers["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD")],
  ])("is refused with %s than was signed", async (_name, tamper) => {
    expect(fault(await call(server, { path: "/bucket/key", headers: { "x-amz-meta-a": "1" }, tamper }))).toBe(
      "403 SignatureDoesNotMatch",
    );
  });

  it("is checked against the path that S3 makes of it: decoded once and encoded anew", async () => {
    await put(server, "/bucket/a%40b", "x");
    const raw = await call(server, {
      path: "/bucket/a%40b",
      tamper: (signed) => Object.assign(signed, { path: "/bucket/a@b" }),
    });
    expect(raw.status).toBe(200);
    const twice = await call(server, {
      path: "/bucket/a%40b",
      tamper: (signed) => Object.assign(signed, { path: "/bucket/a%2540b" }),
    });
    expect(fault(twice)).toBe("403 SignatureDoesNotMatch");
  });

  it("is refused without its date, hash, or good credentials", async () => {
    const without = (name: string) =>
      call(server, { path: "/bucket/key", tamper: ({ headers }) => delete headers[name] });
    expect(fault(await without("X-Amz-Date"))).toBe("403 AccessDenied");
    expect(fault(await without("X-Amz-Content-Sha256"))).toBe("400 InvalidRequest");
    expect(fault(await without("Authorization"))).toBe("403 AccessDenied");
    const nobody = await call(server, { path: "/", credentials: { accessKeyId: "AKIANOBODY", secretAccessKey: "x" } });
    expect(fault(nobody)).toBe("403 InvalidAccessKeyId");
    expect(element(nobody.text, "AWSAccessKeyId")).toBe("AKIANOBODY");
  });

  it("is refused when its Authorization can't be read", async () => {
    const authorization = (text: string) =>
      call(server, { path: "/", tamper: ({ headers }) => (headers["Authorization"] = text) });
    const good = String(sign(server, { path: "/" }).headers["Authorization"]);
    expect(fault(await authorization("AWS AKIAMAIN:abc="))).toBe("400 InvalidRequest");
    expect(fault(await authorization("Basic abc"))).toBe("400 InvalidArgument");
    expect(fault(await authorization(good.replace(/, Signature=.*/, "")))).toBe("400 AuthorizationHeaderMalformed");
    expect(fault(await authorization(good.replace("aws4_request", "aws5_request")))).toBe(
      "400 AuthorizationHeaderMalformed",
    );
    expect(fault(await authorization(good.replace(/\/\d{8}\//, "/20200101/")))).toBe(
      "400 AuthorizationHeaderMalformed",
    );
    expect(fault(await authorization(good.replace("/s3/", "/ec2/")))).toBe("400 AuthorizationHeaderMalformed");
    expect(fault(await authorization(good.replace("SignedHeaders=host;", "SignedHeaders=")))).toBe("403 AccessDenied");
  });

  it("is told the right region", async () => {
    const answer = await call(server, { path: "/bucket/key", region: "eu-west-1" });
    expect(fault(answer)).toBe("400 AuthorizationHeaderMalformed");
    expect(element(answer.text, "Region")).toBe("us-east-1");
  });

  it("is refused when a clock is more than fifteen minutes off", async () => {
    const at = (ms: number) =>
      call(server, { path: "/bucket/key", headers: { Date: new Date(Date.now() + ms).toUTCString() } });
    expect((await at(14 * 60_000)).status).toBe(200);
    expect((await at(-14 * 60_000)).status).toBe(200);
    for (const answer of [await at(16 * 60_000), await at(-16 * 60_000)]) {
      expect(fault(answer)).toBe("403 RequestTimeTooSkewed");
      expect(element(answer.text, "MaxAllowedSkewMilliseconds")).toBe("900000");
      expect(Date.parse(element(answer.text, "ServerTime")!)).not.toBeNaN();
    }
  });

  it("must sign every x-amz- header", async () => {
    const answer = await call(server, {
      path: "/bucket/key",
      tamper: ({ headers }) => (headers["x-amz-meta-extra"] = "1"),
    });
    expect(fault(answer)).toBe("403 AccessDenied");
    expect(element(answer.text, "HeadersNotSigned")).toBe("x-amz-meta-extra");
  });

  it("of temporary credentials needs their token, and the right one", async () => {
    const { sessionToken: _, ...bare } = temporary;
    expect((await call(server, { path: "/", credentials: temporary })).status).toBe(200);
    expect(fault(await call(server, { path: "/", credentials: bare }))).toBe("403 InvalidAccessKeyId");
    expect(fault(await call(server, { path: "/", credentials: { ...temporary, sessionToken: "other" } }))).toBe(
      "400 InvalidToken",
    );
    expect(fault(await call(server, { path: "/", credentials: { ...server.credentials, sessionToken: "any" } }))).toBe(
      "400 InvalidToken",
    );
    expect(fault(await call(server, { path: "/", credentials: expired }))).toBe("400 ExpiredToken");
  });

  it("is held to the hash of its body", async () => {
    const ask = { method: "PUT", path: "/bucket/b", body: "right" };
    const wrong = { "X-Amz-Content-Sha256": createHash("sha256").update("wrong").digest("hex") };
    const answer = await call(server, { ...ask, headers: wrong });
    expect(fault(answer)).toBe("400 XAmzContentSHA256Mismatch");
    expect(element(answer.text, "ClientComputedContentSHA256")).toBe(wrong["X-Amz-Content-Sha256"]);
    expect(fault(await call(server, { path: "/bucket/b" }))).toBe("404 NoSuchKey");
    expect((await call(server, { ...ask, headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" } })).status).toBe(200);
    expect(fault(await call(server, { ...ask, headers: { "X-Amz-Content-Sha256": "nonsense" } }))).toBe(
      "400 InvalidArgument",
    );
  });

  it("may be signed in UTF-8 and sent as UTF-8, and not as Latin-1", async () => {
    const signed = sign(server, { method: "PUT", path: "/bucket/meta", headers: { "x-amz-meta-a": "é日" } });
    const utf8 = { ...signed.headers, "x-amz-meta-a": Buffer.from("é日").toString("latin1") } as Record<string, string>;
    expect((await send(server, { method: "PUT", path: "/bucket/meta", headers: utf8, body: "" })).status).toBe(200);
    const answer = await call(server, { path: "/bucket/meta" });
    expect(answer.headers["x-amz-meta-a"]).toBe(`=?UTF-8?B?${Buffer.from("é日").toString("base64")}?=`);
    const latin = { method: "PUT", path: "/bucket/meta", headers: { "x-amz-meta-a": "é" }, body: "" };
    expect(fault(await call(server, latin))).toBe("403 SignatureDoesNotMatch");
  });
});

describe("a presigned URL", () => {
  it("opens what it was made for", async () => {
    const answer = await send(server, { path: presign(server, { path: "/bucket/key?response-content-type=a%2Fb" }) });
    expect([answer.status, answer.text, answer.headers["content-type"]]).toEqual([200, "hello", "a/b"]);
    const putPath = presign(server, { method: "PUT", path: "/bucket/put", headers: { "x-amz-meta-a": "1" } });
    expect(
      (await send(server, { method: "PUT", path: putPath, body: "1", headers: { "x-amz-meta-a": "1" } })).status,
    ).toBe(200);
    expect(
      (await send(server, { path: presign(server, { path: "/bucket/key", credentials: temporary }) })).status,
    ).toBe(403);
  });

  it("opens nothing else", async () => {
    const path = presign(server, { path: "/bucket/key" });
    expect(fault(await send(server, { path: path.replace("/key", "/other") }))).toBe("403 SignatureDoesNotMatch");
    expect(fault(await send(server, { path: `${path}&versionId=null` }))).toBe("403 SignatureDoesNotMatch");
    expect(fault(await send(server, { path, method: "DELETE" }))).toBe("403 SignatureDoesNotMatch");
    expect(fault(await send(server, { path: path.replace("X-Amz-Expires=60", "X-Amz-Expires=61") }))).toBe(
      "403 SignatureDoesNotMatch",
    );
    const unsigned = await send(server, { path, headers: { "x-amz-request-payer": "requester" } });
    expect(fault(unsigned)).toBe("403 AccessDenied");
    expect(element(unsigned.text, "HeadersNotSigned")).toBe("x-amz-request-payer");
  });

  it("ends", async () => {
    const past = (seconds: number) => new Date(Date.now() - seconds * 1000).toUTCString();
    const old = presign(server, { path: "/bucket/key", headers: { Date: past(90) }, expires: 60 });
    const answer = await send(server, { path: old, headers: { Date: past(90) } });
    // aws4 signs the Date that it was given, so it has to come along.
    expect(fault(answer)).toBe("403 AccessDenied");
    expect(element(answer.text, "Message")).toBe("Request has expired");
    expect(element(answer.text, "X-Amz-Expires")).toBe("60");
    const early = presign(server, { path: "/bucket/key", headers: { Date: past(-1800) } });
    expect(element((await send(server, { path: early })).text, "Message")).toBe("Request is not valid yet.");
  });

  it.each([
    ["lasts more than a week", /X-Amz-Expires=60/, "X-Amz-Expires=604801"],
    ["lasts less than nothing", /X-Amz-Expires=60/, "X-Amz-Expires=-1"],
    ["lasts no number", /X-Amz-Expires=60/, "X-Amz-Expires=soon"],
    ["has no date", /&X-Amz-Date=[^&]*/, ""],
    ["has a bad date", /X-Amz-Date=[^&]*/, "X-Amz-Date=today"],
    ["has no signed headers", /&X-Amz-SignedHeaders=[^&]*/, ""],
    ["has another algorithm", /AWS4-HMAC-SHA256/, "AWS4-HMAC-MD5"],
    ["has no good credential", /X-Amz-Credential=[^&]*/, "X-Amz-Credential=a"],
    ["names another region", /%2Fus-east-1%2F/, "%2Feu-west-1%2F"],
  ])("is refused when it %s", async (_name, from, to) => {
    const path = presign(server, { path: "/bucket/key" });
    const bad = path.replace(from, to);
    expect(bad).not.toBe(path);
    expect(fault(await send(server, { path: bad }))).toBe("400 AuthorizationQueryParametersError");
  });

  it("does not go with a signature in the headers", async () => {
    const path = presign(server, { path: "/bucket/key" });
    const { headers } = sign(server, { path: "/bucket/key" });
    expect(fault(await send(server, { path, headers: headers as Record<string, string> }))).toBe("400 InvalidArgument");
  });

  it("of the old kind is refused", async () => {
    const path = "/bucket/key?AWSAccessKeyId=AKIAMAIN&Expires=1&Signature=abc";
    expect(fault(await send(server, { path }))).toBe("400 InvalidRequest");
  });
});

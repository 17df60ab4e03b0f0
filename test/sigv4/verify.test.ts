import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { presignUrl, signRequest, type VerifySignatureInput, verifySignature } from "../../src/sigv4/index.js";
import { common, credentials, date } from "./support.js";

const temporary = { ...credentials, sessionToken: "token/with+signs==" };
const request = {
  ...common,
  method: "PUT",
  url: "https://bucket.s3.us-east-1.amazonaws.com/some/key%20x.txt?partNumber=1&uploadId=a%2Fb",
  headers: { "Content-Type": "text/plain", "x-amz-meta-colour": "blue", "X-Amz-Meta-Two": ["1", "2"] },
  body: "hello",
} as const;
const signed = signRequest(request);
const received = { ...request, headers: signed.headers };
const link = presignUrl({ ...request, expiresIn: 600 });
const linked = { ...request, url: link.url };
const at = (seconds: number) => new Date(date.getTime() + seconds * 1000);

function refusal(input: VerifySignatureInput): string {
  const result = verifySignature(input);
  expect(result.valid).toBe(false);
  return `${result.code}: ${result.reason}`;
}
const withHeaders = (headers: Record<string, string | string[] | undefined>) => ({
  ...received,
  headers: { ...received.headers, ...headers },
});
const authorization = String(signed.headers["authorization"]);
const edited = (from: string | RegExp, to: string) => withHeaders({ authorization: authorization.replace(from, to) });
const editedUrl = (from: string | RegExp, to: string) => ({ ...linked, url: link.url.replace(from, to) });

describe("a good request", () => {
  it("is told with all that was verified", () => {
    expect(verifySignature(received)).toEqual({
      valid: true,
      kind: "header",
      algorithm: "AWS4-HMAC-SHA256",
      accessKeyId: credentials.accessKeyId,
      signature: signed.signature,
      signedHeaders: signed.signedHeaders,
      signedAt: date,
      payloadHash: createHash("sha256").update("hello").digest("hex"),
      canonicalRequest: signed.canonicalRequest,
      stringToSign: signed.stringToSign,
    });
    expect(verifySignature(linked)).toMatchObject({ valid: true, kind: "query", payloadHash: "UNSIGNED-PAYLOAD" });
  });

  it("may come as a server sees it: path alone, host among the headers", () => {
    const headers = { ...signed.headers };
    expect(headers["host"]).toBe("bucket.s3.us-east-1.amazonaws.com");
    expect(verifySignature({ ...received, url: "/some/key%20x.txt?partNumber=1&uploadId=a%2Fb", headers }).valid).toBe(
      true,
    );
    expect(verifySignature({ ...received, url: "/some/key%20x.txt?uploadId=a%2fb&partNumber=1", headers }).valid).toBe(
      true,
    );
  });

  it("may have headers that are not signed, another case of names, and no body to look at", () => {
    expect(verifySignature(withHeaders({ "user-agent": "x", accept: "*/*" })).valid).toBe(true);
    const upper = Object.fromEntries(
      Object.entries(signed.headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(verifySignature({ ...received, headers: upper, body: undefined }).valid).toBe(true);
  });

  it("may carry a session token, signed or added after signing", () => {
    for (const omitSessionToken of [false, true]) {
      const input = { ...request, credentials: temporary, omitSessionToken };
      const { headers } = signRequest(input);
      expect(headers["x-amz-security-token"]).toBe(temporary.sessionToken);
      expect(verifySignature({ ...input, headers }).valid).toBe(true);
      const { url } = presignUrl(input);
      expect(url).toContain("X-Amz-Security-Token=token%2Fwith%2Bsigns%3D%3D");
      expect(verifySignature({ ...input, url }).valid).toBe(true);
    }
  });

  it.each(["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])(
    "may declare %s",
    (payloadHash) => {
      const { headers } = signRequest({ ...request, payloadHash });
      expect(verifySignature({ ...received, headers, body: "anything" })).toMatchObject({ valid: true, payloadHash });
    },
  );

  it("may be dated in the Date header", () => {
    // Signed with x-amz-date out of sight, as older clients do.
    const own = signRequest({ ...request, headers: {}, unsignableHeaders: ["x-amz-date"] });
    const { "x-amz-date": _, ...headers } = own.headers;
    expect(verifySignature({ ...received, headers: { ...headers, Date: date.toUTCString() } }).valid).toBe(true);
  });

  it("is good until the end of its last second, with clocks a quarter of an hour apart", () => {
    for (const seconds of [0, 600, -900]) expect(verifySignature({ ...linked, date: at(seconds) }).valid).toBe(true);
    for (const seconds of [900, -900]) expect(verifySignature({ ...received, date: at(seconds) }).valid).toBe(true);
  });

  it("of another service may leave out its body's hash", () => {
    const other = { ...request, service: "sts", signBodyHeader: false, doubleEncodePath: true, normalizePath: true };
    const { headers } = signRequest(other);
    expect(headers["x-amz-content-sha256"]).toBeUndefined();
    expect(verifySignature({ ...other, headers }).valid).toBe(true);
    expect(refusal({ ...other, headers, body: "other" })).toMatch(/^SignatureDoesNotMatch: signature differs/);
  });
});

describe("time", () => {
  it("says by how long a URL has expired", () => {
    expect(refusal({ ...linked, date: at(912) })).toBe("AccessDenied: expired 312 s ago");
    expect(refusal({ ...linked, date: at(601) })).toBe("AccessDenied: expired 1 s ago");
    expect(refusal({ ...linked, date: at(-901) })).toBe("AccessDenied: not valid yet: signed for 901 s from now");
  });

  it("says how far the clocks are apart", () => {
    expect(refusal({ ...received, date: at(960) })).toMatch(
      /^RequestTimeTooSkewed: .* 960 s behind .* 900 s are allowed/,
    );
    expect(refusal({ ...received, date: at(-960) })).toMatch(/^RequestTimeTooSkewed: .* 960 s ahead of/);
  });

  it("cannot be extended", () => {
    expect(refusal(editedUrl("X-Amz-Expires=600", "X-Amz-Expires=6000"))).toMatch(/^SignatureDoesNotMatch/);
    expect(refusal(editedUrl("X-Amz-Expires=600", "X-Amz-Expires=604801"))).toMatch(/X-Amz-Expires is "604801"/);
    for (const wrong of ["0", "-1", "1.5", "1e3", ""]) {
      expect(refusal(editedUrl("X-Amz-Expires=600", `X-Amz-Expires=${wrong}`))).toMatch(
        /^AuthorizationQueryParametersError: X-Amz-Expires is/,
      );
    }
  });
});

describe("who", () => {
  it("says that the key id is unknown, the token missing or another one", () => {
    const other = { ...credentials, accessKeyId: "AKIAOTHER" };
    expect(refusal({ ...received, credentials: other })).toBe(
      'InvalidAccessKeyId: access key id "AKIAIOSFODNN7EXAMPLE" is unknown',
    );
    expect(refusal({ ...received, credentials: temporary })).toBe("InvalidToken: the session token is missing");
    const { headers } = signRequest({ ...request, credentials: { ...temporary, sessionToken: "another" } });
    expect(refusal({ ...received, headers, credentials: temporary })).toMatch(
      /^InvalidToken: the session token is not/,
    );
  });

  it("says no to another secret, with what was verified for the answer", () => {
    const result = verifySignature({ ...received, credentials: { ...credentials, secretAccessKey: "other" } });
    expect(result).toMatchObject({ valid: false, code: "SignatureDoesNotMatch", stringToSign: signed.stringToSign });
    expect(result.canonicalRequest).toBe(signed.canonicalRequest);
    expect(result.reason).toMatch(/the secret is another one, or something signed was changed/);
  });
});

describe("changed on the way", () => {
  it.each<[string, VerifySignatureInput]>([
    ["the method", { ...received, method: "POST" }],
    ["the path", { ...received, url: received.url.replace("some", "same") }],
    ["the query", { ...received, url: received.url.replace("partNumber=1", "partNumber=2") }],
    ["a parameter more", { ...received, url: `${received.url}&acl` }],
    ["a header's value", withHeaders({ "x-amz-meta-colour": "red" })],
    ["one of a list", withHeaders({ "X-Amz-Meta-Two": ["2", "1"] })],
    ["the host", withHeaders({ host: "other.s3.us-east-1.amazonaws.com" })],
    ["the declared hash", withHeaders({ "x-amz-content-sha256": "UNSIGNED-PAYLOAD" })],
    ["the date", withHeaders({ "x-amz-date": "20260131T120001Z" })],
    ["the signature", edited(/Signature=./, "Signature=g")],
    ["the signature cut", edited(/.$/, "")],
    ["the signature in upper case", edited(signed.signature, signed.signature.toUpperCase())],
    ["the list of signed headers", edited("content-type;host", "host")],
    ["the URL's path", editedUrl("/some/", "/same/")],
    ["the URL's query", editedUrl("partNumber=1", "partNumber=2")],
    ["the URL's signature", editedUrl(/.$/, "g")],
    ["a header of the URL", { ...linked, headers: { ...request.headers, "x-amz-meta-colour": "red" } }],
  ])("%s is noticed", (_, input) => {
    expect(refusal(input)).toMatch(/^SignatureDoesNotMatch: signature differs: /);
  });

  it.each<[string, VerifySignatureInput, string]>([
    ["the method", { ...received, method: "GET" }, 'line 1 (method): "PUT" was signed, "GET" arrived'],
    ["a parameter more", { ...received, url: `${received.url}&acl` }, "line 3 (query): "],
    ["a proxy's port", withHeaders({ host: "bucket.s3.us-east-1.amazonaws.com:8080" }), "header host"],
    [
      "an unsigned payload",
      { ...signRequestAs("UNSIGNED-PAYLOAD"), body: undefined },
      '(header x-amz-content-sha256): "x-amz-content-sha256:UNSIGNED-PAYLOAD" was signed',
    ],
    [
      "a path encoded twice",
      { ...received, headers: signRequest({ ...request, doubleEncodePath: true }).headers },
      'line 2 (path): "/some/key%2520x.txt" was signed, "/some/key%20x.txt" arrived',
    ],
  ])("and %s named with its line", (_, input, words) => {
    expect(refusal(input)).toContain(words);
  });

  /** Signed with one hash, sent with another. */
  function signRequestAs(payloadHash: string): VerifySignatureInput {
    const { headers } = signRequest({ ...request, payloadHash });
    return { ...received, headers: { ...headers, "x-amz-content-sha256": signed.headers["x-amz-content-sha256"] } };
  }

  it("is named by line when the sender's canonical request is known", () => {
    const input = { ...withHeaders({ "x-amz-meta-colour": "red" }), canonicalRequest: signed.canonicalRequest };
    expect(refusal(input)).toContain(
      'line 8 (header x-amz-meta-colour): "x-amz-meta-colour:blue" was signed, "x-amz-meta-colour:red" arrived',
    );
    const equal = { ...received, credentials: { ...credentials, secretAccessKey: "other" } };
    expect(refusal({ ...equal, canonicalRequest: signed.canonicalRequest })).toContain("the secret is another one");
  });

  it("is named without its value where that is a secret", () => {
    const name = "x-amz-server-side-encryption-customer-key";
    const own = signRequest({ ...request, credentials: temporary, headers: { [name]: "s3cr3t" } });
    const headers = { ...own.headers, [name]: "another" };
    const reason = refusal({ ...received, headers, canonicalRequest: own.canonicalRequest });
    expect(reason).toContain(`(header ${name}): "${name}:..." was signed, "${name}:..." arrived`);
    const secretLink = presignUrl({ ...request, credentials: temporary, headers: {} }).url;
    const changed = refusal({ ...request, url: `${secretLink}&added`, headers: {} });
    expect(changed).toContain("line 3 (query)");
    expect(changed).not.toContain("token%2Fwith");
  });

  it("the body is noticed, after the signature held", () => {
    expect(refusal({ ...received, body: "hellO" })).toMatch(/^XAmzContentSHA256Mismatch: the body does not match/);
    expect(refusal({ ...received, body: new Uint8Array(0) })).toMatch(/^XAmzContentSHA256Mismatch/);
  });
});

describe("what must be signed", () => {
  it("has to be there", () => {
    expect(refusal(withHeaders({ "x-amz-meta-colour": undefined }))).toBe(
      'SignatureDoesNotMatch: header "x-amz-meta-colour" was signed but is not there',
    );
    expect(refusal({ ...received, url: "/some/key", headers: { ...signed.headers, host: undefined } })).toContain(
      'header "host" was signed but is not there',
    );
    const { headers } = signRequest({ ...request, signBodyHeader: false });
    expect(refusal({ ...received, headers })).toBe("InvalidRequest: header x-amz-content-sha256 is missing");
  });

  it("includes host and every x-amz- header", () => {
    const input = { ...request, unsignableHeaders: ["Host"] };
    expect(refusal({ ...received, headers: signRequest(input).headers })).toBe(
      "AccessDenied: header host is not signed",
    );
    expect(refusal(withHeaders({ "x-amz-acl": "public-read" }))).toBe(
      "AccessDenied: header x-amz-acl is there but was not signed",
    );
    expect(refusal({ ...linked, headers: { ...request.headers, "x-amz-acl": "public-read" } })).toMatch(/x-amz-acl/);
  });
});

describe("the credential scope", () => {
  it.each<[string, VerifySignatureInput, string]>([
    ["another region", { ...received, region: "eu-west-1" }, 'the region is "us-east-1", expected "eu-west-1"'],
    ["another service", { ...received, service: "s3express" }, 'the service is "s3", expected "s3express"'],
    ["another day", edited("20260131/", "20260130/"), 'the date is "20260130", expected "20260131"'],
    ["another end", edited("aws4_request", "aws5_request"), 'the end is "aws5_request"'],
  ])("of %s is named", (_, input, words) => {
    expect(refusal(input)).toMatch(/^AuthorizationHeaderMalformed: credential scope: /);
    expect(refusal(input)).toContain(words);
  });

  it("is named for a URL too", () => {
    expect(refusal({ ...linked, region: "eu-west-1" })).toMatch(
      /^AuthorizationQueryParametersError: credential scope: the region/,
    );
  });
});

describe("whatever a request says", () => {
  it.each<[string, VerifySignatureInput, RegExp]>([
    ["nothing", { ...received, headers: { host: "h" } }, /^AccessDenied: not signed/],
    ["two signatures", { ...linked, headers: signed.headers }, /^InvalidArgument: signed twice/],
    ["two headers", withHeaders({ Authorization: ["a", "b"], authorization: undefined }), /given more than once/],
    ["version 2", withHeaders({ authorization: "AWS AKIA:c2ln" }), /^InvalidRequest: signed with "AWS"/],
    ["another algorithm", edited("HMAC-SHA256", "HMAC-SHA512"), /"AWS4-HMAC-SHA512", which is not supported/],
    ["no credential", edited(/Credential=[^,]*,/, ""), /Credential is missing/],
    ["a short credential", edited(/Credential=[^,]*/, "Credential=a/b/c/d"), /Credential must be/],
    ["a field twice", edited(/$/, ", Signature=00"), /"Signature" is given more than once/],
    ["nothing behind it", withHeaders({ authorization: "AWS4-HMAC-SHA256" }), /Credential is missing/],
    ["an empty header", withHeaders({ authorization: "" }), /^InvalidRequest: signed with ""/],
    ["no date", withHeaders({ "x-amz-date": undefined }), /X-Amz-Date is missing/],
    ["a date that is none", withHeaders({ "x-amz-date": "20260231T000000Z" }), /is not of the form/],
    ["two dates", withHeaders({ "x-amz-date": ["20260131T120000Z", "20260131T120000Z"] }), /is not of the form/],
    ["a hash that is none", withHeaders({ "x-amz-content-sha256": "abc" }), /^InvalidArgument: x-amz-content-sha256/],
    ["a URL without its date", editedUrl(/X-Amz-Date=[^&]*&/, ""), /X-Amz-Date is missing/],
    ["a URL without signature", editedUrl(/&X-Amz-Signature=.*/, ""), /X-Amz-Signature is missing/],
    ["a parameter twice", editedUrl(/$/, "&X-Amz-Expires=600"), /X-Amz-Expires is given more than once/],
    ["a broken escape", editedUrl(/X-Amz-Credential=/, "X-Amz-Credential=%E0%A4"), /no UTF-8/],
    ["a line end in a header", withHeaders({ "x-amz-meta-colour": "blue\r\nx: y" }), /^InvalidRequest: headers\[/],
    ["a name that is none", withHeaders({ "a b": "c" }), /is not a header name/],
    ["a method that is none", { ...received, method: "GET /" }, /^InvalidRequest: method/],
    ["a URL that is none", { ...received, url: "nowhere" }, /^InvalidRequest: url/],
    ["half a surrogate pair", { ...received, url: "https://h/\ud800" }, /^InvalidRequest/],
  ])("%s is refused with a reason, not thrown", (_, input, words) => {
    expect(refusal(input)).toMatch(words);
  });

  it("arguments of the server's own are thrown", () => {
    expect(() => verifySignature({ ...received, region: "" })).toThrow(/^region: must be/);
    expect(() => verifySignature({ ...received, date: new Date(Number.NaN) })).toThrow(RangeError);
    expect(() => verifySignature({ ...received, credentials: { accessKeyId: "a", secretAccessKey: "" } })).toThrow(
      /^credentials.secretAccessKey: must be/,
    );
  });
});

describe("ECDSA", () => {
  const input = { ...request, algorithm: "AWS4-ECDSA-P256-SHA256", regionSet: ["us-*", "eu-west-1"] } as const;
  const { headers } = signRequest(input);
  const { url } = presignUrl(input);

  it("is good in any of its regions, and in no other", () => {
    for (const region of ["us-east-1", "us-west-2", "eu-west-1"]) {
      expect(verifySignature({ ...received, headers, region })).toMatchObject({ valid: true, kind: "header" });
      expect(verifySignature({ ...request, url, region })).toMatchObject({ valid: true, kind: "query" });
    }
    expect(refusal({ ...received, headers, region: "eu-central-1" })).toContain('"us-*,eu-west-1" does not have');
    const { "x-amz-region-set": _, ...without } = headers;
    expect(refusal({ ...received, headers: without })).toMatch(/x-amz-region-set|X-Amz-Region-Set/);
  });

  it("does not hold with another secret, key, header or signature", () => {
    const other = { ...credentials, secretAccessKey: "other" };
    expect(refusal({ ...received, headers, credentials: other })).toMatch(/^SignatureDoesNotMatch/);
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(refusal({ ...received, headers, publicKey })).toMatch(/^SignatureDoesNotMatch/);
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(refusal({ ...received, headers, publicKey: pem })).toMatch(/^SignatureDoesNotMatch/);
    expect(refusal({ ...received, headers: { ...headers, "x-amz-meta-colour": "red" } })).toMatch(/^SignatureDoes/);
    const garbled = String(headers["authorization"]).replace(/Signature=.*/, "Signature=zz");
    expect(refusal({ ...received, headers: { ...headers, authorization: garbled } })).toMatch(/^SignatureDoesNot/);
    expect(() => verifySignature({ ...received, headers, publicKey: { x: "1", y: "2" } })).toThrow(/^publicKey: /);
  });

  it("can be refused altogether", () => {
    expect(refusal({ ...received, headers, algorithm: "AWS4-HMAC-SHA256" })).toMatch(/^InvalidRequest: signed with/);
    expect(refusal({ ...received, algorithm: "AWS4-ECDSA-P256-SHA256" })).toMatch(/^InvalidRequest: signed with/);
  });
});

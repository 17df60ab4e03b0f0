import { createHmac } from "node:crypto";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { type Answer, call, element, fault, send } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket"] });
afterAll(() => server.stop());

const hmac = (key: Uint8Array | string, text: string): Buffer => createHmac("sha256", key).update(text).digest();

interface Form {
  conditions?: unknown[];
  fields?: Record<string, string>;
  file?: string | undefined;
  expiration?: Date;
  /** Fields that are changed after signing. */
  forge?: Record<string, string>;
  filename?: string;
}

/** A browser's form, with a policy that was signed here by hand. */
function post(form: Form): Promise<Answer> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const own: Record<string, string> = {
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": `${server.credentials.accessKeyId}/${scope}`,
    "x-amz-date": date,
  };
  const conditions = [
    { bucket: "bucket" },
    ...Object.entries(own).map(([name, value]) => ({ [name]: value })),
    ...(form.conditions ?? [["starts-with", "$key", ""]]),
  ];
  const policy = Buffer.from(
    JSON.stringify({ expiration: (form.expiration ?? new Date(Date.now() + 60_000)).toISOString(), conditions }),
  ).toString("base64");
  const key = hmac(
    hmac(hmac(hmac(`AWS4${server.credentials.secretAccessKey}`, date.slice(0, 8)), "us-east-1"), "s3"),
    "aws4_request",
  );
  const fields = {
    key: "posted",
    ...form.fields,
    ...own,
    policy,
    "x-amz-signature": hmac(key, policy).toString("hex"),
    ...form.forge,
  };
  return submit(fields, "file" in form ? form.file : "content", form.filename);
}

function submit(
  fields: Record<string, string>,
  file: string | undefined,
  filename = "C:\\dir\\name of file.txt",
): Promise<Answer> {
  const boundary = "----boundary123";
  let body = "";
  for (const [name, value] of Object.entries(fields))
    body += `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  if (file !== undefined)
    body += `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: text/x-file\r\n\r\n${file}\r\n`;
  body += `--${boundary}--\r\n`;
  return send(server, {
    method: "POST",
    path: "/bucket",
    body,
    headers: { "Content-Type": `multipart/form-data; boundary=${boundary}` },
  });
}

describe("a form", () => {
  it("puts its file", async () => {
    const answer = await post({});
    expect([answer.status, answer.text, answer.headers["etag"]]).toEqual([
      204,
      "",
      '"9a0364b9e99bb480dd25e1f0284c8555"',
    ]);
    const { text, headers } = await call(server, { path: "/bucket/posted" });
    expect([text, headers["content-type"]]).toEqual(["content", "text/x-file"]);
    expect(server.requests.find(({ operation }) => operation === "PostObject")?.statusCode).toBe(204);
  });

  it("has fields for what headers say elsewhere", async () => {
    const fields = {
      key: ["up/$", "{filename}"].join(""),
      acl: "public-read",
      "Content-Type": "a/b",
      "x-amz-meta-m": "é",
      tagging: "<Tagging><TagSet><Tag><Key>t</Key><Value>1 &amp; 2</Value></Tag></TagSet></Tagging>".replace(
        " &amp; ",
        "+",
      ),
      success_action_status: "201",
    };
    const conditions = [
      ["starts-with", "$key", "up/"],
      { acl: "public-read" },
      ["eq", "$Content-Type", "a/b"],
      ["starts-with", "$x-amz-meta-m", ""],
      ["starts-with", "$tagging", ""],
      { success_action_status: "201" },
    ];
    const answer = await post({ fields, conditions });
    expect([answer.status, element(answer.text, "Key"), element(answer.text, "Bucket")]).toEqual([
      201,
      "up/name of file.txt",
      "bucket",
    ]);
    expect(element(answer.text, "Location")).toBe(`${server.url}/bucket/up/name%20of%20file.txt`);
    const { status, headers } = await send(server, { path: "/bucket/up/name%20of%20file.txt" });
    expect([status, headers["content-type"], headers["x-amz-tagging-count"]]).toEqual([200, "a/b", "1"]);
    expect(headers["x-amz-meta-m"]).toBe(`=?UTF-8?B?${Buffer.from("é").toString("base64")}?=`);
  });

  it("sends the browser on", async () => {
    const redirect = "http://example.com/done?a=b";
    const answer = await post({
      fields: { success_action_redirect: redirect },
      conditions: [{ key: "posted" }, { success_action_redirect: redirect }],
    });
    expect([answer.status, answer.headers["location"]]).toEqual([
      303,
      `${redirect}&bucket=bucket&key=posted&etag=%229a0364b9e99bb480dd25e1f0284c8555%22`,
    ]);
  });

  it.each<[string, Form, string]>([
    ["breaks a condition", { conditions: [{ key: "other" }] }, "403 AccessDenied"],
    ["begins otherwise", { conditions: [["starts-with", "$key", "user/"]] }, "403 AccessDenied"],
    ["has a field that the policy does not speak of", { fields: { acl: "public-read" } }, "403 AccessDenied"],
    ["comes too late", { expiration: new Date(Date.now() - 1000) }, "403 AccessDenied"],
    ["was changed", { forge: { policy: Buffer.from("{}").toString("base64") } }, "403 SignatureDoesNotMatch"],
    ["has another signature", { forge: { "x-amz-signature": "0".repeat(64) } }, "403 SignatureDoesNotMatch"],
    [
      "is nobody's",
      { forge: { "x-amz-credential": "AKIANOBODY/20200101/us-east-1/s3/aws4_request" } },
      "403 InvalidAccessKeyId",
    ],
    ["has a policy that is none", { conditions: [["maybe", "$key", "a"]] }, "400 InvalidPolicyDocument"],
    ["is too long", { conditions: [{ key: "posted" }, ["content-length-range", 1, 6]] }, "400 EntityTooLarge"],
    ["is too short", { conditions: [{ key: "posted" }, ["content-length-range", 8, 99]] }, "400 EntityTooSmall"],
    ["has no file", { file: undefined }, "400 InvalidArgument"],
    ["is signed the old way", { fields: { AWSAccessKeyId: "a", signature: "b" } }, "400 InvalidRequest"],
    [
      "has a checksum that is not the file's",
      {
        fields: { "x-amz-checksum-crc32": "AAAAAA==" },
        conditions: [{ key: "posted" }, ["starts-with", "$x-amz-checksum-crc32", ""]],
      },
      "400 BadDigest",
    ],
  ])("is refused when it %s", async (_name, form, expected) => {
    server.reset();
    expect(fault(await post(form))).toBe(expected);
    expect((await call(server, { path: "/bucket/posted" })).status).toBe(404);
  });

  it("without a policy is only taken where everybody may write", async () => {
    expect(fault(await submit({ key: "free" }, "x"))).toBe("403 AccessDenied");
    await call(server, { method: "PUT", path: "/bucket?acl", body: "", headers: { "x-amz-acl": "public-read-write" } });
    expect((await submit({ key: "free" }, "x")).status).toBe(204);
    expect(fault(await submit({}, "x"))).toBe("400 InvalidArgument");
  });

  it("may hold anything, its own boundary's beginning too", async () => {
    const file = `\r\n------boundary12\r\n--\r\n${"x".repeat(100_000)}\r\n------boundary`;
    expect((await post({ file })).status).toBe(204);
    expect((await call(server, { path: "/bucket/posted" })).text).toBe(file);
    expect((await post({ file: "" })).status).toBe(204);
    expect((await call(server, { path: "/bucket/posted" })).text).toBe("");
  });

  it("must be one", async () => {
    const ask = (type: string, body: string) =>
      send(server, { method: "POST", path: "/bucket", body, headers: { "Content-Type": type } });
    expect(fault(await ask("multipart/form-data", "x"))).toBe("400 MalformedPOSTRequest");
    expect(fault(await ask("multipart/form-data; boundary=b", "--b\r\nbroken"))).toBe("400 MalformedPOSTRequest");
    expect(fault(await ask("text/plain", "x"))).toBe("405 MethodNotAllowed");
  });
});

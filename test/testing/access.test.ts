import { S3Server } from "tucuxi/testing";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { call, document, element, elements, fault, put, send } from "./raw.js";

const friend = { accessKeyId: "AKIAFRIEND", secretAccessKey: "friend", displayName: "friend" };
const stranger = { accessKeyId: "AKIASTRANGER", secretAccessKey: "stranger" };
const server = await S3Server.start({
  buckets: ["bucket"],
  credentials: [{ accessKeyId: "AKIAOWNER", secretAccessKey: "owner" }, friend, stranger],
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.reset();
  await put(server, "/bucket/k", "secret");
});

type Who = typeof stranger | "owner" | "nobody";

async function ask(
  who: Who,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const request = { method, path, headers, ...(body === undefined ? {} : { body }) };
  if (who === "nobody") return (await send(server, request)).status;
  return (await call(server, { ...request, ...(who === "owner" ? {} : { credentials: who }) })).status;
}

const policy = async (...statements: object[]): Promise<void> => {
  const answer = await document(
    server,
    "PUT",
    "/bucket?policy",
    JSON.stringify({ Version: "2012-10-17", Statement: statements }),
  );
  expect(answer.status).toBe(204);
};
const everything = ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"];

describe("who may do what", () => {
  it("is the owner alone at first", async () => {
    for (const who of [friend, "nobody"] as const) {
      expect(await ask(who, "GET", "/bucket/k")).toBe(403);
      expect(await ask(who, "GET", "/bucket/none")).toBe(403);
      expect(await ask(who, "PUT", "/bucket/k", "x")).toBe(403);
      expect(await ask(who, "DELETE", "/bucket/k")).toBe(403);
      expect(await ask(who, "GET", "/bucket")).toBe(403);
      expect(await ask(who, "GET", "/bucket?acl")).toBe(403);
      expect(await ask(who, "HEAD", "/bucket")).toBe(403);
    }
    expect(await ask("nobody", "PUT", "/new-bucket", "")).toBe(403);
    expect(await ask("nobody", "GET", "/")).toBe(403);
    expect(fault(await send(server, { path: "/no-such-bucket" }))).toBe("404 NoSuchBucket");
  });

  it("is shared by users of one account", async () => {
    const shared = await S3Server.start({
      buckets: ["bucket"],
      credentials: [
        { accessKeyId: "AKIAONE", secretAccessKey: "1", accountId: "123456789012" },
        { accessKeyId: "AKIATWO", secretAccessKey: "2", accountId: "123456789012" },
      ],
    });
    const second = { accessKeyId: "AKIATWO", secretAccessKey: "2" };
    expect((await call(shared, { method: "PUT", path: "/bucket/k", body: "x", credentials: second })).status).toBe(200);
    await shared.stop();
  });
});

describe("ACLs", () => {
  it("let everybody in, or everybody who signs, or one", async () => {
    const acl = (name: string) => ask("owner", "PUT", "/bucket/k?acl", "", { "x-amz-acl": name });
    expect(await acl("public-read")).toBe(200);
    expect([await ask("nobody", "GET", "/bucket/k"), await ask("nobody", "GET", "/bucket/k?acl")]).toEqual([200, 403]);
    expect(await acl("authenticated-read")).toBe(200);
    expect([await ask("nobody", "GET", "/bucket/k"), await ask(friend, "GET", "/bucket/k")]).toEqual([403, 200]);
    expect(
      await ask("owner", "PUT", "/bucket/k?acl", "", { "x-amz-grant-read": 'emailAddress="friend@example.com"' }),
    ).toBe(200);
    expect([await ask(friend, "GET", "/bucket/k"), await ask(stranger, "GET", "/bucket/k")]).toEqual([200, 403]);
    expect(await ask("owner", "PUT", "/bucket?acl", "", { "x-amz-acl": "public-read-write" })).toBe(200);
    expect([await ask("nobody", "GET", "/bucket"), await ask("nobody", "PUT", "/bucket/new", "x")]).toEqual([200, 200]);
    expect(await ask("nobody", "GET", "/bucket/none")).toBe(404);
  });

  it("are given back as documents, and taken as such", async () => {
    const given = await call(server, { path: "/bucket?acl" });
    const id = element(given.text, "ID")!;
    expect(given.text).toContain(
      '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">',
    );
    const group = "http://acs.amazonaws.com/groups/global/AllUsers";
    const xml = (owner: string, grantee: string, permission = "READ"): string =>
      `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>${owner}</ID></Owner><AccessControlList><Grant>${grantee}<Permission>${permission}</Permission></Grant></AccessControlList></AccessControlPolicy>`;
    const everybody = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>${group}</URI></Grantee>`;
    expect(await ask("owner", "PUT", "/bucket?acl", xml(id, everybody))).toBe(200);
    expect(elements((await call(server, { path: "/bucket?acl" })).text, "URI")).toEqual([group]);
    expect(await ask("nobody", "GET", "/bucket")).toBe(200);
    const put = async (body: string, headers: Record<string, string> = {}): Promise<string> =>
      fault(await call(server, { method: "PUT", path: "/bucket?acl", body, headers }));
    expect(await put(xml("0".repeat(64), everybody))).toBe("403 AccessDenied");
    expect(await put(xml(id, everybody, "ALL"))).toBe("400 MalformedACLError");
    expect(await put(xml(id, "<Grantee><URI>x</URI></Grantee>"))).toBe("400 MalformedACLError");
    expect(await put("<AccessControlPolicy>")).toBe("400 MalformedACLError");
    expect(await put(xml(id, everybody), { "x-amz-acl": "private" })).toBe("400 UnexpectedContent");
    expect(await put("", { "x-amz-acl": "private", "x-amz-grant-read": `id=${id}` })).toBe("400 InvalidRequest");
    expect(await put("", { "x-amz-acl": "private", "x-amz-grant-read": "id=nobody" })).toBe("400 InvalidRequest");
    expect(await put("", { "x-amz-grant-read": "id=nobody" })).toBe("400 InvalidArgument");
    expect(await put("", { "x-amz-grant-read": "emailAddress=nobody@example.com" })).toBe(
      "400 UnresolvableGrantByEmailAddress",
    );
    expect(await put("")).toBe("400 MissingSecurityHeader");
  });

  it("are not taken where the bucket's owner owns everything, or lets nobody in", async () => {
    await document(
      server,
      "PUT",
      "/bucket?publicAccessBlock",
      "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
    );
    expect(
      fault(
        await call(server, { method: "PUT", path: "/bucket/k?acl", body: "", headers: { "x-amz-acl": "public-read" } }),
      ),
    ).toBe("403 AccessDenied");
    expect(await ask("owner", "PUT", "/bucket/k", "x", { "x-amz-acl": "public-read" })).toBe(403);
    await call(server, { method: "DELETE", path: "/bucket?publicAccessBlock" });
    expect(await ask("owner", "PUT", "/bucket/k", "x", { "x-amz-acl": "public-read" })).toBe(200);
    await document(
      server,
      "PUT",
      "/bucket?publicAccessBlock",
      "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>",
    );
    expect(await ask("nobody", "GET", "/bucket/k")).toBe(403);
    await document(
      server,
      "PUT",
      "/bucket?ownershipControls",
      "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
    );
    expect(
      fault(
        await call(server, {
          method: "PUT",
          path: "/bucket/k?acl",
          body: "",
          headers: { "x-amz-acl": "authenticated-read" },
        }),
      ),
    ).toBe("400 AccessControlListNotSupported");
  });
});

describe("policies", () => {
  it("let others in, to what they name", async () => {
    await put(server, "/bucket/public/k", "open");
    await policy({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/public/*" });
    expect([await ask("nobody", "GET", "/bucket/public/k"), await ask("nobody", "HEAD", "/bucket/public/k")]).toEqual([
      200, 200,
    ]);
    expect([await ask("nobody", "GET", "/bucket/k"), await ask("nobody", "PUT", "/bucket/public/k", "x")]).toEqual([
      403, 403,
    ]);
    expect(await ask("nobody", "GET", "/bucket/public/none")).toBe(403);
    await policy({
      Effect: "Allow",
      Principal: { AWS: ["arn:aws:iam::222233334444:root"] },
      Action: ["s3:Get*", "s3:ListBucket"],
      Resource: everything,
    });
    expect([await ask(friend, "GET", "/bucket/k"), await ask(stranger, "GET", "/bucket/k")]).toEqual([200, 403]);
    expect([await ask(friend, "GET", "/bucket/none"), await ask(friend, "GET", "/bucket")]).toEqual([404, 200]);
    expect(await ask(friend, "PUT", "/bucket/copy", undefined, { "x-amz-copy-source": "/bucket/k" })).toBe(403);
  });

  it("deny, the owner too, but for the policy itself", async () => {
    await policy({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: everything });
    expect([await ask("owner", "GET", "/bucket/k"), await ask("owner", "GET", "/bucket")]).toEqual([403, 403]);
    expect([await ask("owner", "GET", "/bucket?policy"), await ask("owner", "DELETE", "/bucket?policy")]).toEqual([
      200, 204,
    ]);
    expect(await ask("owner", "GET", "/bucket/k")).toBe(200);
  });

  it("judge every key of a batch, and the source of a copy", async () => {
    await put(server, "/bucket/keep", "x");
    await policy({
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:DeleteObject", "s3:GetObject"],
      Resource: "arn:aws:s3:::bucket/keep",
    });
    const answer = await document(
      server,
      "POST",
      "/bucket?delete",
      "<Delete><Object><Key>k</Key></Object><Object><Key>keep</Key></Object></Delete>",
    );
    expect(element(answer.text, "Deleted")).toBe("<Key>k</Key>");
    expect([element(element(answer.text, "Error")!, "Key"), element(answer.text, "Code")]).toEqual([
      "keep",
      "AccessDenied",
    ]);
    expect(await ask("owner", "PUT", "/bucket/copy", undefined, { "x-amz-copy-source": "/bucket/keep" })).toBe(403);
  });

  it("look at conditions", async () => {
    const list = (condition: object) =>
      policy({
        Effect: "Allow",
        Principal: "*",
        Action: "s3:ListBucket",
        Resource: "arn:aws:s3:::bucket",
        Condition: condition,
      });
    await list({ StringLike: { "s3:prefix": ["home/*", "tmp"] } });
    expect(
      await Promise.all(
        ["?prefix=home/x", "?prefix=tmp", "?prefix=etc", ""].map((query) => ask("nobody", "GET", `/bucket${query}`)),
      ),
    ).toEqual([200, 200, 403, 403]);
    await list({ NumericLessThanEquals: { "s3:max-keys": "10" }, IpAddress: { "aws:SourceIp": "127.0.0.0/8" } });
    expect(
      await Promise.all(["?max-keys=10", "?max-keys=11"].map((query) => ask("nobody", "GET", `/bucket${query}`))),
    ).toEqual([200, 403]);
    await list({ Bool: { "aws:SecureTransport": "true" } });
    expect(await ask("nobody", "GET", "/bucket")).toBe(403);
    await list({ StringEqualsIfExists: { "aws:Referer": "http://good/" }, Null: { "s3:prefix": "true" } });
    expect(await ask("nobody", "GET", "/bucket")).toBe(200);
    expect(await ask("nobody", "GET", "/bucket", undefined, { Referer: "http://bad/" })).toBe(403);
    expect(await ask("nobody", "GET", "/bucket?prefix=a")).toBe(403);
    await policy({
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::bucket/*",
      Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } },
    });
    expect(await ask("owner", "PUT", "/bucket/e", "x")).toBe(403);
    expect(await ask("owner", "PUT", "/bucket/e", "x", { "x-amz-server-side-encryption": "aws:kms" })).toBe(200);
    await put(server, "/bucket/tagged", "x", {
      "x-amz-tagging": "level=open",
      "x-amz-server-side-encryption": "aws:kms",
    });
    await policy({
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::bucket/*",
      Condition: { StringEquals: { "s3:ExistingObjectTag/level": "open" } },
    });
    expect([await ask("nobody", "GET", "/bucket/tagged"), await ask("nobody", "GET", "/bucket/k")]).toEqual([200, 403]);
  });

  it("that are public are refused where the bucket says so", async () => {
    const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/*" };
    await policy(statement);
    expect(element((await call(server, { path: "/bucket?policyStatus" })).text, "IsPublic")).toBe("true");
    await document(
      server,
      "PUT",
      "/bucket?publicAccessBlock",
      "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
    );
    expect(await ask("nobody", "GET", "/bucket/k")).toBe(403);
    expect(fault(await document(server, "PUT", "/bucket?policy", JSON.stringify({ Statement: [statement] })))).toBe(
      "403 AccessDenied",
    );
  });
});

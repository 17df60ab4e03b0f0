import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { call, element, elements, fault, put } from "./raw.js";

const other = { accessKeyId: "AKIAOTHER", secretAccessKey: "other" };
const server = await S3Server.start({
  credentials: [{ accessKeyId: "AKIAMAIN", secretAccessKey: "main" }, other],
  regions: ["eu-west-1"],
});
afterAll(() => server.stop());

const constraint = (region: string): string =>
  `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
const create = (name: string, body = "", more: object = {}) =>
  call(server, { method: "PUT", path: `/${name}`, body, ...more });

describe("buckets", () => {
  it.each([
    "ab",
    "a".repeat(64),
    "Upper",
    "under_score",
    "a..b",
    "-a-",
    "a-",
    "192.168.0.1",
    "xn--abc",
    "abc-s3alias",
    "sp%20ace",
  ])("are not called %s", async (name) => {
    const answer = await create(name);
    expect(fault(answer)).toBe("400 InvalidBucketName");
    expect(element(answer.text, "BucketName")).toBe(decodeURIComponent(name));
  });

  it.each(["abc", "a.b-c", "1bucket", "a".repeat(63), "a.1.b"])("may be called %s", async (name) => {
    const answer = await create(name);
    expect([answer.status, answer.headers["location"]]).toEqual([200, `/${name}`]);
    expect((await call(server, { method: "DELETE", path: `/${name}` })).status).toBe(204);
    expect(fault(await call(server, { method: "DELETE", path: `/${name}` }))).toBe("404 NoSuchBucket");
  });

  it("are made once, by one user", async () => {
    await create("taken");
    expect((await create("taken")).status).toBe(200);
    expect(fault(await create("taken", "", { credentials: other }))).toBe("409 BucketAlreadyExists");
    expect(fault(await call(server, { method: "DELETE", path: "/taken", credentials: other }))).toBe(
      "403 AccessDenied",
    );
  });

  it("are made in the region that the request is signed for, and say so", async () => {
    expect(fault(await create("regional", "", { region: "eu-west-1" }))).toBe("400 IllegalLocationConstraintException");
    expect(fault(await create("regional", constraint("us-east-1")))).toBe("400 InvalidLocationConstraint");
    expect(fault(await create("regional", constraint("nowhere")))).toBe("400 InvalidLocationConstraint");
    expect(fault(await create("regional", constraint("eu-north-1"), { region: "eu-west-1" }))).toBe(
      "400 IllegalLocationConstraintException",
    );
    expect(fault(await create("regional", "<nonsense/>"))).toBe("400 MalformedXML");
    expect((await create("regional", constraint("eu-west-1"), { region: "eu-west-1" })).status).toBe(200);
    expect(fault(await create("regional", constraint("eu-west-1"), { region: "eu-west-1" }))).toBe(
      "409 BucketAlreadyOwnedByYou",
    );
    const location = (path: string) => call(server, { path });
    expect(element((await location("/regional?location")).text, "LocationConstraint")).toBe("eu-west-1");
    expect((await location("/taken?location")).text).toMatch(/<LocationConstraint xmlns="[^"]+"\/>$/);
  });

  it("may be in a region of any name that the server has", async () => {
    const local = await S3Server.start({ region: "local" });
    expect((await call(local, { method: "PUT", path: "/bucket", body: constraint("local") })).status).toBe(200);
    expect(element((await call(local, { path: "/bucket?location" })).text, "LocationConstraint")).toBe("local");
    await local.stop();
  });

  it("are reached in the region that they were made in from us-east-1, though the server has not named it", async () => {
    expect((await create("far", constraint("ap-south-1"))).status).toBe(200);
    expect(fault(await call(server, { path: "/far" }))).toBe("301 PermanentRedirect");
    expect((await call(server, { path: "/far", region: "ap-south-1" })).status).toBe(200);
    expect(fault(await call(server, { path: "/", region: "ap-south-1" }))).toBe("400 AuthorizationHeaderMalformed");
    expect((await call(server, { method: "DELETE", path: "/far", region: "ap-south-1" })).status).toBe(204);
  });

  it("of an account's own names are called after account and region", async () => {
    const headers = { "x-amz-bucket-namespace": "account-regional" };
    expect(fault(await create("mine", "", { headers }))).toBe("400 InvalidNamespaceHeader");
    expect((await create("mine-111122223333-us-east-1-an", "", { headers })).status).toBe(200);
    await call(server, { method: "DELETE", path: "/mine-111122223333-us-east-1-an" });
  });

  it("are asked for in their own region, or the request is sent on", async () => {
    const wrong = await call(server, { path: "/regional" });
    expect(fault(wrong)).toBe("301 PermanentRedirect");
    expect(wrong.headers["x-amz-bucket-region"]).toBe("eu-west-1");
    expect(element(wrong.text, "Endpoint")).toContain("eu-west-1");
    const head = await call(server, { method: "HEAD", path: "/regional" });
    expect([head.status, head.headers["x-amz-bucket-region"], head.text]).toEqual([301, "eu-west-1", ""]);
    const right = await call(server, { method: "HEAD", path: "/regional", region: "eu-west-1" });
    expect([right.status, right.headers["x-amz-bucket-region"]]).toEqual([200, "eu-west-1"]);
    const unknown = await call(server, { path: "/regional", region: "ap-south-1" });
    expect(fault(unknown)).toBe("400 AuthorizationHeaderMalformed");
    expect(element(unknown.text, "Region")).toBe("eu-west-1");
  });

  it("are only deleted when nothing is in them, not even a delete marker", async () => {
    await create("full");
    await put(server, "/full/k", "1");
    expect(fault(await call(server, { method: "DELETE", path: "/full" }))).toBe("409 BucketNotEmpty");
    await call(server, {
      method: "PUT",
      path: "/full?versioning",
      body: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    });
    await call(server, { method: "DELETE", path: "/full/k?versionId=null" });
    const marker = await call(server, { method: "DELETE", path: "/full/k" });
    expect(fault(await call(server, { method: "DELETE", path: "/full" }))).toBe("409 BucketNotEmpty");
    await call(server, { method: "DELETE", path: `/full/k?versionId=${marker.headers["x-amz-version-id"]}` });
    expect((await call(server, { method: "DELETE", path: "/full" })).status).toBe(204);
  });

  it("are listed by name, to their owner, in pages when asked", async () => {
    server.reset();
    for (const name of ["charlie", "alpha", "bravo", "alpaca"]) await create(name);
    await create("not-mine", "", { credentials: other });
    const all = await call(server, { path: "/" });
    expect(elements(all.text, "Name")).toEqual(["alpaca", "alpha", "bravo", "charlie"]);
    expect(element(all.text, "CreationDate")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect(element(all.text, "DisplayName")).toBe("AKIAMAIN");
    const page = await call(server, { path: "/?max-buckets=3" });
    expect(elements(page.text, "Name")).toEqual(["alpaca", "alpha", "bravo"]);
    const token = encodeURIComponent(element(page.text, "ContinuationToken")!);
    expect(
      elements((await call(server, { path: `/?max-buckets=3&continuation-token=${token}` })).text, "Name"),
    ).toEqual(["charlie"]);
    expect(elements((await call(server, { path: "/?prefix=alp" })).text, "Name")).toEqual(["alpaca", "alpha"]);
    expect(fault(await call(server, { path: "/?max-buckets=0" }))).toBe("400 InvalidArgument");
  });

  it("may be held to their owner", async () => {
    const owner = (id: string) => call(server, { path: "/alpha", headers: { "x-amz-expected-bucket-owner": id } });
    expect(fault(await owner("000000000000"))).toBe("403 AccessDenied");
    expect((await owner("111122223333")).status).toBe(200);
  });

  it("of a zone have sessions", async () => {
    const directory =
      "<CreateBucketConfiguration><Location><Type>AvailabilityZone</Type><Name>use1-az4</Name></Location>" +
      "<Bucket><DataRedundancy>SingleAvailabilityZone</DataRedundancy><Type>Directory</Type></Bucket></CreateBucketConfiguration>";
    expect((await create("fast--use1-az4--x-s3", directory)).status).toBe(200);
    const session = await call(server, { path: "/fast--use1-az4--x-s3?session" });
    const credentials = {
      accessKeyId: element(session.text, "AccessKeyId")!,
      secretAccessKey: element(session.text, "SecretAccessKey")!,
    };
    const headers = { "x-amz-s3session-token": element(session.text, "SessionToken")! };
    const within = await call(server, {
      method: "PUT",
      path: "/fast--use1-az4--x-s3/k",
      body: "1",
      credentials,
      headers,
    });
    expect(within.status).toBe(200);
    expect(fault(await call(server, { path: "/alpha", credentials, headers }))).toBe("403 AccessDenied");
    expect(fault(await call(server, { path: "/fast--use1-az4--x-s3", credentials }))).toBe("403 InvalidAccessKeyId");
    expect(fault(await call(server, { path: "/alpha?session" }))).toBe("405 MethodNotAllowed");
  });
});

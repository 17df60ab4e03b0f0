import { createHash } from "node:crypto";
import { S3Server } from "tucuxi/testing";
import { afterAll, describe, expect, it } from "vitest";
import { type Answer, call, document, element, elements, fault, put, send } from "./raw.js";

const server = await S3Server.start({ buckets: ["bucket", "logs"] });
afterAll(() => server.stop());

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const get = (query: string): Promise<Answer> => call(server, { path: `/bucket?${query}` });
const set = (query: string, xml: string): Promise<Answer> => document(server, "PUT", `/bucket?${query}`, xml);
const remove = (query: string): Promise<Answer> => call(server, { method: "DELETE", path: `/bucket?${query}` });
/** The document without declaration and namespace. */
const bare = (text: string): string => text.replace(/^<\?xml[^>]*>\n?/, "").replaceAll(` ${namespace}`, "");

interface Case {
  query: string;
  missing: string;
  xml: string;
  /** Status of the put. */
  status?: number;
}

const cases: Case[] = [
  {
    query: "cors",
    missing: "404 NoSuchCORSConfiguration",
    xml: "<CORSConfiguration><CORSRule><ID>i</ID><AllowedHeader>*</AllowedHeader><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>http://*.test</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>",
  },
  {
    query: "lifecycle",
    missing: "404 NoSuchLifecycleConfiguration",
    xml: "<LifecycleConfiguration><Rule><Expiration><Days>3</Days></Expiration><ID>r &amp; s</ID><Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>",
  },
  {
    query: "tagging",
    missing: "404 NoSuchTagSet",
    xml: "<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag><Tag><Key>b</Key><Value>c</Value></Tag></TagSet></Tagging>",
    status: 204,
  },
  {
    query: "website",
    missing: "404 NoSuchWebsiteConfiguration",
    xml: "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>a/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>b/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>",
  },
  {
    query: "ownershipControls",
    missing: "404 OwnershipControlsNotFoundError",
    xml: "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
  },
  {
    query: "publicAccessBlock",
    missing: "404 NoSuchPublicAccessBlockConfiguration",
    xml: "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls></PublicAccessBlockConfiguration>",
  },
  ...["analytics", "inventory", "metrics", "intelligent-tiering"].map((kind) => ({
    query: `${kind}&id=one`,
    missing: "404 NoSuchConfiguration",
    xml: {
      analytics:
        "<AnalyticsConfiguration><Id>one</Id><Filter><Prefix>p</Prefix></Filter><StorageClassAnalysis></StorageClassAnalysis></AnalyticsConfiguration>",
      inventory:
        "<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:aws:s3:::logs</Bucket><Format>CSV</Format><Encryption><SSE-S3></SSE-S3></Encryption></S3BucketDestination></Destination><IsEnabled>true</IsEnabled><Id>one</Id><IncludedObjectVersions>All</IncludedObjectVersions><OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration>",
      metrics:
        "<MetricsConfiguration><Id>one</Id><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter></MetricsConfiguration>",
      "intelligent-tiering":
        "<IntelligentTieringConfiguration><Id>one</Id><Status>Enabled</Status><Tiering><Days>90</Days><AccessTier>ARCHIVE_ACCESS</AccessTier></Tiering></IntelligentTieringConfiguration>",
    }[kind]!,
  })),
];

const notified = (arn: string, event = "s3:ObjectCreated:*"): string =>
  `<NotificationConfiguration><QueueConfiguration><Queue>${arn}</Queue><Event>${event}</Event></QueueConfiguration></NotificationConfiguration>`;

describe("a configuration", () => {
  it.each(cases)("$query is put, given back as it was, and deleted", async ({ query, missing, xml, status = 200 }) => {
    expect(fault(await get(query))).toBe(missing);
    expect((await set(query, xml.replace(/>/, ` ${namespace}>`))).status).toBe(status);
    const answer = await get(query);
    expect([answer.status, bare(answer.text)]).toEqual([200, xml]);
    expect((await remove(query)).status).toBe(204);
    expect(fault(await get(query))).toBe(missing);
  });

  it.each([
    [
      "accelerate",
      "<AccelerateConfiguration></AccelerateConfiguration>",
      "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>",
    ],
    [
      "logging",
      "<BucketLoggingStatus></BucketLoggingStatus>",
      "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>p/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>",
    ],
    [
      "requestPayment",
      "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
      "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
    ],
    [
      "notification",
      "<NotificationConfiguration></NotificationConfiguration>",
      "<NotificationConfiguration><QueueConfiguration><Id>q</Id><Queue>arn:aws:sqs:us-east-1:1:q</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>a</Value></FilterRule></S3Key></Filter></QueueConfiguration><EventBridgeConfiguration></EventBridgeConfiguration></NotificationConfiguration>",
    ],
    [
      "versioning",
      "<VersioningConfiguration></VersioningConfiguration>",
      "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    ],
  ])("%s is there from the start", async (query, first, then) => {
    expect(bare((await get(query)).text)).toBe(first);
    expect((await set(query, then)).status).toBe(200);
    expect(bare((await get(query)).text)).toBe(then);
  });

  it("of encryption is S3's own until another is put, and is what objects get", async () => {
    expect(element((await get("encryption")).text, "SSEAlgorithm")).toBe("AES256");
    const rule =
      "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>my-key</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>";
    await set("encryption", `<ServerSideEncryptionConfiguration>${rule}</ServerSideEncryptionConfiguration>`);
    const { headers } = await put(server, "/bucket/encrypted", "x");
    expect(headers["x-amz-server-side-encryption"]).toBe("aws:kms");
    expect(headers["x-amz-server-side-encryption-aws-kms-key-id"]).toMatch(
      /^arn:aws:kms:us-east-1:\d{12}:key\/my-key$/,
    );
    expect(headers["x-amz-server-side-encryption-bucket-key-enabled"]).toBe("true");
    await remove("encryption");
    expect((await put(server, "/bucket/encrypted", "x")).headers["x-amz-server-side-encryption"]).toBe("AES256");
  });

  it("with ids is listed with the others of its kind, in pages", async () => {
    const small = await S3Server.start({ buckets: ["bucket"], pageSize: 2 });
    for (const id of ["c", "a", "b"]) {
      await document(
        small,
        "PUT",
        `/bucket?metrics&id=${id}`,
        `<MetricsConfiguration><Id>${id}</Id></MetricsConfiguration>`,
      );
    }
    const page = await call(small, { path: "/bucket?metrics" });
    expect([elements(page.text, "Id"), element(page.text, "IsTruncated")]).toEqual([["a", "b"], "true"]);
    const token = encodeURIComponent(element(page.text, "NextContinuationToken")!);
    const rest = await call(small, { path: `/bucket?metrics&continuation-token=${token}` });
    expect([elements(rest.text, "Id"), element(rest.text, "IsTruncated")]).toEqual([["c"], "false"]);
    await small.stop();
  });

  it.each([
    [
      "cors",
      "<CORSConfiguration><CORSRule><AllowedMethod>PATCH</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
      "400 InvalidRequest",
    ],
    [
      "cors",
      "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*.*</AllowedOrigin></CORSRule></CORSConfiguration>",
      "400 InvalidRequest",
    ],
    [
      "cors",
      "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
      "400 MalformedXML",
    ],
    ["cors", "<CORSConfiguration/>", "400 MalformedXML"],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/></Rule></LifecycleConfiguration>",
      "400 InvalidRequest",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
      "400 MalformedXML",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Maybe</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
      "400 MalformedXML",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>0</Days></Expiration></Rule></LifecycleConfiguration>",
      "400 InvalidArgument",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>",
      "400 InvalidArgument",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>many</Days></Expiration></Rule></LifecycleConfiguration>",
      "400 MalformedXML",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><NoncurrentVersionTransition><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule></LifecycleConfiguration>",
      "400 MalformedXML",
    ],
    [
      "lifecycle",
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Transition><Days>1</Days></Transition></Rule></LifecycleConfiguration>",
      "400 MalformedXML",
    ],
    ["notification", notified("no:arn"), "400 InvalidArgument"],
    ["notification", notified("arn:aws:sns:us-east-1:1:q"), "400 InvalidArgument"],
    ["notification", notified("arn:aws:sqs:eu-west-1:1:q"), "400 InvalidArgument"],
    ["notification", notified("arn:aws:sqs:us-east-1:1:q", "object made"), "400 InvalidArgument"],
    ["website", "<WebsiteConfiguration></WebsiteConfiguration>", "400 InvalidArgument"],
    [
      "tagging",
      "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>",
      "400 InvalidTag",
    ],
    ["tagging", "<Tagging><TagSet><Tag><Key>aws:a</Key><Value>1</Value></Tag></TagSet></Tagging>", "400 InvalidTag"],
    ["versioning", "<VersioningConfiguration/>", "400 IllegalVersioningConfigurationException"],
    [
      "logging",
      "<BucketLoggingStatus><LoggingEnabled><TargetBucket>none</TargetBucket><TargetPrefix/></LoggingEnabled></BucketLoggingStatus>",
      "400 InvalidTargetBucketForLogging",
    ],
    [
      "requestPayment",
      "<RequestPaymentConfiguration><Payer>Me</Payer></RequestPaymentConfiguration>",
      "400 MalformedXML",
    ],
    ["requestPayment", "not xml", "400 MalformedXML"],
    ["requestPayment", "", "400 MissingRequestBodyError"],
    ["object-lock", "", "400 MissingRequestBodyError"],
    [
      "requestPayment",
      '<RequestPaymentConfiguration xmlns="urn:other"><Payer>Requester</Payer></RequestPaymentConfiguration>',
      "400 MalformedXML",
    ],
    [
      "requestPayment",
      "<RequestPaymentConfiguration><Payer>Requester</Payer><Payer>Requester</Payer></RequestPaymentConfiguration>",
      "400 MalformedXML",
    ],
    [
      "requestPayment",
      '<!DOCTYPE a [<!ENTITY b "c">]><RequestPaymentConfiguration><Payer>&b;</Payer></RequestPaymentConfiguration>',
      "400 MalformedXML",
    ],
    ["metrics&id=one", "<MetricsConfiguration><Id>two</Id></MetricsConfiguration>", "400 MalformedXML"],
    [
      "ownershipControls",
      "<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule></OwnershipControls>",
      "400 MalformedXML",
    ],
    ["policy", "[]", "400 MalformedPolicy"],
    ["policy", '{"Version":"2012-10-17"}', "400 MalformedPolicy"],
    [
      "policy",
      '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::another/*"}]}',
      "400 MalformedPolicy",
    ],
    [
      "policy",
      '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ec2:RunInstances","Resource":"arn:aws:s3:::bucket/*"}]}',
      "400 MalformedPolicy",
    ],
    [
      "policy",
      '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Whatever":{"a":"b"}}}]}',
      "400 MalformedPolicy",
    ],
  ])("%s is refused when it is %s", async (query, xml, expected) => {
    expect(fault(await set(query, xml))).toBe(expected);
  });

  it("may have prefixes, CDATA, references, comments and declarations", async () => {
    const xml = `\ufeff<?xml version='1.0'?><!-- c --><s:Tagging xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/">
      <s:TagSet><s:Tag><s:Key>a<![CDATA[ b]]></s:Key><s:Value>&#x41;&#66;<!-- c -->C</s:Value></s:Tag></s:TagSet></s:Tagging>`;
    expect((await set("tagging", xml)).status).toBe(204);
    expect(bare((await get("tagging")).text)).toBe(
      "<Tagging><TagSet><Tag><Key>a b</Key><Value>ABC</Value></Tag></TagSet></Tagging>",
    );
  });

  it("needs a checksum where S3 wants one", async () => {
    const xml = "<Tagging><TagSet/></Tagging>";
    expect(fault(await call(server, { method: "PUT", path: "/bucket?tagging", body: xml }))).toBe("400 InvalidRequest");
    const sum = createHash("sha256").update(xml).digest("base64");
    expect(
      (
        await call(server, {
          method: "PUT",
          path: "/bucket?tagging",
          body: xml,
          headers: { "x-amz-checksum-sha256": sum },
        })
      ).status,
    ).toBe(204);
  });
});

describe("tags of a bucket", () => {
  it("are none when none are set", async () => {
    await set("tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>");
    expect((await set("tagging", "<Tagging><TagSet></TagSet></Tagging>")).status).toBe(204);
    expect(fault(await get("tagging"))).toBe("404 NoSuchTagSet");
  });
});

describe("a policy", () => {
  it("stays as it came, byte for byte", async () => {
    const policy =
      ' { "Version": "2012-10-17",\r\n "Statement": {"Effect":"Deny","Principal":"*","Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::bucket","Sid":"é日"} } ';
    expect(fault(await get("policy"))).toBe("404 NoSuchBucketPolicy");
    expect((await set("policy", policy)).status).toBe(204);
    expect((await get("policy")).text).toBe(policy);
    expect(element((await get("policyStatus")).text, "IsPublic")).toBe("false");
    expect((await remove("policy")).status).toBe(204);
    expect(fault(await get("policyStatus"))).toBe("404 NoSuchBucketPolicy");
  });
});

describe("rules for other origins", () => {
  const preflight = (origin: string, method: string, headers = "x-amz-date") =>
    send(server, {
      method: "OPTIONS",
      path: "/bucket/k",
      headers: { Origin: origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers },
    });

  it("are told to browsers", async () => {
    await set(
      "cors",
      "<CORSConfiguration><CORSRule><AllowedHeader>x-amz-*</AllowedHeader><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>https://*.example.com</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-version-id</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
    );
    const { status, headers } = await preflight("https://a.example.com", "PUT");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "access-control-allow-origin": "https://a.example.com",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "x-amz-date",
      "access-control-expose-headers": "ETag, x-amz-version-id",
      "access-control-max-age": "60",
    });
    expect(fault(await preflight("https://example.org", "PUT"))).toBe("403 AccessForbidden");
    expect((await preflight("https://a.example.com", "DELETE")).status).toBe(403);
    expect((await preflight("https://a.example.com", "PUT", "content-type")).status).toBe(403);
    await put(server, "/bucket/k", "x");
    const answer = await call(server, { path: "/bucket/k", headers: { Origin: "http://anywhere" } });
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
    const plain = await call(server, { path: "/bucket/k" });
    expect(plain.headers["access-control-allow-origin"]).toBeUndefined();
    const failed = await call(server, { path: "/bucket/none", headers: { Origin: "http://anywhere" } });
    expect([failed.status, failed.headers["access-control-allow-origin"]]).toEqual([404, "*"]);
    await remove("cors");
    const without = await preflight("https://a.example.com", "PUT");
    expect(fault(without)).toBe("403 AccessForbidden");
    expect(element(without.text, "Message")).toMatch(/no rules/);
  });

  it("are not looked at for a preflight request that is none", async () => {
    const requests: Record<string, string>[] = [
      { "Access-Control-Request-Method": "GET" },
      { Origin: "https://a.example.com" },
      { Origin: "https://a.example.com", "Access-Control-Request-Method": "PATCH" },
    ];
    for (const headers of requests)
      expect(fault(await send(server, { method: "OPTIONS", path: "/bucket/k", headers }))).toBe("400 BadRequest");
  });
});

describe("tags of objects", () => {
  it("are put, given back and deleted", async () => {
    await put(server, "/bucket/tagged", "x", { "x-amz-tagging": "a=1&b%20c=d%2Be&f" });
    const tagging = (method: string, xml = "") =>
      method === "PUT"
        ? document(server, "PUT", "/bucket/tagged?tagging", xml)
        : call(server, { method, path: "/bucket/tagged?tagging" });
    expect(bare((await tagging("GET")).text)).toBe(
      "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b c</Key><Value>d+e</Value></Tag><Tag><Key>f</Key><Value/></Tag></TagSet></Tagging>",
    );
    const xml = (count: number): string =>
      `<Tagging><TagSet>${Array.from({ length: count }, (_, i) => `<Tag><Key>k${i}</Key><Value>v</Value></Tag>`).join("")}</TagSet></Tagging>`;
    expect((await tagging("PUT", xml(10))).status).toBe(200);
    expect(fault(await tagging("PUT", xml(11)))).toBe("400 BadRequest");
    expect((await call(server, { path: "/bucket/tagged" })).headers["x-amz-tagging-count"]).toBe("10");
    expect((await tagging("DELETE")).status).toBe(204);
    expect(bare((await tagging("GET")).text)).toBe("<Tagging><TagSet></TagSet></Tagging>");
  });
});

describe("object lock", () => {
  it("keeps versions from being deleted", async () => {
    let now = new Date("2030-01-01T00:00:00Z");
    const dated = await S3Server.start({ clock: () => now });
    const ask = (method: string, path: string, body: string | undefined, headers: Record<string, string> = {}) =>
      call(dated, {
        method,
        path,
        ...(body === undefined ? {} : { body }),
        headers: {
          Date: now.toUTCString(),
          ...(body === undefined ? {} : { "Content-MD5": createHash("md5").update(body).digest("base64") }),
          ...headers,
        },
      });
    await ask("PUT", "/locked", "", { "x-amz-bucket-object-lock-enabled": "true" });
    expect(element((await ask("GET", "/locked?versioning", undefined)).text, "Status")).toBe("Enabled");
    expect(
      fault(
        await ask(
          "PUT",
          "/locked?versioning",
          "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
        ),
      ),
    ).toBe("409 InvalidBucketState");
    const lock = {
      "x-amz-object-lock-mode": "COMPLIANCE",
      "x-amz-object-lock-retain-until-date": "2030-01-02T00:00:00Z",
    };
    expect(fault(await ask("PUT", "/locked/k", "x", { "x-amz-object-lock-mode": "COMPLIANCE" }))).toBe(
      "400 InvalidArgument",
    );
    expect(
      fault(
        await ask("PUT", "/locked/k", "x", { ...lock, "x-amz-object-lock-retain-until-date": "2029-01-01T00:00:00Z" }),
      ),
    ).toBe("400 InvalidArgument");
    const bareLock = { method: "PUT", path: "/locked/k", body: "x", headers: { Date: now.toUTCString(), ...lock } };
    const unvouched = await call(dated, bareLock);
    expect([fault(unvouched), unvouched.text]).toEqual(["400 InvalidRequest", expect.stringContaining("Content-MD5")]);
    const id = (await ask("PUT", "/locked/k", "x", lock)).headers["x-amz-version-id"] as string;
    const { headers } = await ask("HEAD", "/locked/k", undefined);
    expect([headers["x-amz-object-lock-mode"], headers["x-amz-object-lock-retain-until-date"]]).toEqual([
      "COMPLIANCE",
      "2030-01-02T00:00:00.000Z",
    ]);
    const erase = (more: Record<string, string> = {}) => ask("DELETE", `/locked/k?versionId=${id}`, undefined, more);
    expect(fault(await erase())).toBe("403 AccessDenied");
    expect(fault(await erase({ "x-amz-bypass-governance-retention": "true" }))).toBe("403 AccessDenied");
    const retain = (xml: string, more: Record<string, string> = {}) =>
      ask("PUT", "/locked/k?retention", `<Retention>${xml}</Retention>`, more);
    expect(fault(await retain("<Mode>GOVERNANCE</Mode><RetainUntilDate>2031-01-01T00:00:00Z</RetainUntilDate>"))).toBe(
      "403 AccessDenied",
    );
    expect(
      (await retain("<Mode>COMPLIANCE</Mode><RetainUntilDate>2030-01-03T00:00:00Z</RetainUntilDate>")).status,
    ).toBe(200);
    expect((await ask("DELETE", "/locked/k", undefined)).status).toBe(204);
    now = new Date("2030-01-02T12:00:00Z");
    expect(fault(await erase())).toBe("403 AccessDenied");
    now = new Date("2030-01-03T00:00:01Z");
    expect(
      (await ask("PUT", `/locked/k?legal-hold&versionId=${id}`, "<LegalHold><Status>ON</Status></LegalHold>")).status,
    ).toBe(200);
    expect(fault(await erase())).toBe("403 AccessDenied");
    await ask("PUT", `/locked/k?legal-hold&versionId=${id}`, "<LegalHold><Status>OFF</Status></LegalHold>");
    expect((await erase()).status).toBe(204);
    await dated.stop();
  });

  it("has a default, and governance that can be passed by", async () => {
    await call(server, {
      method: "PUT",
      path: "/governed",
      body: "",
      headers: { "x-amz-bucket-object-lock-enabled": "true" },
    });
    const rule =
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    expect((await document(server, "PUT", "/governed?object-lock", rule)).status).toBe(200);
    expect(bare((await call(server, { path: "/governed?object-lock" })).text)).toBe(rule);
    const id = (await put(server, "/governed/k", "x")).headers["x-amz-version-id"] as string;
    expect(element((await call(server, { path: "/governed/k?retention" })).text, "Mode")).toBe("GOVERNANCE");
    const erase = (headers: Record<string, string> = {}) =>
      call(server, { method: "DELETE", path: `/governed/k?versionId=${id}`, headers });
    expect(fault(await erase())).toBe("403 AccessDenied");
    expect((await erase({ "x-amz-bypass-governance-retention": "true" })).status).toBe(204);
    expect(fault(await call(server, { path: "/logs?object-lock" }))).toBe("404 ObjectLockConfigurationNotFoundError");
    await put(server, "/logs/k");
    expect(
      fault(await document(server, "PUT", "/logs/k?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>")),
    ).toBe("400 InvalidRequest");
  });
});

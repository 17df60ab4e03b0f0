import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type Credentials, S3Client, Session } from "tucuxi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, fail, failureOf, keys, nowhere, onAws, Play, type Sent, Service, verdict } from "./support.js";

const object = { Bucket: "river", Key: "k" };
const minute = 60_000;

/** What a request was signed with: key id and time. */
const signedBy = (sent: Sent): string => /Credential=([^/]+)/.exec(sent.headers["authorization"]!)![1]!;
const timeOf = (amzDate: string): number =>
  Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));

describe("a clock that is wrong", () => {
  /** A service whose clock is ahead of ours. */
  const ahead = (ms: number, error: (time: Date) => Answer): Play =>
    new Play((sent) => {
      const time = new Date(Date.now() + ms);
      const off = Math.abs(timeOf(sent.headers["x-amz-date"]!) - time.getTime());
      return off > 15 * minute ? error(time) : {};
    });
  const skewed = (time: Date): Answer =>
    fail(403, "RequestTimeTooSkewed", { ServerTime: time.toISOString(), MaxAllowedSkewMilliseconds: "900000" });

  it.each([
    ["ahead", "deleteObject", 3 * 60 * minute, skewed],
    ["behind", "deleteObject", -3 * 60 * minute, skewed],
    [
      "by its Date header alone",
      "deleteObject",
      60 * minute,
      (time: Date) => fail(403, "RequestTimeTooSkewed", {}, { date: time.toUTCString() }),
    ],
    [
      "by the Date header of a refusal that does not speak of time",
      "deleteObject",
      -20 * minute,
      (time: Date) => fail(403, "SignatureDoesNotMatch", {}, { date: time.toUTCString() }),
    ],
    [
      "by that of a service with codes of its own",
      "deleteObject",
      20 * minute,
      (time: Date) => fail(401, "Unauthorized", {}, { date: time.toUTCString() }),
    ],
    [
      "of a HEAD, which has no code",
      "headObject",
      60 * minute,
      (time: Date) => ({ status: 403, headers: { date: time.toUTCString() } }),
    ],
  ] as [string, "deleteObject" | "headObject", number, (time: Date) => Answer][])(
    "is set right once, and stays so: %s",
    async (_, method, ms, error) => {
      const play = ahead(ms, error);
      await using s3 = onAws(play);
      const { ResponseMetadata } = await s3[method](object);
      expect(ResponseMetadata.RetryAttempts).toBe(1);
      const off = timeOf(play.last.headers["x-amz-date"]!) - Date.now() - ms;
      expect(Math.abs(off)).toBeLessThan(minute);
      expect(verdict(play.last, { date: new Date(Date.now() + ms) })).toMatchObject({ valid: true });
      await s3[method](object);
      expect(play.sent).toHaveLength(3);
      const url = new URL(await s3.presign("getObject", object));
      expect(Math.abs(timeOf(url.searchParams.get("X-Amz-Date")!) - Date.now() - ms)).toBeLessThan(minute);
      const { fields } = await s3.presignPost(object);
      expect(Math.abs(timeOf(fields["x-amz-date"]!) - Date.now() - ms)).toBeLessThan(minute);
    },
  );

  it("is not taken for wrong twice", async () => {
    const play = new Play((_, number) => skewed(new Date(Date.now() + number * 60 * minute)));
    await using s3 = onAws(play, { maxAttempts: 5 });
    const error = await failureOf(s3.deleteObject(object));
    expect(error).toMatchObject({ code: "RequestTimeTooSkewed", attempts: 2 });
    expect(error.hint).toMatch(/clock/);
  });

  it("is not to blame for what has nothing to do with it", async () => {
    const date = new Date(Date.now() + 60 * minute).toUTCString();
    for (const [status, code] of [
      [400, "InvalidArgument"],
      [404, "NoSuchKey"],
      [412, "PreconditionFailed"],
    ] as const) {
      const play = new Play(() => fail(status, code, {}, { date }));
      await using s3 = onAws(play);
      expect(await failureOf(s3.deleteObject(object))).toMatchObject({ code, attempts: 1 });
    }
  });

  it.each(["getObject", "headObject"] as const)("is put back where it was not what was minded: %s", async (method) => {
    const date = new Date(Date.now() + 60 * minute).toUTCString();
    const play = new Play((_, number) => (number <= 2 ? fail(403, "AccessDenied", {}, { date }) : {}));
    await using s3 = onAws(play);
    expect(await failureOf(s3[method](object))).toMatchObject({ statusCode: 403, attempts: 2 });
    await s3[method](object);
    const times = play.sent.map(({ headers }) => timeOf(headers["x-amz-date"]!) - Date.now());
    expect(times.map((ms) => ms > 30 * minute)).toEqual([false, true, false]);
  });

  it("is not believed to be days wrong for a refusal that does not speak of time", async () => {
    const date = new Date(Date.now() - 3 * 24 * 60 * minute).toUTCString();
    const play = new Play(() => fail(403, "AccessDenied", {}, { date }));
    await using s3 = onAws(play);
    expect(await failureOf(s3.getObject(object))).toMatchObject({ attempts: 1 });
  });

  it("is not set by an answer that was kept somewhere, nor for who signs nothing", async () => {
    const date = new Date(Date.now() - 60 * minute).toUTCString();
    const kept = new Play(() => fail(403, "AccessDenied", {}, { date, age: "3600" }));
    await using s3 = onAws(kept);
    expect(await failureOf(s3.deleteObject(object))).toMatchObject({ attempts: 1 });
    const plain = new Play(() => fail(403, "AccessDenied", {}, { date }));
    await using anonymous = onAws(plain, { credentials: "anonymous" });
    expect(await failureOf(anonymous.getObject(object))).toMatchObject({ attempts: 1 });
  });

  it("is not to blame where the service's time is ours", async () => {
    const play = new Play(() => skewed(new Date()));
    await using s3 = onAws(play);
    await failureOf(s3.deleteObject(object));
    expect(play.sent).toHaveLength(1);
  });
});

describe("credentials that have expired", () => {
  const provider = () => {
    let count = 0;
    return vi.fn(async (): Promise<Credentials> => {
      count++;
      return { accessKeyId: `AKID${count}`, secretAccessKey: `secret${count}`, sessionToken: `token${count}` };
    });
  };
  const refuses = (id: string, code = "ExpiredToken"): Play =>
    new Play((sent) => (signedBy(sent) === id ? fail(400, code) : {}));

  it.each(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"])(
    "are fetched anew once for all that met %s",
    async (code) => {
      const credentials = provider();
      const play = refuses("AKID1", code);
      await using s3 = onAws(play, { credentials });
      const outputs = await Promise.all(Array.from({ length: 30 }, () => s3.deleteObject(object)));
      expect(credentials).toHaveBeenCalledTimes(2);
      expect(new Set(outputs.map(({ ResponseMetadata }) => ResponseMetadata.RetryAttempts))).toEqual(new Set([1]));
      expect(play.sent).toHaveLength(60);
      expect(play.last.headers["x-amz-security-token"]).toBe("token2");
      await s3.deleteObject(object);
      expect(signedBy(play.last)).toBe("AKID2");
      expect(credentials).toHaveBeenCalledTimes(2);
    },
  );

  it("are fetched anew even where the key id stays", async () => {
    let count = 0;
    const credentials = vi.fn(async () => ({ ...keys, sessionToken: `token${++count}` }));
    const play = new Play((sent) =>
      sent.headers["x-amz-security-token"] === "token1" ? fail(400, "ExpiredToken") : {},
    );
    await using s3 = onAws(play, { credentials });
    const slow = s3.deleteObject(object);
    await Promise.all([slow, s3.deleteObject(object), s3.deleteObject(object)]);
    expect(credentials).toHaveBeenCalledTimes(2);
  });

  it("end the call when the new ones are refused as well", async () => {
    const credentials = provider();
    const play = new Play(() => fail(400, "ExpiredToken"));
    await using s3 = onAws(play, { credentials, maxAttempts: 5 });
    expect(await failureOf(s3.deleteObject(object))).toMatchObject({ code: "ExpiredToken", attempts: 2 });
    expect(credentials).toHaveBeenCalledTimes(2);
  });

  it("end the call when there are no others", async () => {
    const play = new Play(() => fail(400, "ExpiredToken"));
    await using s3 = onAws(play, { credentials: { ...keys, sessionToken: "t" } });
    const error = await failureOf(s3.deleteObject(object));
    expect(error).toMatchObject({ code: "ExpiredToken", attempts: 1 });
    expect(error.hint).toMatch(/provider function/);
    expect(play.sent).toHaveLength(1);
  });
});

describe("a provider function", () => {
  it("is asked once by calls that come together", async () => {
    const credentials = vi.fn(async () => keys);
    const play = new Play();
    await using s3 = onAws(play, { credentials });
    await Promise.all(Array.from({ length: 10 }, () => s3.headObject(object)));
    expect(credentials).toHaveBeenCalledTimes(1);
  });

  it("is asked once, too, after a presignSync that came too early", async () => {
    const credentials = vi.fn(async () => keys);
    const play = new Play();
    await using s3 = onAws(play, { credentials });
    expect(() => s3.presignSync("getObject", object)).toThrow(/no credentials yet|not loaded/);
    await Promise.all(Array.from({ length: 10 }, () => s3.headObject(object)));
    expect(credentials).toHaveBeenCalledTimes(1);
    expect(s3.presignSync("getObject", object)).toContain("X-Amz-Signature=");
  });

  it("is asked again when what it gave is about to end", async () => {
    const credentials = vi.fn(async () => ({ ...keys, expiration: new Date(Date.now() + 5 * minute) }));
    const play = new Play();
    await using s3 = onAws(play, { credentials });
    await s3.headObject(object);
    await s3.headObject(object);
    expect(credentials.mock.calls.length).toBeGreaterThan(1);
  });

  it.each([
    ["fails", async () => Promise.reject(new Error("no vault"))],
    ["gives nothing", async () => undefined],
    ["gives half", async () => ({ accessKeyId: "AKID" })],
  ])("fails the call and is asked again by the next one when it %s", async (_, broken) => {
    let healed = false;
    const credentials = vi.fn(async () => (healed ? keys : await broken())) as unknown as () => Promise<Credentials>;
    const play = new Play();
    await using s3 = onAws(play, { credentials, maxAttempts: 3 });
    await failureOf(s3.headObject(object));
    expect(credentials).toHaveBeenCalledTimes(1);
    expect(play.sent).toEqual([]);
    healed = true;
    await s3.headObject(object);
    expect(play.sent).toHaveLength(1);
  });

  it("is named when it fails, with what it threw as the cause", async () => {
    const cause = new Error("no vault");
    await using s3 = onAws(new Play(), { credentials: () => Promise.reject(cause) });
    expect(await failureOf(s3.headObject(object))).toMatchObject({
      name: "CredentialsError",
      code: "CredentialsProviderFailed",
      message: "The credentials provider failed: no vault",
      cause,
    });
  });

  it("can be left waiting", async () => {
    const credentials = (): Promise<Credentials> => new Promise(() => {});
    await using s3 = onAws(new Play(), { credentials });
    const controller = new AbortController();
    const failure = failureOf(s3.headObject(object, { signal: controller.signal }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort("enough");
    expect(await failure).toBe("enough");
    expect((await failureOf(s3.headObject(object, { timeout: 10 }))).message).toMatch(/10 ms: nothing was sent/);
  });
});

describe("credentials given as they are", () => {
  it.each([[{ accessKeyId: "AKID" }], [{ secretAccessKey: "s" }], [{ accessKeyId: "", secretAccessKey: "" }], [{}]])(
    "are checked when the client is made: %o",
    (credentials) => {
      const make = (): unknown => new S3Client({ credentials: credentials as Credentials });
      expect(make).toThrow(expect.objectContaining({ name: "CredentialsError" }));
      expect(() => new Session({ credentials: credentials as Credentials })).toThrow(/accessKeyId and secretAccessKey/);
    },
  );

  it("lose the line end that a file left on them", async () => {
    const play = new Play();
    const { accessKeyId, secretAccessKey } = keys;
    await using s3 = onAws(play, {
      credentials: { accessKeyId: `${accessKeyId}\n`, secretAccessKey: ` ${secretAccessKey}\n` },
    });
    await s3.headObject(object);
    expect(verdict(play.last)).toMatchObject({ valid: true });
  });
});

describe("presigning at once", () => {
  it("works with keys given, before any call", () => {
    const s3 = onAws(new Play());
    expect(s3.presignSync("getObject", object)).toMatch(
      /^https:\/\/river\.s3\.eu-central-1\.amazonaws\.com\/k\?X-Amz-/,
    );
  });

  it("works after the session's credentials were awaited, as its error says", async () => {
    const env = { ...nowhere, AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "secret" };
    const session = new Session({ env, region: "eu-west-1" });
    const s3 = session.client();
    expect(() => s3.presignSync("getObject", object)).toThrow(
      expect.objectContaining({ code: "CredentialsNotLoaded", hint: expect.stringContaining("session.credentials()") }),
    );
    await session.credentials();
    expect(s3.presignSync("getObject", object)).toContain("AKIDENV%2F");
    expect(session.client().presignSync("getObject", object)).toContain("AKIDENV%2F");
  });

  it("checks its input before it looks for credentials", () => {
    const s3 = new Session({ env: nowhere }).client();
    for (const input of [undefined, {}, { Bucket: 1, Key: "k" }, { Bucket: "river", Key: "" }]) {
      expect(() => s3.presignSync("getObject", input as never)).toThrow(
        expect.objectContaining({ name: "ParamValidationError" }),
      );
    }
    expect(() => s3.presignSync("getObjekt" as "getObject", object)).toThrow(/getObjekt/);
    expect(() => s3.presignSync("putObject", { ...object, Body: "x" })).toThrow(/not part of a presigned URL/);
    for (const expiresIn of [0, -1, 604_801, 1.5, Number.NaN, "60" as never]) {
      expect(() => s3.presignSync("getObject", object, { expiresIn })).toThrow(/expiresIn/);
    }
    expect(() => s3.presignSync("getObject", object, { signingDate: new Date(Number.NaN) })).not.toThrow(TypeError);
    expect(() => s3.presignSync("getObject", object, { headers: { a: "b\r\nc: d" } })).toThrow(/line end/);
  });
});

describe("sessions", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/tucuxi-`);
    await writeFile(
      `${folder}/config`,
      "[default]\nregion = eu-west-1\n[profile work]\nregion = eu-north-1\n[profile bare]\noutput = json\n",
    );
    await writeFile(
      `${folder}/credentials`,
      "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = a\n[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = b\n",
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  const env = (more: Record<string, string> = {}) => ({
    ...nowhere,
    AWS_CONFIG_FILE: `${folder}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials`,
    ...more,
  });

  it.each([
    [{}, {}, {}, "eu-west-1"],
    [{}, { profile: "work" }, {}, "eu-north-1"],
    [{ AWS_PROFILE: "work" }, {}, {}, "eu-north-1"],
    [{ AWS_DEFAULT_REGION: "eu-south-1" }, { profile: "work" }, {}, "eu-south-1"],
    [{ AWS_REGION: "sa-east-1", AWS_DEFAULT_REGION: "eu-south-1" }, {}, {}, "sa-east-1"],
    [{ AWS_REGION: "sa-east-1" }, { region: "ca-central-1" }, {}, "ca-central-1"],
    [{ AWS_REGION: "sa-east-1" }, { region: "ca-central-1" }, { region: "us-west-1" }, "us-west-1"],
    [{}, { profile: "bare" }, {}, "us-east-1"],
  ])("find their region: %o, %o, %o: %s", (variables, options, client, region) => {
    const session = new Session({ env: env(variables as Record<string, string>), ...options });
    expect(session.client(client).region).toBe(region);
    if (!("region" in client) && region !== "us-east-1") expect(session.region).toBe(region);
    if (region === "us-east-1") expect(session.region).toBeUndefined();
  });

  it.each<[object | null | string, string]>([
    [{ profil: "work" }, "profil"],
    [{ Region: "eu-west-1" }, "Region"],
    [{ profile: "" }, "profile"],
    [{ profile: 5 }, "profile"],
    [{ region: {} }, "region"],
    [{ credentials: "AKID" }, "credentials"],
    [{ credentials: { accessKeyId: "AKID" } }, "credentials"],
    [{ configFile: 5 }, "configFile"],
    [{ env: "HOME" }, "env"],
    [{ mfaCodeProvider: "123456" }, "mfaCodeProvider"],
    [null, "Session"],
    ["work", "Session"],
  ])("refuse options that are misspelt or of the wrong kind: %o", (options, named) => {
    expect(() => new Session(options as never)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(new RegExp(`^${named}: `)) }),
    );
    expect(new Session({ profile: undefined, region: undefined, credentials: undefined })).toBeInstanceOf(Session);
  });

  it("stand side by side", async () => {
    const sessions = ["default", "work"].map((profile) => new Session({ env: env(), profile }));
    const play = new Play();
    for (const session of sessions) {
      await using s3 = session.client({ dispatcher: play });
      await s3.headObject(object);
    }
    expect(play.sent.map((sent) => `${signedBy(sent)} ${sent.origin}`)).toEqual([
      "AKIDDEFAULT https://river.s3.eu-west-1.amazonaws.com",
      "AKIDWORK https://river.s3.eu-north-1.amazonaws.com",
    ]);
  });

  it("give clients of another profile that profile's region and keys", async () => {
    const play = new Play();
    const session = new Session({ env: env() });
    await using s3 = session.client({ profile: "work", dispatcher: play });
    await s3.headObject(object);
    expect(signedBy(play.last)).toBe("AKIDWORK");
    expect(s3.region).toBe("eu-north-1");
  });

  it("list their profiles, and say which is not there", async () => {
    const session = new Session({ env: env(), profile: "wrok" });
    expect(session.availableProfiles.sort()).toEqual(["bare", "default", "work"]);
    await expect(session.client().listBuckets()).rejects.toMatchObject({ name: "ConfigError" });
    expect((await failureOf(session.client().listBuckets())).message).toMatch(/wrok/);
  });

  it("send through their dispatcher, for keys and for clients that name none", async () => {
    await writeFile(
      `${folder}/config`,
      "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = work\n",
    );
    const role =
      "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    const play = new Play((sent) => (sent.origin.includes("sts.") ? { body: role } : {}));
    const session = new Session({ env: env(), dispatcher: play });
    await using s3 = session.client();
    await s3.headObject(object);
    expect(play.sent.map((sent) => `${signedBy(sent)} ${sent.origin}`)).toEqual([
      "AKIDWORK https://sts.eu-west-1.amazonaws.com",
      "ASIAROLE https://river.s3.eu-west-1.amazonaws.com",
    ]);
    const own = new Play();
    await using other = session.client({ dispatcher: own });
    await other.headObject(object);
    expect([play.sent.length, own.sent.length]).toEqual([2, 1]);
  });

  it("share the credentials that they fetch", async () => {
    const credentials = vi.fn(async () => keys);
    const session = new Session({ env: env(), credentials });
    const play = new Play();
    await using a = session.client({ dispatcher: play });
    await using b = session.client({ dispatcher: play });
    await Promise.all([a.headObject(object), b.headObject(object), session.credentials()]);
    expect(credentials).toHaveBeenCalledTimes(1);
  });

  it("can be anonymous", async () => {
    const play = new Play();
    const session = new Session({ env: env(), credentials: "anonymous" });
    await using s3 = session.client({ dispatcher: play });
    await s3.headObject(object);
    expect(play.last.headers).not.toHaveProperty("authorization");
    await expect(session.credentials()).rejects.toMatchObject({ code: "NoCredentials" });
    await expect(session.callerIdentity()).rejects.toMatchObject({ code: "NoCredentials" });
    await using signed = session.client({ dispatcher: play, credentials: keys });
    await signed.headObject(object);
    expect(verdict(play.last, { region: "eu-west-1" })).toMatchObject({ valid: true });
  });

  it("know S3's regions", () => {
    const session = new Session({ env: env() });
    expect(session.availableRegions()).toEqual(expect.arrayContaining(["us-east-1", "eu-central-1"]));
    expect(session.availableRegions("aws-cn").every((name) => name.startsWith("cn-"))).toBe(true);
    expect(session.availableRegions("mars")).toEqual([]);
    expect(session.partitionForRegion("cn-north-1")).toBe("aws-cn");
  });

  it("say who one is", async () => {
    await using sts = await Service.start((sent) =>
      sent.headers["authorization"]?.includes("AKIDWORK/")
        ? {
            body: "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/pink</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
          }
        : {
            status: 403,
            body: "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>who?</Message></Error></ErrorResponse>",
          },
    );
    const session = new Session({ env: env({ AWS_ENDPOINT_URL_STS: sts.url }), profile: "work" });
    expect(await session.callerIdentity()).toEqual({
      account: "123456789012",
      arn: "arn:aws:iam::123456789012:user/pink",
      userId: "AIDA",
    });
    expect(sts.last.body.toString()).toBe("Action=GetCallerIdentity&Version=2011-06-15");
    expect(sts.last.headers["authorization"]).toContain("/eu-north-1/sts/aws4_request");
    const other = new Session({ env: env({ AWS_ENDPOINT_URL_STS: sts.url }) });
    await expect(other.callerIdentity()).rejects.toMatchObject({ code: "InvalidClientTokenId" });
  });
});

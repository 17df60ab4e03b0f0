import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { S3Client, type S3ClientOptions, Session, type SessionOptions } from "tucuxi";
import { Agent } from "undici";
import { describe, expect, it } from "vitest";
import { failureOf, keys, nowhere, onAws, Play, verdict } from "./support.js";

const object = { Bucket: "river", Key: "k" };

describe("options of a client", () => {
  it("may all be given as undefined, or not at all", () => {
    const none: S3ClientOptions = {
      region: undefined,
      endpoint: undefined,
      credentials: undefined,
      profile: undefined,
      maxAttempts: undefined,
      hooks: undefined,
      logger: undefined,
      dispatcher: undefined,
    };
    expect(new S3Client(none)).toBeInstanceOf(S3Client);
    expect(new S3Client()).toBeInstanceOf(S3Client);
    expect(new S3Client(undefined)).toBeInstanceOf(S3Client);
  });

  it("are not the client's to change, nor changed behind its back", async () => {
    const options = Object.freeze({
      region: "eu-central-1",
      credentials: Object.freeze({ ...keys }),
      dispatcher: new Play(),
    });
    await new S3Client(options).headObject(object);
    const changed = { region: "eu-central-1", credentials: { ...keys }, dispatcher: new Play() };
    const s3 = new S3Client(changed);
    changed.region = "us-west-2";
    changed.credentials.secretAccessKey = "another";
    await s3.headObject(object);
    expect(verdict(changed.dispatcher.last)).toMatchObject({ valid: true });
  });

  it.each([
    ["Region", "region"],
    ["maxattempts", "maxAttempts"],
    ["forcepathstyle", "forcePathStyle"],
    ["endPoint", "endpoint"],
    ["maxAttempt", "Did you mean maxAttempts?"],
  ])("are refused where they are misspelt: %s", (wrong, right) => {
    expect(() => new S3Client({ [wrong]: 1 } as S3ClientOptions)).toThrow(
      expect.objectContaining({
        name: "ConfigError",
        code: "UnknownOption",
        message: expect.stringContaining(wrong),
        hint: expect.stringContaining(right),
      }),
    );
  });

  it.each(["regoin", "endpointUrl", "s3ForcePathStyle", "__proto__x", "constructor"])(
    "are refused where nobody knows them: %s",
    (name) => {
      expect(() => new S3Client({ [name]: true } as S3ClientOptions)).toThrow(
        expect.objectContaining({
          code: "UnknownOption",
          hint: expect.stringContaining("region, endpoint, credentials"),
        }),
      );
    },
  );

  it.each([
    { region: 1 },
    { region: "" },
    { endpoint: new URL("http://x") },
    { credentials: "secret" },
    { credentials: 5 },
    { profile: true },
    { forcePathStyle: "true" },
    { useFipsEndpoint: 1 },
    { followRegionRedirects: "no" },
    { retryMode: "legacy" },
    { maxAttempts: 0 },
    { maxAttempts: 1.5 },
    { maxAttempts: "3" },
    { connectTimeout: -1 },
    { requestTimeout: 0 },
    { requestTimeout: Number.NaN },
    { maxConnections: 0 },
    { dispatcher: {} },
    { requestChecksumCalculation: "when_supported" },
    { responseChecksumValidation: true },
    { payloadSigning: null },
    { userAgentAppId: "" },
    { ignoreConfiguredEndpointUrls: "true" },
    { sigv4aSigningRegionSet: "*" },
    { sigv4aSigningRegionSet: [] },
    { sigv4aSigningRegionSet: ["eu central"] },
    { authSchemePreference: "sigv4a" },
    { resumeDownloads: 1 },
    { logger: "console" },
    { hooks: () => {} },
    { hooks: { beforeSign: "x" } },
    { hooks: { beforeSing: () => {} } },
  ])("are refused where they are of the wrong kind: %o", (options) => {
    const [name] = Object.keys(options);
    expect(() => new S3Client(options as unknown as S3ClientOptions)).toThrow(
      expect.objectContaining({ name: "ConfigError", message: expect.stringContaining(name!) }),
    );
  });

  it.each([null, "eu-central-1", 5])("are refused where they are no object: %o", (options) => {
    expect(() => new S3Client(options as never)).toThrow(expect.objectContaining({ name: "ConfigError" }));
  });

  it("include a dispatcher of undici's", async () => {
    const dispatcher = new Agent();
    const s3 = new S3Client({ dispatcher, region: "eu-central-1", credentials: keys });
    await s3.close();
    expect(dispatcher.destroyed).toBe(false);
    await dispatcher.close();
  });

  it("name the application in the User-Agent", async () => {
    const play = new Play();
    await using s3 = onAws(play, { userAgentAppId: "my app/1" });
    await s3.headObject(object);
    expect(play.last.headers["user-agent"]).toMatch(/^tucuxi\/\S+ os\/\w+ lang\/js md\/nodejs#\S+ app\/my-app-1$/);
    const env = { ...nowhere, AWS_SDK_UA_APP_ID: "from-env" };
    await using other = new Session({ env, credentials: keys }).client({ dispatcher: play });
    await other.headObject(object);
    expect(play.last.headers["user-agent"]).toContain(" app/from-env");
  });
});

describe("the options of a session", () => {
  it("are refused where they are misspelt", () => {
    expect(() => new Session({ profil: "work" } as SessionOptions)).toThrow(
      expect.objectContaining({ name: "ConfigError", hint: expect.stringContaining("Did you mean profile?") }),
    );
  });
});

describe("what is said of signing", () => {
  const mrap = { Bucket: "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", Key: "k" };
  const outpost = { Bucket: "arn:aws:s3-outposts:eu-central-1:123456789012:outpost/op-1/accesspoint/ap", Key: "k" };

  it.each<[string, S3ClientOptions, Record<string, string>]>([
    ["*", {}, {}],
    ["eu-central-1,us-west-2", {}, { AWS_SIGV4A_SIGNING_REGION_SET: "eu-central-1, us-west-2" }],
    ["eu-west-1", { sigv4aSigningRegionSet: ["eu-west-1"] }, { AWS_SIGV4A_SIGNING_REGION_SET: "us-west-2" }],
  ])("signs for the regions %s, as option and environment have it", async (set, options, env) => {
    const play = new Play();
    const session = new Session({ env: { ...nowhere, ...env }, credentials: keys, region: "eu-central-1" });
    await using s3 = session.client({ ...options, dispatcher: play });
    await s3.headObject(mrap);
    expect(play.last.headers["x-amz-region-set"]).toBe(set);
    expect(new URL(await s3.presign("getObject", mrap)).searchParams.get("X-Amz-Region-Set")).toBe(set);
  });

  it.each<[string, S3ClientOptions, Record<string, string>]>([
    ["AWS4-HMAC-SHA256", {}, {}],
    ["AWS4-ECDSA-P256-SHA256", {}, { AWS_AUTH_SCHEME_PREFERENCE: "sigv4a,sigv4" }],
    ["AWS4-HMAC-SHA256", { authSchemePreference: ["sigv4"] }, { AWS_AUTH_SCHEME_PREFERENCE: "sigv4a" }],
    ["AWS4-HMAC-SHA256", { authSchemePreference: ["httpBearerAuth"] }, {}],
  ])("signs with %s where an endpoint leaves the choice", async (algorithm, options, env) => {
    const play = new Play();
    const session = new Session({ env: { ...nowhere, ...env }, credentials: keys, region: "eu-central-1" });
    await using s3 = session.client({ ...options, dispatcher: play });
    await s3.headObject(outpost);
    expect(play.last.headers["authorization"]?.split(" ")[0]).toBe(algorithm);
    // Elsewhere there is nothing to choose.
    await s3.headObject(object);
    expect(play.last.headers["authorization"]).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  it("names a region set that cannot be one", async () => {
    const env = { ...nowhere, AWS_SIGV4A_SIGNING_REGION_SET: "eu central" };
    const error = await failureOf(new Session({ env, credentials: keys }).client().headObject(mrap));
    expect(error).toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("AWS_SIGV4A_SIGNING_REGION_SET"),
    });
  });
});

describe("path style", () => {
  const arn = { Bucket: "arn:aws:s3:eu-central-1:123456789012:accesspoint/ap", Key: "k" };

  it("of the profile is about names of buckets; that of an option excludes ARNs", async () => {
    const folder = await mkdtemp(`${tmpdir()}/tucuxi-`);
    try {
      await writeFile(`${folder}/config`, "[default]\nregion = eu-central-1\ns3 =\n  addressing_style = path\n");
      const play = new Play();
      const session = new Session({ env: { ...nowhere, AWS_CONFIG_FILE: `${folder}/config` }, credentials: keys });
      await using s3 = session.client({ dispatcher: play });
      await s3.headObject(object);
      await s3.headObject(arn);
      expect(play.sent.map(({ origin, path }) => origin + path)).toEqual([
        "https://s3.eu-central-1.amazonaws.com/river/k",
        "https://ap-123456789012.s3-accesspoint.eu-central-1.amazonaws.com/k",
      ]);
      await using asked = session.client({ dispatcher: play, forcePathStyle: true });
      expect((await failureOf(asked.headObject(arn))).message).toMatch(
        /^Path-style addressing cannot be used with ARN/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("endpoints that are configured", () => {
  it.each<[boolean | undefined, string, string]>([
    [undefined, "false", "https://box.example"],
    [undefined, "true", "https://river.s3.eu-central-1.amazonaws.com"],
    [true, "false", "https://river.s3.eu-central-1.amazonaws.com"],
    [false, "true", "https://box.example"],
  ])(
    "are passed over when option %s or variable %s says so",
    async (ignoreConfiguredEndpointUrls, variable, origin) => {
      const play = new Play();
      const env = {
        ...nowhere,
        AWS_ENDPOINT_URL: "https://box.example",
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: variable,
      };
      const session = new Session({ env, credentials: keys, region: "eu-central-1" });
      await using s3 = session.client({ ignoreConfiguredEndpointUrls, dispatcher: play });
      await s3.headObject(object);
      expect(play.last.origin).toBe(origin);
    },
  );
});

describe("where requests cannot go", () => {
  it.each([
    [{ endpoint: "ftp://x" }, object],
    [{ endpoint: "no url" }, object],
    [{ region: "eu central" }, object],
    [{ useAccelerateEndpoint: true, useFipsEndpoint: true }, object],
    [{}, { Bucket: "arn:aws:s3:eu-central-1:123456789012:bucket/x", Key: "k" }],
    [{ useArnRegion: false }, { Bucket: "arn:aws:s3:us-east-1:123456789012:accesspoint/x", Key: "k" }],
  ] as [S3ClientOptions, { Bucket: string; Key: string }][])("nothing is sent: %o %o", async (options, input) => {
    const play = new Play();
    const error = await failureOf(
      (async () => {
        const s3 = onAws(play, options);
        return await s3.headObject(input);
      })(),
    );
    expect(["EndpointError", "ConfigError", "ParamValidationError"]).toContain(error.name);
    expect(play.sent).toEqual([]);
  });

  it("presigning says the same", () => {
    const s3 = onAws(new Play(), { useAccelerateEndpoint: true, useFipsEndpoint: true });
    expect(() => s3.presignSync("getObject", object)).toThrow(expect.objectContaining({ name: "EndpointError" }));
  });
});

describe("inputs that are none", () => {
  it.each([undefined, null, "x", 5, []])("are refused: %o", async (input) => {
    const play = new Play();
    await using s3 = onAws(play);
    for (const method of ["getObject", "putObject", "deleteBucket", "createBucket"] as const) {
      const error = await failureOf((s3[method] as (input: unknown) => Promise<unknown>)(input));
      expect(error.name).toBe("ParamValidationError");
    }
    expect(play.sent).toEqual([]);
  });
});

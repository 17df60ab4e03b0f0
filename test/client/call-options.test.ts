import { ParamValidationError, type S3Client } from "tucuxi";
import { describe, expect, it } from "vitest";
import { failureOf, onAws, Play } from "./support.js";

const object = { Bucket: "river", Key: "k" };

/** Everything that takes options after an input, by name; what each of its errors begins with; its options. */
const doors: [
  name: string,
  title: string,
  open: (s3: S3Client, options: never) => unknown,
  known: readonly string[],
][] = [
  ["a call", "GetObject", (s3, options) => s3.getObject(object, options), ["signal", "timeout", "headers"]],
  ["bucketRegion", "HeadBucket", (s3, options) => s3.bucketRegion("river", options), ["signal", "timeout", "headers"]],
  [
    "paginate",
    "ListObjectsV2",
    (s3, options) => s3.paginate("listObjectsV2", { Bucket: "river" }, options),
    ["pageSize", "maxItems", "startingToken", "prefetch", "signal", "timeout", "headers"],
  ],
  [
    "waitUntil",
    "objectExists",
    (s3, options) => s3.waitUntil("objectExists", object, options),
    ["delay", "maxAttempts", "jitter", "sleep", "signal", "timeout", "headers"],
  ],
  [
    "presign",
    "GetObject",
    (s3, options) => s3.presign("getObject", object, options),
    ["expiresIn", "signingDate", "method", "headers"],
  ],
  [
    "presignSync",
    "GetObject",
    (s3, options) => s3.presignSync("getObject", object, options),
    ["expiresIn", "signingDate", "method", "headers"],
  ],
  ["presignPost", "presignPost", (s3, options) => s3.presignPost(object, options), ["expiresIn", "signingDate"]],
];

describe.each(doors)("the options of %s", (_, title, open, known) => {
  const refusal = async (options: unknown) => {
    const play = new Play();
    await using s3 = onAws(play);
    const error = await failureOf((async () => open(s3, options as never))());
    expect(play.sent).toEqual([]);
    expect(error).toBeInstanceOf(ParamValidationError);
    return error as ParamValidationError;
  };

  it("are refused where nobody knows them, by name", async () => {
    const error = await refusal({ retries: 3, [known[0]!.toUpperCase()]: 1 });
    expect(error.message).toBe(`${title}: retries: not an option; ${known[0]!.toUpperCase()}: not an option`);
    expect(error.faults.map(({ path }) => path)).toEqual(["retries", known[0]!.toUpperCase()]);
    for (const name of known) expect(error.hint).toContain(name);
  });

  it("are guessed where they are misspelt", async () => {
    const error = await refusal({ [`${known[0]}s`]: 1 });
    expect(error.hint).toBe(`Did you mean ${known[0]}? The options are ${known.join(", ")}.`);
  });

  it.each([null, "x", 60, () => {}, true])("are refused where they are no dictionary: %o", async (options) => {
    const error = await refusal(options);
    expect(error.faults).toEqual([
      { path: "options", problem: `expected dictionary, got ${options === null ? "null" : typeof options}` },
    ]);
    for (const name of known) expect(error.hint).toContain(name);
  });

  it("may be none, or undefined", async () => {
    await using s3 = onAws(new Play(() => ({ headers: { "x-amz-bucket-region": "eu-central-1" } })));
    for (const options of [undefined, {}, Object.fromEntries([...known, "ours"].map((name) => [name, undefined]))]) {
      await open(s3, options as never);
    }
  });
});

describe("options that other clients have", () => {
  const hintOf = async (promise: Promise<unknown>): Promise<string> =>
    ((await failureOf(promise)) as ParamValidationError).hint ?? "";

  it("are told by the names that they have here", async () => {
    await using s3 = onAws(new Play());
    const options = (given: object) => given as never;
    const { signal } = new AbortController();
    expect(await hintOf(s3.getObject(object, options({ abortSignal: signal })))).toMatch(/^Did you mean signal\?/);
    expect(await hintOf(s3.getObject(object, options({ requestTimeout: 5 })))).toMatch(/^Did you mean timeout\?/);
    expect(await hintOf(s3.presign("getObject", object, options({ expires: 5 })))).toMatch(/^Did you mean expiresIn\?/);
    expect(await hintOf(s3.presign("getObject", object, options({ ExpiresIn: 5 })))).toMatch(/^Did you mean expiresIn/);
    expect(await hintOf(s3.waitUntil("objectExists", object, options({ maxWaitTime: 5 })))).toMatch(
      /^Did you mean maxAttempts\?/,
    );
    expect(await hintOf(s3.waitUntil("objectExists", object, options({ minDelay: 5 })))).toMatch(/^Did you mean delay/);
  });

  it("are told where they belong", async () => {
    await using s3 = onAws(new Play());
    const { signal } = new AbortController();
    expect(await hintOf(s3.getObject(object, { VersionId: "v" } as never))).toMatch(
      /^What begins with a capital belongs to the input\. /,
    );
    expect(await hintOf(s3.getObject(object, signal as never))).toMatch(/^An AbortSignal is given as \{ signal \}\. /);
    expect(await hintOf(s3.getObject(object, (() => {}) as never))).toMatch(
      /^Nothing is called back: await the call\. /,
    );
  });
});

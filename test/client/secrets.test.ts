import { Console } from "node:console";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { type Logger, S3Client, type S3ClientOptions, Session } from "tucuxi";
import { describe, expect, it, vi } from "vitest";
import { type Answer, fail, failureOf, nowhere, onAws, Play, Service, xml } from "./support.js";

const customerKey = Buffer.alloc(32, "K");
const secrets = {
  secretAccessKey: "SECRET/that+nobody/may/see",
  sessionToken: "TOKEN/that+nobody==may/see",
  customerKey: customerKey.toString("base64"),
  rawCustomerKey: customerKey.toString("latin1"),
  expressSecret: "EXPRESS-SECRET",
  expressToken: "EXPRESS-TOKEN",
};
const credentials = {
  accessKeyId: "AKIDSHOWN",
  secretAccessKey: secrets.secretAccessKey,
  sessionToken: secrets.sessionToken,
};
const object = { Bucket: "river", Key: "k" };
const encrypted = { ...object, SSECustomerAlgorithm: "AES256", SSECustomerKey: secrets.rawCustomerKey };

/** Everything that can be printed of a value, in every way to print it. */
function printed(value: unknown): string {
  let text = "";
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const console = new Console(sink);
  console.log(value);
  console.dir(value, { depth: 10, showHidden: true });
  console.log("%s %o %O %j", value, value, value, value);
  text += inspect(value, { depth: 10, showHidden: true, getters: true });
  text += String(value) + JSON.stringify(value);
  if (value instanceof Error) {
    text += value.stack;
    text += JSON.stringify(value, Object.getOwnPropertyNames(value));
    const { response } = value as { response?: unknown };
    if (response) text += JSON.stringify(response);
    if (value.cause) text += printed(value.cause);
  }
  return text;
}

function expectNoSecret(...values: unknown[]): void {
  for (const value of values) {
    const text = typeof value === "string" ? value : printed(value);
    for (const [name, secret] of Object.entries(secrets)) {
      for (const form of [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        Buffer.from(secret).toString("base64"),
      ]) {
        expect(text.includes(form), `${name} is shown in ${text.slice(0, 200)}`).toBe(false);
      }
    }
    expect(text).not.toMatch(/Signature=[0-9a-f]{16}/);
  }
}

describe("what prints of", () => {
  it("clients and sessions holds no secret", async () => {
    const env = { ...nowhere, AWS_SECRET_ACCESS_KEY: secrets.secretAccessKey, AWS_ACCESS_KEY_ID: "AKIDSHOWN" };
    const session = new Session({ env, credentials });
    const play = new Play();
    const s3 = session.client({ dispatcher: play });
    expectNoSecret(session, s3);
    await s3.headObject(encrypted);
    await s3.presign("getObject", object);
    expectNoSecret(session, s3, await session.credentials(), s3.stats());
    const other = new S3Client({ credentials });
    other.presignSync("getObject", object);
    expectNoSecret(other, new Session({ env }).client());
  });

  it("credentials, wherever they come from, holds no secret", async () => {
    for (const given of [credentials, async () => credentials]) {
      const shown = await new Session({ env: nowhere, credentials: given }).credentials();
      expect(shown.secretAccessKey).toBe(secrets.secretAccessKey);
      expectNoSecret(shown, { nested: [shown] }, Object.assign(new Error("x"), { shown }));
    }
  });

  it("results holds no secret", async () => {
    const play = new Play(() => ({ headers: { "x-amz-server-side-encryption-customer-algorithm": "AES256" } }));
    await using s3 = onAws(play, { credentials });
    expectNoSecret(await s3.putObject({ ...encrypted, Body: "x" }), await s3.getObject(encrypted));
  });

  const echo = (sent: { headers: Record<string, string> }): Answer => {
    const request = Object.entries(sent.headers)
      .map(([name, value]) => `${name}:${value}`)
      .join("\n");
    const bytes = Buffer.from(request).toString("hex").replace(/../g, "$& ");
    return fail(403, "SignatureDoesNotMatch", {
      AWSAccessKeyId: "AKIDSHOWN",
      StringToSign: "AWS4-HMAC-SHA256",
      CanonicalRequest: `GET\n/k\n\n${request.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}`,
      CanonicalRequestBytes: bytes,
    });
  };

  const failures: [
    string,
    (sent: { headers: Record<string, string> }, number: number) => Answer | Promise<Answer>,
    S3ClientOptions?,
  ][] = [
    ["the service", () => fail(403, "AccessDenied")],
    ["a service that sends the request back", echo],
    ["a service that sends the token back", () => fail(400, "InvalidToken", { "Token-0": secrets.sessionToken })],
    [
      "a service that sends it back in other words",
      () => fail(400, "ExpiredToken", { Token: encodeURIComponent(secrets.sessionToken) }),
    ],
    [
      "a service that speaks of them",
      (sent) => ({
        status: 400,
        body: xml(
          `<Error><Code>InvalidArgument</Code><Message>${secrets.sessionToken} and ${sent.headers["x-amz-server-side-encryption-customer-key"]} are no good</Message><ArgumentName>x-amz-server-side-encryption-customer-key</ArgumentName><ArgumentValue>${sent.headers["x-amz-server-side-encryption-customer-key"]}</ArgumentValue></Error>`,
        ),
      }),
    ],
    [
      "a service that speaks of a region that is none",
      () => fail(400, "IllegalLocationConstraintException", { LocationConstraint: secrets.sessionToken }),
    ],
    [
      "a service that sends it back in a header",
      () => ({ status: 400, headers: { "x-echo": `token=${secrets.sessionToken}` }, body: "" }),
    ],
    [
      "a service that names an element by it",
      () => ({ body: `<ListBucketResult><Contents><${secrets.expressToken}></Contents></ListBucketResult>` }),
      { credentials: { ...credentials, sessionToken: secrets.expressToken } },
    ],
    ["the transport", () => Promise.reject(Object.assign(new Error("reset"), { code: "ECONNRESET" }))],
    ["what is no XML", () => ({ status: 502, body: "<html>bad gateway" })],
    ["a time limit", () => new Promise(() => {})],
  ];

  it.each(failures)("errors holds no secret: of %s", async (_, script, options = {}) => {
    await using s3 = onAws(new Play(script), { credentials, ...options });
    for (const call of [
      s3.getObject(encrypted, { timeout: 100 }),
      s3.listObjectsV2({ Bucket: "river" }, { timeout: 100 }),
    ]) {
      const error = await call.catch((thrown: unknown) => thrown);
      expectNoSecret(error, { error }, [error]);
    }
  });

  it("errors within a success holds no secret", async () => {
    const text = `<Error><Code>AccessDenied</Code><Message>not with ${secrets.sessionToken}</Message></Error>`;
    await using s3 = onAws(new Play(() => ({ body: xml(text) })), { credentials });
    expectNoSecret(await failureOf(s3.copyObject({ ...encrypted, CopySource: "river/a" })));
  });

  it("errors holds no secret: of a server that says the request again, which is no answer", async () => {
    await using service = await Service.start(async (sent, _number, { socket }) => {
      const head = Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`${sent.method} ${sent.target} HTTP/1.1\r\n${head.join("")}\r\n`);
      return undefined;
    });
    await using s3 = new S3Client({ region: "r", endpoint: service.url, credentials, maxAttempts: 1 });
    const error = await failureOf(s3.getObject(encrypted));
    expect(error.code).toBe("MalformedHttp");
    expectNoSecret(error);
  });

  it("errors about inputs holds no secret", async () => {
    await using s3 = onAws(new Play(), { credentials });
    for (const input of [
      { ...encrypted, Kye: 1 },
      { ...encrypted, Key: 5 },
      { ...encrypted, SSECustomerKey: [secrets.rawCustomerKey] },
    ]) {
      expectNoSecret(await failureOf(s3.getObject(input as never)));
    }
    const line = { "x-amz-server-side-encryption-customer-key": `${secrets.customerKey}\r\n` };
    expectNoSecret(await failureOf(s3.getObject(object, { headers: line })));
    for (const wrong of [
      { accessKeyId: "A", secretAccessKey: secrets.secretAccessKey, sessionToken: 5 },
      { accessKeyId: 5, secretAccessKey: secrets.secretAccessKey },
      { accessKeyId: "has a blank", secretAccessKey: secrets.secretAccessKey, sessionToken: secrets.sessionToken },
      {
        accessKeyId: "A",
        secretAccessKey: secrets.secretAccessKey,
        sessionToken: `${secrets.sessionToken}\n${secrets.sessionToken}`,
      },
    ]) {
      const error = await (async () => onAws(new Play(), { credentials: wrong as never }).headObject(object))().catch(
        (e) => e,
      );
      expectNoSecret(error);
    }
  });

  it("what hooks are given holds no secret", async () => {
    const given: unknown[] = [];
    const keep = (value: unknown): undefined => {
      given.push(value);
    };
    const hooks = { beforeSign: keep, beforeSend: keep, afterResponse: keep, onRetry: keep };
    const play = new Play((_, number) => (number === 1 ? fail(500, "InternalError") : {}));
    await using s3 = onAws(play, { credentials, hooks, maxAttempts: 2 });
    await s3.getObject(encrypted);
    expect(given.length).toBeGreaterThanOrEqual(6);
    expectNoSecret(...given);
  });

  it("sessions of directory buckets holds no secret", async () => {
    const session = xml(
      `<CreateSessionResult><Credentials><SessionToken>${secrets.expressToken}</SessionToken><SecretAccessKey>${secrets.expressSecret}</SecretAccessKey><AccessKeyId>A</AccessKeyId><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>`,
    );
    const lines: string[] = [];
    const play = new Play((sent) => (sent.query.has("session") ? { body: session } : echo(sent)));
    const logger = { debug: (line: string) => lines.push(line) };
    await using s3 = onAws(play, { credentials, logger });
    expectNoSecret(await failureOf(s3.getObject({ Bucket: "river--euc1-az1--x-s3", Key: "k" })), s3, ...lines);
    expect(lines.join("\n")).toContain("x-amz-s3session-token: [hidden]");
  });
});

describe("the log of the wire", () => {
  const play = () =>
    new Play((_, number) => (number === 1 ? fail(500, "InternalError") : { headers: { etag: '"e"' } }));

  it("goes to the logger's debug, readable and without secrets", async () => {
    const debug = vi.fn();
    await using s3 = onAws(play(), { credentials, maxAttempts: 2, logger: { debug } });
    await s3.putObject({ ...encrypted, Body: "12345" });
    const text = debug.mock.calls.map(([line]) => line as string).join("\n");
    expectNoSecret(text);
    for (const line of [
      "tucuxi: PutObject river k, attempt 1",
      "> PUT https://river.s3.eu-central-1.amazonaws.com/k",
      "> x-amz-security-token: [hidden]",
      "> x-amz-server-side-encryption-customer-key: [hidden]",
      "> (body of 5 bytes)",
      "< 500",
      "InternalError",
      "again in ",
      "attempt 2",
      '< etag: "e"',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/> authorization: AWS4-HMAC-SHA256 Credential=AKIDSHOWN.*Signature=\[hidden\]/);
  });

  it.each([
    ["1", true],
    ["true", true],
    ["0", false],
    ["", false],
    [undefined, false],
  ])("goes to the standard error where TUCUXI_DEBUG is %o: %s", async (value, wanted) => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const env = value === undefined ? nowhere : { ...nowhere, TUCUXI_DEBUG: value };
      await using s3 = new Session({ env, credentials, region: "eu-central-1" }).client({ dispatcher: play() });
      await s3.deleteObject(object);
      const text = write.mock.calls.map(([line]) => String(line)).join("");
      expect(text.includes("> DELETE https://river.s3")).toBe(wanted);
      expectNoSecret(text);
    } finally {
      write.mockRestore();
    }
  });

  it("shows no secret that comes back under another name", async () => {
    const debug = vi.fn();
    const echo = new Play((sent) => ({ headers: { "x-echo": sent.headers["x-amz-security-token"]!, etag: '"e"' } }));
    await using s3 = onAws(echo, { credentials, logger: { debug } });
    await s3.deleteObject(object);
    expect(debug.mock.calls.flat().join()).toContain("< x-echo: [hidden]");
  });

  it("shows no cookies, neither those that come nor those that go", async () => {
    const debug = vi.fn();
    const cookie = "session=0123456789";
    const baker = new Play(() => ({ headers: { "set-cookie": cookie } }));
    await using s3 = onAws(baker, { credentials, logger: { debug } });
    await s3.deleteObject(object, { headers: { cookie } });
    expect(debug.mock.calls.flat().join()).not.toContain("0123456789");
  });

  it("leaves a logger without debug alone", async () => {
    const logger: Logger = { warn: vi.fn(), error: vi.fn(), info: vi.fn() };
    await using s3 = onAws(play(), { credentials, logger, maxAttempts: 2 });
    await s3.deleteObject(object);
    for (const method of Object.values(logger)) expect(method).not.toHaveBeenCalled();
  });

  it("does not hold up the work it tells of", async () => {
    await using service = await Service.start(() => ({ body: "x" }));
    const debug = (): void => {};
    await using s3 = new S3Client({ region: "r", endpoint: service.url, credentials, logger: { debug } });
    expect(await (await s3.getObject(object)).Body.text()).toBe("x");
  });
});

describe("warnings", () => {
  it("tell the logger of a clock that is wrong", async () => {
    const warn = vi.fn();
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const script = (_: unknown, number: number): Answer =>
      number === 1 ? fail(403, "RequestTimeTooSkewed", {}, { date }) : {};
    await using s3 = onAws(new Play(script), { credentials, logger: { warn } });
    await s3.deleteObject(object);
    expect(warn.mock.calls.flat().join()).toMatch(/clock is 3[56]\d\d s behind/);
  });

  it("tell the logger of credentials that could not be renewed", async () => {
    const warn = vi.fn();
    let count = 0;
    const provider = async () => {
      if (count++ > 0) throw new Error("no vault");
      return { ...credentials, expiration: new Date(Date.now() + 12 * 60_000) };
    };
    await using s3 = onAws(new Play(), { credentials: provider, logger: { warn } });
    await s3.deleteObject(object);
    await s3.deleteObject(object);
    await new Promise(setImmediate);
    expect(warn.mock.calls.flat().join()).toMatch(/could not be renewed.*no vault/);
    expectNoSecret(warn.mock.calls);
  });
});

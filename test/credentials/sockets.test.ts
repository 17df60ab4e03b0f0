import { createHash, createPublicKey, generateKeyPairSync, verify, type JsonWebKey as WebKey } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SharedConfigFiles } from "../../src/config/files.js";
import {
  CredentialsServiceError,
  defaultChain,
  fromAssumeRole,
  fromContainer,
  fromInstanceMetadata,
  fromLogin,
  fromProfile,
  fromSso,
  fromWebIdentity,
  getCallerIdentity,
  NoCredentialsError,
} from "../../src/credentials/index.js";
import { verifySignature } from "../../src/sigv4/index.js";
import { inFolder } from "../config/folder.js";
import { type Received, withServer } from "./server.js";

const END = "2099-01-01T00:00:00Z";
const PROFILE =
  "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/reader\nsource_profile = base\n";
const KEYS = "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = secret/base+\n";
const base = { accessKeyId: "AKIABASE", secretAccessKey: "secret/base+" };

function assumed(action: string, n = 1): string {
  return (
    `<${action}Response><${action}Result><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/reader/x</Arn></AssumedRoleUser>` +
    `<Credentials><AccessKeyId>ASIA${n}</AccessKeyId><SecretAccessKey>s${n}</SecretAccessKey><SessionToken>t${n}</SessionToken>` +
    `<Expiration>${END}</Expiration></Credentials></${action}Result></${action}Response>`
  );
}

describe("STS over a socket", () => {
  it("gets signatures that verify, over a body that is what was signed", async () => {
    await inFolder({ ".aws/config": PROFILE, ".aws/credentials": KEYS }, async (root) => {
      const answer = (): object => ({ body: assumed("AssumeRole") });
      await withServer(answer, async (server) => {
        const env = { HOME: root, AWS_ENDPOINT_URL_STS: server.url };
        expect(await fromProfile({ env })()).toEqual({
          accessKeyId: "ASIA1",
          secretAccessKey: "s1",
          sessionToken: "t1",
          expiration: new Date(END),
          accountId: "111122223333",
          source: "profile 'default': role arn:aws:iam::111122223333:role/reader",
        });
        const { method, target, headers, body } = server.received[0]!;
        const check = (text: string): { valid: boolean } =>
          verifySignature({
            method,
            url: server.url + target,
            headers: headers as Record<string, string>,
            body: text,
            credentials: base,
            region: "eu-west-1",
            service: "sts",
            normalizePath: true,
            doubleEncodePath: true,
          });
        expect(check(body).valid).toBe(true);
        expect(check(`${body}x`).valid).toBe(false);
        expect(headers["content-type"]).toMatch("application/x-www-form-urlencoded");
        expect(new URLSearchParams(body).get("RoleSessionName")).toMatch(/^tucuxi-session-\d+$/);
      });
    });
  });

  it("says who one is, and what is wrong with one", async () => {
    const identity =
      "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/a&amp;b</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    const refusal =
      "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>bad id</Message></Error><RequestId>r1</RequestId></ErrorResponse>";
    let refuse = false;
    await withServer(
      () => (refuse ? { status: 403, body: refusal } : { body: identity }),
      async (server) => {
        const options = { env: { HOME: "/nonexistent", AWS_ENDPOINT_URL: `${server.url}/` }, region: "us-east-1" };
        expect(await getCallerIdentity({ ...options, credentials: base })).toEqual({
          account: "111122223333",
          arn: "arn:aws:iam::1:user/a&b",
          userId: "AIDA",
        });
        expect(await getCallerIdentity({ ...options, credentials: async () => base })).toMatchObject({
          userId: "AIDA",
        });
        await expect(getCallerIdentity({ ...options, credentials: "anonymous" })).rejects.toThrow(/Anonymous/);
        refuse = true;
        const error = await getCallerIdentity({ ...options, credentials: base }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(CredentialsServiceError);
        expect(error).toMatchObject({
          code: "InvalidClientTokenId",
          statusCode: 403,
          requestId: "r1",
          operation: "GetCallerIdentity",
          service: "STS",
        });
        expect((error as CredentialsServiceError).hint).toMatch(/access key id/);
      },
    );
  });

  it("is reached through the proxy that the environment names, and without it where no_proxy says so", async () => {
    await withServer(
      () => ({ body: assumed("AssumeRole") }),
      async (server) => {
        const unreachable = "http://127.0.0.1:1";
        const options = (env: Record<string, string>): Parameters<typeof fromAssumeRole>[0] => ({
          roleArn: "arn:aws:iam::111122223333:role/reader",
          credentials: base,
          env: { HOME: "/nonexistent", AWS_ENDPOINT_URL_STS: server.url, ...env },
        });
        const direct = await fromAssumeRole(options({ HTTP_PROXY: unreachable, NO_PROXY: "127.0.0.1" }))();
        expect(direct.accessKeyId).toBe("ASIA1");
        await expect(fromAssumeRole(options({ HTTP_PROXY: unreachable }))()).rejects.toThrow(/proxy|refused/i);
      },
    );
  });

  it("asks for the code of an MFA device, anew at each call", async () => {
    const config = `${PROFILE}mfa_serial = arn:aws:iam::111122223333:mfa/me\n`;
    await inFolder({ ".aws/config": config, ".aws/credentials": KEYS }, async (root) => {
      await withServer(
        () => ({ body: assumed("AssumeRole") }),
        async (server) => {
          const asked: string[] = [];
          const provider = fromProfile({
            env: { HOME: root, AWS_ENDPOINT_URL_STS: server.url },
            mfaCodeProvider: (serial) => {
              asked.push(serial);
              return ` 00000${asked.length}\n`;
            },
          });
          await provider();
          await provider();
          expect(asked).toEqual(["arn:aws:iam::111122223333:mfa/me", "arn:aws:iam::111122223333:mfa/me"]);
          const codes = server.received.map(({ body }) => new URLSearchParams(body).get("TokenCode"));
          expect(codes).toEqual(["000001", "000002"]);
        },
      );
    });
  });

  it("gets the web identity token that the file has at each call", async () => {
    await inFolder({ token: "first" }, async (root) => {
      await withServer(
        () => ({ body: assumed("AssumeRoleWithWebIdentity") }),
        async (server) => {
          const provider = fromWebIdentity({
            roleArn: "arn:aws:iam::111122223333:role/reader",
            webIdentityTokenFile: `${root}/token`,
            env: { HOME: root, AWS_ENDPOINT_URL_STS: server.url },
          });
          await provider();
          writeFileSync(`${root}/token`, "second\n");
          await provider();
          const tokens = server.received.map(({ body }) => new URLSearchParams(body).get("WebIdentityToken"));
          expect(tokens).toEqual(["first", "second"]);
          expect(server.received[0]!.headers.authorization).toBeUndefined();
        },
      );
    });
  });

  it("can be given up", async () => {
    await withServer(
      () => undefined,
      async (server) => {
        const controller = new AbortController();
        const provider = fromAssumeRole({
          roleArn: "arn:aws:iam::111122223333:role/reader",
          credentials: base,
          env: { HOME: "/nonexistent", AWS_ENDPOINT_URL_STS: server.url },
        });
        const waiting = provider({ signal: controller.signal });
        const reason = new Error("enough");
        setTimeout(() => controller.abort(reason), 20);
        await expect(waiting).rejects.toBe(reason);
        await expect(provider({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      },
    );
  });
});

describe("containers and instances over a socket", () => {
  const answer = { AccessKeyId: "ASIA1", SecretAccessKey: "s", Token: "t", Expiration: END };

  it("containers: sends the token, goes by no proxy", async () => {
    await withServer(
      () => ({ body: answer }),
      async (server) => {
        const env = {
          HOME: "/nonexistent",
          HTTP_PROXY: "http://127.0.0.1:1",
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/get?a=%2F`,
          AWS_CONTAINER_AUTHORIZATION_TOKEN: "tok",
        };
        expect(await fromContainer({ env })()).toMatchObject({ accessKeyId: "ASIA1", source: "container" });
        expect(server.received[0]).toMatchObject({
          method: "GET",
          target: "/get?a=%2F",
          headers: { authorization: "tok" },
        });
      },
    );
  });

  /** Instance metadata: with a token, or without where `tokens` is false or it hangs. */
  const metadata =
    (tokens: boolean | "hang") =>
    ({
      method,
      target,
      headers,
    }: Received): Parameters<typeof withServer>[0] extends (r: Received) => infer A ? A : never => {
      if (method === "PUT") return tokens === "hang" ? undefined : tokens ? { body: "tok" } : { status: 404 };
      if (tokens === true && headers["x-aws-ec2-metadata-token"] !== "tok") return { status: 401 };
      if (target.endsWith("/security-credentials/")) return { body: "role one" };
      return { body: { Code: "Success", ...answer } };
    };

  it("instances: with a token, without one, and where the token's answer does not arrive", async () => {
    for (const tokens of [true, false, "hang"] as const) {
      await withServer(metadata(tokens), async (server) => {
        const timeout = tokens === "hang" ? 1000 : 60_000;
        const options = { endpoint: server.url, timeout, env: { HOME: "/nonexistent" } };
        expect(await fromInstanceMetadata(options)()).toMatchObject({
          accessKeyId: "ASIA1",
          source: "instance metadata",
        });
        expect(server.received.at(-1)!.target).toBe("/latest/meta-data/iam/security-credentials/role%20one");
      });
    }
    await withServer(metadata("hang"), async (server) => {
      const env = { HOME: "/nonexistent", AWS_EC2_METADATA_V1_DISABLED: "true" };
      await expect(fromInstanceMetadata({ endpoint: server.url, timeout: 150, env })()).rejects.toThrow(
        /version 1 is disabled/,
      );
    });
  });

  it("instances: none here", async () => {
    const options = { endpoint: "http://127.0.0.1:1", env: { HOME: "/nonexistent" } };
    const error = await fromInstanceMetadata(options)().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NoCredentialsError);
    expect((error as NoCredentialsError).tried).toEqual([
      { provider: "instance metadata", lack: expect.stringMatching(/127\.0\.0\.1:1/) },
    ]);
  });

  it("instances: credentials that were not renewed in time hold some minutes more", async () => {
    const now = Date.parse("2026-03-01T10:00:00Z");
    for (const [minutes, extended] of [
      [-60, true],
      [10, true],
      [16, true],
      [26, false],
    ] as const) {
      const end = new Date(now + minutes * 60_000);
      const warnings: string[] = [];
      await withServer(
        ({ method, target }) =>
          method === "PUT"
            ? { body: "tok" }
            : target.endsWith("/")
              ? { body: "r" }
              : { body: { ...answer, Expiration: end.toISOString() } },
        async (server) => {
          const { expiration } = await fromInstanceMetadata({
            endpoint: server.url,
            env: { HOME: "/nonexistent" },
            clock: () => now,
            logger: { warn: (message) => warnings.push(message) },
          })();
          const left = (expiration!.getTime() - now) / 60_000;
          if (extended) expect(left).toBeGreaterThanOrEqual(17);
          else expect(left).toBe(26);
          expect(left).toBeLessThanOrEqual(26);
          expect(warnings).toHaveLength(extended ? 1 : 0);
        },
      );
    }
  });
});

describe("the chain", () => {
  it("stays with whoever answered, and looks again when that one has nothing any more", async () => {
    await inFolder(
      { ".aws/credentials": "[default]\naws_access_key_id = A\naws_secret_access_key = s\n" },
      async (root) => {
        const env: Record<string, string> = { HOME: root };
        const provider = defaultChain({ env });
        expect((await provider()).accessKeyId).toBe("A");
        env.AWS_ACCESS_KEY_ID = "AKIAENV";
        env.AWS_SECRET_ACCESS_KEY = "s";
        writeFileSync(`${root}/.aws/credentials`, "[default]\naws_access_key_id = B\naws_secret_access_key = s\n");
        expect((await provider()).accessKeyId).toBe("B");
        writeFileSync(`${root}/.aws/credentials`, "");
        expect((await provider()).accessKeyId).toBe("AKIAENV");
      },
    );
  });

  it("reads the files that a session holds once, and again at a refresh", async () => {
    await inFolder(
      { ".aws/credentials": "[default]\naws_access_key_id = A\naws_secret_access_key = s\n" },
      async (root) => {
        const sharedConfig = new SharedConfigFiles({ env: { HOME: root } });
        await sharedConfig.load();
        const provider = defaultChain({ env: { HOME: root }, sharedConfig });
        writeFileSync(`${root}/.aws/credentials`, "[default]\naws_access_key_id = B\naws_secret_access_key = s\n");
        expect((await provider()).accessKeyId).toBe("A");
        expect((await provider()).accessKeyId).toBe("B");
      },
    );
  });

  it("reads process.env and Date.now as they are at the call", async () => {
    const before = { ...process.env };
    const provider = defaultChain();
    try {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: "AKIANOW", AWS_SECRET_ACCESS_KEY: "s" });
      expect(await provider()).toMatchObject({ accessKeyId: "AKIANOW" });
    } finally {
      for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});

describe("IAM Identity Center over a socket", () => {
  const config =
    "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R&D\n" +
    "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n";
  const cache = `.aws/sso/cache/${createHash("sha1").update("corp").digest("hex")}.json`;
  const token = {
    startUrl: "https://corp.example/start",
    region: "eu-west-1",
    accessToken: "old",
    expiresAt: "2026-03-01T09:00:00Z",
    clientId: "c",
    clientSecret: "cs",
    refreshToken: "r1",
    registrationExpiresAt: "2026-06-01T00:00:00Z",
    extra: { kept: true },
  };

  it("renews a token, keeps it for the other tools, and shows it to nobody else", async () => {
    await inFolder({ ".aws/config": config, [cache]: JSON.stringify(token) }, async (root) => {
      chmodSync(`${root}/${cache}`, 0o644);
      const answer = ({ target }: Received): object =>
        target === "/token"
          ? { body: { accessToken: "new", expiresIn: 3600 } }
          : {
              body: {
                roleCredentials: {
                  accessKeyId: "ASIA1",
                  secretAccessKey: "s",
                  sessionToken: "t",
                  expiration: Date.parse(END),
                },
              },
            };
      await withServer(answer, async (server) => {
        const options = {
          env: { HOME: root, AWS_ENDPOINT_URL_SSO: server.url, AWS_ENDPOINT_URL_SSO_OIDC: server.url },
          clock: () => new Date("2026-03-01T10:00:00Z"),
        };
        expect(await fromSso(options)()).toMatchObject({ accessKeyId: "ASIA1", accountId: "111122223333" });
        expect(server.received.map(({ target }) => target)).toEqual([
          "/token",
          "/federation/credentials?account_id=111122223333&role_name=R%26D",
        ]);
        expect(server.received[1]!.headers["x-amz-sso_bearer_token"]).toBe("new");
        expect(JSON.parse(readFileSync(`${root}/${cache}`, "utf8"))).toEqual({
          ...token,
          accessToken: "new",
          expiresAt: "2026-03-01T11:00:00Z",
        });
        expect(statSync(`${root}/${cache}`).mode & 0o777).toBe(0o600);
        expect(readdirSync(`${root}/.aws/sso/cache`)).toHaveLength(1);
        await fromSso(options)();
        expect(server.received.map(({ target }) => target).filter((target) => target === "/token")).toHaveLength(1);
      });
    });
  });

  it("takes the token of another process that was first to renew it", async () => {
    await inFolder({ ".aws/config": config, [cache]: JSON.stringify(token) }, async (root) => {
      const others = JSON.stringify({ ...token, accessToken: "others", expiresAt: "2026-03-01T11:00:00Z" });
      const role = { accessKeyId: "ASIA1", secretAccessKey: "s", expiration: Date.parse(END) };
      const answer = ({ target }: Received): object => {
        if (target !== "/token") return { body: { roleCredentials: role } };
        writeFileSync(`${root}/${cache}`, others);
        return { status: 400, body: { error: "invalid_grant", error_description: "used already" } };
      };
      await withServer(answer, async (server) => {
        const env = { HOME: root, AWS_ENDPOINT_URL_SSO: server.url, AWS_ENDPOINT_URL_SSO_OIDC: server.url };
        await fromSso({ env, clock: () => new Date("2026-03-01T10:00:00Z") })();
        expect(server.received.at(-1)!.headers["x-amz-sso_bearer_token"]).toBe("others");
        expect(readFileSync(`${root}/${cache}`, "utf8")).toBe(others);
      });
    });
  });

  it("writes nothing where there is nothing to renew", async () => {
    const fresh = JSON.stringify({ ...token, expiresAt: END });
    await inFolder({ ".aws/config": config, [cache]: fresh }, async (root) => {
      const past = new Date(1000);
      utimesSync(`${root}/${cache}`, past, past);
      const role = { accessKeyId: "ASIA1", secretAccessKey: "s", expiration: Date.parse(END) };
      await withServer(
        () => ({ body: { roleCredentials: role } }),
        async (server) => {
          await fromSso({ env: { HOME: root, AWS_ENDPOINT_URL_SSO: server.url } })();
          expect(statSync(`${root}/${cache}`).mtimeMs).toBe(1000);
          expect(readdirSync(root, { recursive: true }).sort()).toEqual(
            [".aws", ".aws/config", ".aws/sso", ".aws/sso/cache", cache].sort(),
          );
        },
      );
    });
  });
});

describe("login sessions over a socket", () => {
  const session = "arn:aws:sts::111122223333:assumed-role/Admin/me";
  const config = `[default]\nregion = eu-west-1\nlogin_session = ${session}\n`;
  const cache = `login/${createHash("sha256").update(session).digest("hex")}.json`;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const login = {
    accessToken: {
      accessKeyId: "ASIAOLD",
      secretAccessKey: "old",
      sessionToken: "old",
      accountId: "111122223333",
      expiresAt: "2026-03-01T10:20:00Z",
    },
    tokenType: "aws_sigv4",
    clientId: "arn:aws:signin:::devtools/same-device",
    refreshToken: "r1",
    idToken: "id",
    dpopKey: privateKey.export({ type: "sec1", format: "pem" }) as string,
  };
  const at = (time: string, root: string, url = ""): Parameters<typeof fromLogin>[0] => ({
    env: { HOME: root, AWS_LOGIN_CACHE_DIRECTORY: `${root}/login`, AWS_ENDPOINT_URL_SIGNIN: url },
    clock: () => new Date(time),
  });

  it("are used while they hold", async () => {
    await inFolder({ ".aws/config": config, [cache]: JSON.stringify(login) }, async (root) => {
      expect(await fromLogin(at("2026-03-01T10:14:00Z", root))()).toEqual({
        accessKeyId: "ASIAOLD",
        secretAccessKey: "old",
        sessionToken: "old",
        accountId: "111122223333",
        expiration: new Date("2026-03-01T10:20:00Z"),
        source: "profile 'default': login session",
      });
    });
  });

  it("are renewed with a proof of the key, and kept", async () => {
    await inFolder({ ".aws/config": config, [cache]: JSON.stringify(login) }, async (root) => {
      const accessToken = { accessKeyId: "ASIANEW", secretAccessKey: "new", sessionToken: "newt" };
      await withServer(
        () => ({ body: { accessToken, tokenType: "aws_sigv4", expiresIn: 900, refreshToken: "r2" } }),
        async (server) => {
          const time = "2026-03-01T10:16:00Z";
          expect(await fromProfile(at(time, root, server.url))()).toMatchObject({
            accessKeyId: "ASIANEW",
            secretAccessKey: "new",
            sessionToken: "newt",
            accountId: "111122223333",
            expiration: new Date("2026-03-01T10:31:00Z"),
          });
          const [{ method, target, headers, body }] = server.received as [Received];
          expect([method, target]).toEqual(["POST", "/v1/token"]);
          expect(JSON.parse(body)).toEqual({
            clientId: login.clientId,
            refreshToken: "r1",
            grantType: "refresh_token",
          });

          const [header, claims, signature] = (headers.dpop as string).split(".") as [string, string, string];
          const decode = (part: string): Record<string, unknown> =>
            JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
          const { jwk, ...rest } = decode(header);
          expect(rest).toEqual({ typ: "dpop+jwt", alg: "ES256" });
          expect(Object.keys(jwk as object).sort()).toEqual(["crv", "kty", "x", "y"]);
          expect(decode(claims)).toMatchObject({
            htm: "POST",
            htu: `${server.url}/v1/token`,
            iat: Date.parse(time) / 1000,
            jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
          });
          const key = createPublicKey({ key: jwk as WebKey, format: "jwk" });
          const good = verify(
            "sha256",
            Buffer.from(`${header}.${claims}`),
            { key, dsaEncoding: "ieee-p1363" },
            Buffer.from(signature, "base64url"),
          );
          expect(good).toBe(true);

          expect(JSON.parse(readFileSync(`${root}/${cache}`, "utf8"))).toEqual({
            ...login,
            accessToken: { ...accessToken, accountId: "111122223333", expiresAt: "2026-03-01T10:31:00Z" },
            refreshToken: "r2",
          });
          expect(statSync(`${root}/${cache}`).mode & 0o777).toBe(0o600);
        },
      );
    });
  });

  it.each<[string | undefined, string]>([
    ["ap-south-1", "https://ap-south-1.signin.aws.amazon.com/v1/token"],
    ["", "https://eu-west-1.signin.aws.amazon.com/v1/token"],
    [undefined, "https://eu-west-1.signin.aws.amazon.com/v1/token"],
  ])("are renewed in the region where one logged in: %s", async (signInRegion, url) => {
    const kept = JSON.stringify({ ...login, signInRegion });
    await inFolder({ ".aws/config": config, [cache]: kept }, async (root) => {
      const asked: string[] = [];
      const fetch = async (target: string | URL | Request): Promise<Response> => {
        asked.push(String(target));
        const accessToken = { accessKeyId: "ASIANEW", secretAccessKey: "new", sessionToken: "newt" };
        return Response.json({ accessToken, refreshToken: "r2", expiresIn: 900 });
      };
      await fromLogin({ ...at("2026-03-01T11:00:00Z", root), fetch })();
      expect(asked).toEqual([url]);
      const written = JSON.parse(readFileSync(`${root}/${cache}`, "utf8")) as { signInRegion?: string };
      expect(written.signInRegion).toBe(signInRegion);
    });
  });

  it("are those of another process that was first to renew them", async () => {
    await inFolder({ ".aws/config": config, [cache]: JSON.stringify(login) }, async (root) => {
      const accessToken = { ...login.accessToken, accessKeyId: "ASIAOTHERS", expiresAt: "2026-03-01T11:15:00Z" };
      const answer = (): object => {
        writeFileSync(`${root}/${cache}`, JSON.stringify({ ...login, accessToken, refreshToken: "r2" }));
        return { status: 400, body: { error: "TOKEN_EXPIRED" } };
      };
      await withServer(answer, async (server) => {
        expect(await fromLogin(at("2026-03-01T11:00:00Z", root, server.url))()).toMatchObject({
          accessKeyId: "ASIAOTHERS",
          expiration: new Date("2026-03-01T11:15:00Z"),
        });
        expect(server.received).toHaveLength(1);
      });
    });
  });

  it("are used to their end where they can't be renewed", async () => {
    const busy = () => ({ status: 400, body: { error: "AccessDenied", message: "not now" } });
    await withServer(busy, async (server) => {
      await inFolder({ ".aws/config": config, [cache]: JSON.stringify(login) }, async (root) => {
        const warnings: string[] = [];
        const logger = { warn: (message: string) => void warnings.push(message) };
        const near = { ...at("2026-03-01T10:18:00Z", root, server.url), logger };
        expect(await fromLogin(near)()).toMatchObject({
          accessKeyId: "ASIAOLD",
          expiration: new Date("2026-03-01T10:20:00Z"),
        });
        expect(warnings).toEqual([expect.stringMatching(/could not be renewed yet: .*not now/)]);
        const late = { ...at("2026-03-01T10:20:00Z", root, server.url), logger };
        await expect(fromLogin(late)()).rejects.toThrow(/not now/);
      });
    });
  });

  it("say to log in where they can't be renewed, and show no key", async () => {
    const late = "2026-03-01T11:00:00Z";
    const cases: [object, RegExp][] = [
      [{ ...login, refreshToken: undefined }, /has no refreshToken/],
      [{ ...login, clientId: undefined }, /has no clientId/],
      [{ ...login, dpopKey: undefined }, /has no dpopKey/],
      [
        { ...login, dpopKey: "-----BEGIN EC PRIVATE KEY-----\nsecretsecret\n-----END EC PRIVATE KEY-----" },
        /no P-256 private key/,
      ],
      [{ ...login, accessToken: undefined }, /has no accessToken/],
      [login, /Signin CreateOAuth2Token: TOKEN_EXPIRED \(HTTP 400\)/],
    ];
    await withServer(
      () => ({ status: 400, body: { error: "TOKEN_EXPIRED", message: "gone" } }),
      async (server) => {
        for (const [content, message] of cases) {
          await inFolder({ ".aws/config": config, [cache]: JSON.stringify(content) }, async (root) => {
            const error = (await fromLogin(at(late, root, server.url))().catch((e: unknown) => e)) as Error & {
              hint: string;
            };
            expect(error.message).toMatch(message);
            expect(error.hint).toMatch(/aws login --profile default/);
            expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toMatch(/secretsecret/);
          });
        }
      },
    );
    await inFolder({ ".aws/config": config }, async (root) => {
      await expect(fromLogin(at(late, root))()).rejects.toThrow(/there is no session in/);
    });
  });
});

// moto's S3 server, from PyPI, in a virtual environment of its own. It checks signatures once it has a user with a policy.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answers, cacheFolder, freePort, onStage, run, step, which } from "./support.mjs";

export const name = "moto";
const version = "5.2.1";
const home = join(cacheFolder, `moto-${version}`);
const server = join(home, "bin", "moto_server");

export async function available() {
  if (existsSync(server) || which("python3") !== undefined) return undefined;
  return "no python3 to make a virtual environment with";
}

export async function start() {
  if (!existsSync(server)) {
    step(name, `installing moto ${version}`);
    mkdirSync(cacheFolder, { recursive: true });
    try {
      run("python3", ["-m", "venv", home]);
      run(join(home, "bin", "python"), ["-m", "pip", "install", "--quiet", `moto[server,s3]==${version}`]);
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }
  return onStage(name, async (stage) => {
    const port = await freePort();
    // The first three actions, those that make the user, are let through unchecked.
    stage.spawn(server, ["-H", "127.0.0.1", "-p", String(port)], {
      env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: "3" },
    });
    const endpoint = `http://127.0.0.1:${port}`;
    await stage.waitFor("the server answers", () => answers(`${endpoint}/moto-api/`));
    await iam(endpoint, { Action: "CreateUser", UserName: "tucuxi" });
    const keys = await iam(endpoint, { Action: "CreateAccessKey", UserName: "tucuxi" });
    const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
    const PolicyDocument = JSON.stringify(policy);
    await iam(endpoint, { Action: "PutUserPolicy", UserName: "tucuxi", PolicyName: "s3", PolicyDocument });
    const credentials = {
      accessKeyId: /<AccessKeyId>([^<]+)/.exec(keys)[1],
      secretAccessKey: /<SecretAccessKey>([^<]+)/.exec(keys)[1],
    };
    return { endpoint, region: "us-east-1", credentials, notes: version };
  });
}

/** One call of its IAM: while it checks nothing, the scope in the header is enough to reach that service. */
async function iam(endpoint, parameters) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      authorization:
        "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: new URLSearchParams({ ...parameters, Version: "2010-05-08" }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${parameters.Action}: ${response.status} ${text}`);
  return text;
}

// npm run test:clients [client...] [-- --allow-missing]
//
// Other people's clients against the S3 in the box: boto3, the AWS command line, s3cmd, the AWS SDK for JavaScript and MinIO's client. Each does its daily work and
// looks at what came of it. Says loudly what is missing and fails for it, unless --allow-missing says that this is fine.
// By its path: the package.json beside this file is another package.
import { S3Server } from "../../../dist/testing/index.js";
import * as awsCli from "./aws-cli.mjs";
import * as awsSdk from "./aws-sdk.mjs";
import * as boto3 from "./boto3.mjs";
import * as minio from "./minio.mjs";
import * as s3cmd from "./s3cmd.mjs";

const clients = { boto3, "aws-cli": awsCli, s3cmd, "aws-sdk": awsSdk, minio };
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const missing = [];
let passed = 0;
let failed = 0;

for (const name of named.length > 0 ? named : Object.keys(clients)) {
  const client = clients[name];
  if (!client) throw new Error(`There is no client ${name}; there are ${Object.keys(clients).join(", ")}.`);
  const found = await client.available();
  if (found.missing !== undefined) {
    missing.push(`${name}: ${found.missing}`);
    continue;
  }
  console.log(`${name} ${found.version}`);
  const server = await S3Server.start({ region: "eu-central-1", buckets: ["river"] });
  const say = (what, error) => {
    if (error) failed++;
    else passed++;
    console.log(
      `  ${error ? "FAILED" : "ok"}  ${what}${error ? `\n${String(error.stack ?? error).replace(/^/gm, "      ")}` : ""}`,
    );
  };
  /** Does something, and says how it went. */
  const check = async (what, work) => {
    try {
      await work();
      say(what);
    } catch (error) {
      say(what, error);
    }
  };
  try {
    await client.run(server, check, say);
    // A client may hide behind retries what the server gets wrong.
    const wrong = server.requests.filter(({ code }) => code === "InternalError");
    await check("met no mistake of the server's", () => {
      if (wrong.length > 0)
        throw new Error(wrong.map(({ method, url, code }) => `${method} ${url} ${code}`).join("\n"));
    });
  } finally {
    await server.stop();
  }
}

for (const what of missing) console.error(`NOT RUN: ${what}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || (missing.length > 0 && !flags.includes("--allow-missing")) ? 1 : 0;

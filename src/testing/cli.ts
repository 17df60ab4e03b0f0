#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { S3Server, type S3ServerOptions } from "./server.js";

const help = `tucuxi serve: an S3 in memory (or in a folder), for tests of any client

  --port <number>        default 9000; 0 takes any free port
  --host <address>       default 127.0.0.1
  --region <name>        default us-east-1
  --bucket <name>        a bucket that is there from the start; may be given again
  --access-key <id>      with --secret-key: whose signatures are good
  --secret-key <secret>
  --folder <path>        keep everything in this folder, over restarts too
  --page-size <number>   items on a page of a list, fewer than S3's 1000
  --tls-key <file>       with --tls-cert: speak TLS; both in PEM
  --tls-cert <file>
  --help

Ctrl+C stops it.
`;

/** A mistake in what was typed. */
class UsageError extends Error {}

function number(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** Two options that are nothing without each other. */
function pair(
  a: string,
  b: string,
  first: string | undefined,
  second: string | undefined,
): [string, string] | undefined {
  if (first === undefined && second === undefined) return undefined;
  if (first === undefined || second === undefined) throw new UsageError(`--${a} and --${b} go together.`);
  return [first, second];
}

const text = { type: "string" } as const;
const known = {
  port: text,
  host: text,
  region: text,
  bucket: { type: "string", multiple: true },
  "access-key": text,
  "secret-key": text,
  folder: text,
  "page-size": text,
  "tls-key": text,
  "tls-cert": text,
  help: { type: "boolean", short: "h" },
} as const;

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: known });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** What the server is to be started with; undefined where help is all that is asked for. */
function readOptions(args: string[]): S3ServerOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help || positionals.length === 0) return undefined;
  if (positionals.length > 1 || positionals[0] !== "serve") {
    throw new UsageError(`There is no command ${JSON.stringify(positionals.join(" "))}; there is serve.`);
  }
  const keys = pair("access-key", "secret-key", values["access-key"], values["secret-key"]);
  const tls = pair("tls-key", "tls-cert", values["tls-key"], values["tls-cert"]);
  const pageSize = number("page-size", values["page-size"], 1, 1000);
  return {
    port: number("port", values.port, 0, 65535) ?? 9000,
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(values.region === undefined ? {} : { region: values.region }),
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(keys && { credentials: { accessKeyId: keys[0], secretAccessKey: keys[1] } }),
    ...(tls && { tls: { key: readFileSync(tls[0]), cert: readFileSync(tls[1]) } }),
    buckets: values.bucket ?? [],
  };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(help);
    return;
  }
  const starting = S3Server.start(options);
  // Before the first line is out: whoever reads it may stop the server at once.
  const stop = (): void =>
    void starting.then(
      (server) => server.stop(),
      () => {},
    );
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const server = await starting;
  const { accessKeyId, secretAccessKey } = server.credentials;
  // Lines that a shell can read too: they are what clients take from their environment.
  process.stdout.write(
    `# An S3 ${options.folder === undefined ? "in memory" : `in ${options.folder}`}; Ctrl+C stops it.\n` +
      `AWS_ENDPOINT_URL=${server.url}\nAWS_REGION=${server.region}\n` +
      `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
  );
}

main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  const hint = error instanceof UsageError ? " `tucuxi --help` says more." : "";
  const taken = (error as { code?: string }).code === "EADDRINUSE" ? " --port 0 takes any free one." : "";
  process.stderr.write(`tucuxi: ${text}${hint}${taken}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});

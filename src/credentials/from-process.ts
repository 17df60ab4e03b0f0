import { spawn } from "node:child_process";
import { present } from "../config/locate.js";
import { describeOrigin } from "../config/parse.js";
import { selectProfile } from "../config/profile.js";
import { decodeText } from "../config/shared.js";
import type { Env, Profile } from "../config/types.js";
import { CredentialsError } from "../errors/base.js";
import { type Context, lacking, makeProvider } from "./context.js";
import { parseObject, textMember } from "./json.js";
import { makeCredentials, readExpiration } from "./make.js";
import { splitCommand } from "./split-command.js";
import type { Credentials, CredentialsProvider, ProviderOptions } from "./types.js";

/** Options of `fromProcess`. */
export interface ProcessOptions extends ProviderOptions {
  /** The command. Default: the profile's `credential_process`. */
  command?: string | undefined;
}

/** Characters of a program's error output that an error shows. */
const SHOWN = 1000;
/** Bytes of output after which a program is no credential process. */
const MAX_OUTPUT = 1 << 20;

/**
 * Credentials that a program writes to its output, as JSON: `{ "Version": 1, "AccessKeyId", "SecretAccessKey",
 * "SessionToken"?, "Expiration"?, "AccountId"? }`. The command is cut into words like a shell does and run without one;
 * only where it has a pipe, a redirection or the like a shell runs it.
 *
 * @throws NoCredentialsError where the profile has no `credential_process`, CredentialsError where the program fails
 *   (with what it wrote to its error output) or writes something else (without what it wrote).
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export function fromProcess(options: ProcessOptions = {}): CredentialsProvider {
  const load = async (context: Context): Promise<Credentials | undefined> => {
    if (options.command !== undefined) return runCommand(context, options.command, "process", undefined);
    return loadProcess(context, context.choice.name, selectProfile(await context.config(), context.choice));
  };
  return makeProvider(options, load, ["command"]);
}

export async function loadProcess(context: Context, name: string, profile: Profile): Promise<Credentials | undefined> {
  const command = present(profile.credential_process);
  if (command === undefined) return lacking(context, `profile '${name}'`, "no credential_process");
  const where = `profile '${name}': ${describeOrigin(profile, "credential_process")}`;
  return runCommand(context, command, where, present(profile.aws_account_id));
}

async function runCommand(
  context: Context,
  command: string,
  where: string,
  accountId: string | undefined,
): Promise<Credentials> {
  const json = parseObject(await outputOf(command, where, context.env, context.signal));
  const accessKeyId = textMember(json, "AccessKeyId");
  const secretAccessKey = textMember(json, "SecretAccessKey");
  const fault =
    Object.keys(json).length === 0
      ? "is no JSON object"
      : json.Version !== 1
        ? "has not `Version` 1"
        : accessKeyId === undefined || secretAccessKey === undefined
          ? "has no AccessKeyId and SecretAccessKey"
          : undefined;
  // The output stays out of the message: there is a secret in it, or half of one.
  if (fault !== undefined) {
    throw new CredentialsError(`${where}: the program's output ${fault}`, {
      code: "ProcessOutputInvalid",
      hint: 'It must write {"Version": 1, "AccessKeyId": ..., "SecretAccessKey": ...} and nothing else.',
    });
  }
  const expiration = json.Expiration;
  const end = expiration === undefined || expiration === null ? undefined : readExpiration(expiration, where);
  if (end !== undefined && end.getTime() <= context.now()) {
    throw new CredentialsError(`${where}: the program's credentials ended at ${end.toISOString()}`, {
      code: "CredentialsExpired",
      hint: "The program must fetch new ones when its own have ended.",
    });
  }
  return makeCredentials({
    accessKeyId: accessKeyId!,
    secretAccessKey: secretAccessKey!,
    sessionToken: textMember(json, "SessionToken"),
    expiration: end,
    accountId: textMember(json, "AccountId") ?? accountId,
    source: where.replace(/ \(.*\)$/, ""),
  });
}

function outputOf(command: string, where: string, env: Env, signal: AbortSignal | undefined): Promise<string> {
  const { words, needsShell } = splitCommand(command);
  const [program, ...args] = words;
  const common = {
    // What the caller gives as environment names accounts and files; programs need PATH and the like besides.
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    windowsHide: true,
  };
  const scripted = process.platform === "win32" && /\.(cmd|bat)$/i.test(program!);
  return new Promise((resolve, reject) => {
    const child =
      needsShell || scripted
        ? spawn(command, { ...common, shell: true })
        : spawn(program!, args, { ...common, shell: false });
    const output: Buffer[] = [];
    let outputSize = 0;
    let complaint = "";
    const stop = (error: unknown): void => {
      signal?.removeEventListener("abort", abort);
      child.kill();
      // Programs it started may hold its output open; nobody waits for them.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(error);
    };
    const abort = (): void => stop(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      outputSize += chunk.length;
      output.push(chunk);
      if (outputSize > MAX_OUTPUT) stop(failed(where, "the program writes without end"));
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (complaint.length < SHOWN) complaint += chunk.toString("utf8");
    });
    child.on("error", (cause: NodeJS.ErrnoException) => {
      stop(failed(where, `'${program}' cannot be run: ${cause.code ?? cause.message}`, cause));
    });
    child.on("close", (code, killed) => {
      signal?.removeEventListener("abort", abort);
      if (code === 0) return resolve(decodeOutput(Buffer.concat(output)));
      const how = code === null ? `was ended by ${killed}` : `ended with code ${code}`;
      const said = complaint.trim() === "" ? "" : `: ${complaint.trim().slice(0, SHOWN)}`;
      reject(failed(where, `the program ${how}${said}`));
    });
  });
}

function failed(where: string, what: string, cause?: unknown): CredentialsError {
  return new CredentialsError(`${where}: ${what}`, {
    code: "ProcessFailed",
    ...(cause === undefined ? {} : { cause }),
    hint: "Run the command of credential_process in a terminal to see what it needs.",
  });
}

/** PowerShell writes UTF-16, and not always with a mark: JSON begins with a character that has a zero beside it then. */
function decodeOutput(bytes: Buffer): string {
  if (bytes[0] !== 0 && bytes[1] === 0) return bytes.toString("utf16le");
  return decodeText(bytes);
}

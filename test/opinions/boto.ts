import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { S3ServiceError } from "tucuxi";

/** What boto3 answered: its dictionaries, with bytes as Uint8Array. */
export type Answer = Record<string, unknown>;

export interface BotoSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** boto3's `request_checksum_calculation` and `response_checksum_validation`. */
  readonly checksums: "when_supported" | "when_required";
}

/** boto3 in a process of its own; one call after the other. */
export class Boto {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];

  constructor(settings: BotoSettings) {
    this.#child = spawn("python3", [fileURLToPath(new URL("boto.py", import.meta.url)), JSON.stringify(settings)], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" },
    });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#lines.on("line", (line) => {
      const next = this.#waiting.shift();
      const { value, error } = JSON.parse(line, (_, member: unknown) => bytesOf(member)) as {
        value?: unknown;
        error?: Fault;
      };
      if (error === undefined) next?.resolve(value);
      else next?.reject(errorOf(error));
    });
    this.#child.once("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("boto3's process ended"));
    });
  }

  /** Calls a method of boto3's client by its name there. */
  call<T = Answer>(method: string, input: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ resolve: (value) => resolve(value as T), reject });
      this.#child.stdin?.write(`${JSON.stringify({ method, input: portable(input) })}\n`);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin?.end();
    await closed;
  }
}

interface Fault {
  Code: string;
  Message: string;
  /** The server's own word, not a fault in the program. */
  Service: boolean;
}

/** What the server said to boto3 is told as what it says to us: the suite's table of deviations is for both. */
const errorOf = ({ Code, Message, Service }: Fault): Error =>
  Service ? new S3ServiceError(Message, { code: Code }) : new Error(`${Code}: ${Message}`);

function bytesOf(member: unknown): unknown {
  if (typeof member !== "object" || member === null || !("$bytes" in member)) return member;
  return new Uint8Array(Buffer.from(String(member.$bytes), "base64"));
}

/** With bytes and dates in a form that JSON can carry. */
function portable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $date: value.toISOString() };
  if (Array.isArray(value)) return value.map(portable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, portable(member)]));
}

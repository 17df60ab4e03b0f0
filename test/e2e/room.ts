import { randomBytes } from "node:crypto";
import { type GetObjectOutput, S3Client, type S3ClientOptions, S3ServiceError, TucuxiError } from "tucuxi";
import { afterAll, describe, expect, test } from "vitest";
import { removeBucket } from "./cleanup.js";
import type { Target } from "./target.js";

declare module "vitest" {
  interface TaskMeta {
    /** What the matrix shows for this test, when it is not a plain pass. */
    outcome?: { kind: "refused" | "differs"; text: string };
  }
}

type CreateBucketInput = Parameters<S3Client["createBucket"]>[0];

/** One part of the suite: a client, buckets that vanish at the end, and the tests, each a capability of the server. */
export class Room {
  readonly target: Target;
  readonly name: string;
  /** The client under test. */
  readonly s3: S3Client;
  readonly #clients: S3Client[] = [];
  readonly #buckets = new Set<string>();
  #shared: Promise<string> | undefined;

  constructor(target: Target, name: string) {
    this.target = target;
    this.name = name;
    this.s3 = this.client();
  }

  /** Another client of the same server, closed with the room. */
  client(options: S3ClientOptions = {}): S3Client {
    const client = new S3Client({ forcePathStyle: true, ...this.target.options, ...options });
    this.#clients.push(client);
    return client;
  }

  /** The bucket that the tests of this room share, made on first use. */
  shared(): Promise<string> {
    this.#shared ??= this.bucket();
    return this.#shared;
  }

  /** A new bucket with a random name. */
  async bucket(input: Omit<CreateBucketInput, "Bucket"> = {}): Promise<string> {
    const name = this.bucketName();
    await this.s3.createBucket({ Bucket: name, ...input });
    return name;
  }

  /** A random name; a bucket of that name is emptied and removed at the end. */
  bucketName(): string {
    const name = `tucuxi-${this.name.replaceAll(" ", "-")}-${randomBytes(5).toString("hex")}`;
    this.#buckets.add(name);
    return name;
  }

  /** Registers one test. A deviation that the target is known for turns its meaning round. */
  capability(title: string, body: () => Promise<void>): void {
    const known = this.target.known[`${this.name}: ${title}`];
    test(title, async ({ task }) => {
      if (known === undefined) return await body();
      const error = await failure(body);
      if (error === undefined) {
        expect.fail(
          `${this.target.name} now does this: remove ${JSON.stringify(`${this.name}: ${title}`)} from its list`,
        );
      }
      if ("refused" in known) {
        if (!(error instanceof S3ServiceError)) throw error;
        expect(error.code, error.message).toBe(known.refused);
        task.meta.outcome = { kind: "refused", text: known.refused };
      } else {
        // An expectation that fails is the server's doing; a fault in the client or the test itself would be of another kind.
        const expected = error instanceof TucuxiError || (error instanceof Error && error.name === "AssertionError");
        if (!expected) throw error;
        task.meta.outcome = { kind: "differs", text: known.differs };
      }
    });
  }

  /** Removes every bucket that the room made. */
  async cleanUp(): Promise<void> {
    const names = [...this.#buckets];
    this.#buckets.clear();
    const failures: unknown[] = [];
    for (const name of names) await removeBucket(this.s3, name).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** Removes what is left, when the last test didn't, and closes the clients. */
  async close(): Promise<void> {
    await this.cleanUp();
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

async function failure(body: () => Promise<void>): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error;
  }
  return undefined;
}

const cleanUpTitle = "leaves nothing behind";

/** Registers a room's tests, and a last one that clears up. */
export function room(target: Target, name: string, register: (room: Room) => void): void {
  describe(name, () => {
    const here = new Room(target, name);
    afterAll(() => here.close());
    register(here);
    here.capability(cleanUpTitle, () => here.cleanUp());
  });
}

/** Asserts that the service says no with this code (one of these codes) and, if given, status; gives the error. */
export async function refuses(
  call: Promise<unknown>,
  code: string | readonly string[],
  statusCode?: number,
): Promise<S3ServiceError> {
  const error = await call.then(
    (value) => expect.fail(`expected ${code}, but the call succeeded with ${JSON.stringify(value)?.slice(0, 200)}`),
    (reason: unknown) => reason,
  );
  // Anything but the service's own word is a defect of another kind: show it as it is.
  if (!(error instanceof S3ServiceError)) throw error;
  // Neither is a refusal of something else: let the table of deviations see its code.
  if (!(typeof code === "string" ? [code] : code).includes(error.code)) throw error;
  if (statusCode !== undefined) expect(error.statusCode).toBe(statusCode);
  return error;
}

/** The body of an answer as text. */
export const text = async (answer: Promise<GetObjectOutput>): Promise<string> => (await answer).Body.text();

/** Bytes that look random and are the same every time. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

import { randomFillSync } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client, type S3ClientOptions } from "tucuxi";
import { S3Server, type S3ServerOptions } from "tucuxi/testing";
import { afterAll } from "vitest";

export const MIB = 1024 * 1024;

/** A server, clients of it, and a folder, all gone at the end of the file's tests. */
export class Lab {
  readonly server: S3Server;
  readonly s3: S3Client;
  readonly folder: string;
  readonly #clients: S3Client[] = [];

  static async open(options: S3ServerOptions = {}): Promise<Lab> {
    const server = await S3Server.start({ buckets: ["river", "sea"], minPartSize: 5 * MIB, ...options });
    return new Lab(server, await mkdtemp(join(tmpdir(), "tucuxi-transfer-")));
  }

  private constructor(server: S3Server, folder: string) {
    this.server = server;
    this.folder = folder;
    this.s3 = this.client();
    afterAll(() => this.close());
  }

  client(options: S3ClientOptions = {}): S3Client {
    const { url, credentials, region } = this.server;
    const client = new S3Client({ endpoint: url, credentials, region, ...options });
    this.#clients.push(client);
    return client;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Operations asked for since `from`. */
  asked(from = 0): string[] {
    return this.server.requests.slice(from).map((request) => request.operation ?? "?");
  }

  async stored(Key: string, Bucket = "river"): Promise<Uint8Array> {
    return (await this.s3.getObject({ Bucket, Key })).Body.bytes();
  }

  async unfinished(Bucket = "river"): Promise<string[]> {
    return (await this.s3.listMultipartUploads({ Bucket })).Uploads.map((upload) => upload.Key ?? "");
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Bytes that no part of is like another. */
export function noise(length: number): Buffer {
  return randomFillSync(Buffer.allocUnsafe(length));
}

/** Files in a folder that a download should have removed. */
export async function leftovers(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".tucuxi") || name.endsWith(".state"));
}

/** The error of a call that must fail. */
export async function failing<T = Error & Record<string, unknown>>(call: Promise<unknown>): Promise<T> {
  return call.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)?.slice(0, 200)}`);
    },
    (error: unknown) => error as T,
  );
}

import type { CallOptions } from "../client/options.js";
import type { GetObjectOutput, GetObjectRequest } from "../model/generated/types.js";
import { type Given, Resource } from "./base.js";

/** What can be read: an object, or a version of one. Each of these is one GetObject. */
export abstract class ReadableObject<Data extends object> extends Resource<Data> {
  /** Reads body and attributes. */
  abstract get(input?: Given<GetObjectRequest, "Bucket" | "Key">, options?: CallOptions): Promise<GetObjectOutput>;

  /** The content, decoded as UTF-8. */
  async text(input?: Given<GetObjectRequest, "Bucket" | "Key">, options?: CallOptions): Promise<string> {
    return (await this.get(input, options)).Body.text();
  }

  /** The content, parsed as JSON. */
  async json<T = unknown>(input?: Given<GetObjectRequest, "Bucket" | "Key">, options?: CallOptions): Promise<T> {
    return (await this.get(input, options)).Body.json<T>();
  }

  /** The content. */
  async bytes(input?: Given<GetObjectRequest, "Bucket" | "Key">, options?: CallOptions): Promise<Uint8Array> {
    return (await this.get(input, options)).Body.bytes();
  }

  /** The content as a web stream; `(await object.get()).Body.readable()` is a Node stream. */
  async stream(
    input?: Given<GetObjectRequest, "Bucket" | "Key">,
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>> {
    return (await this.get(input, options)).Body.stream();
  }
}

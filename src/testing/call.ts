import type { Operation } from "../model/operation.js";
import type { Answer } from "./answer.js";
import type { Identity } from "./auth.js";
import type { Content } from "./body.js";
import type { Headers } from "./input.js";
import type { Journal } from "./journal.js";
import type { Storage } from "./storage.js";
import type { Bucket } from "./store.js";
import type { Target } from "./target.js";
import type { User, Users } from "./users.js";

/** What the server holds, and the settings that handlers ask for. */
export interface World {
  readonly users: Users;
  readonly buckets: Map<string, Bucket>;
  /** Is told of every change, where what is held must outlive the process. */
  readonly journal: Journal | undefined;
  /** The region of this server. */
  readonly region: string;
  /** Regions that buckets may be in; the server's own is the first. */
  readonly regions: readonly string[];
  /** Keeps the bytes of objects and parts. */
  readonly storage: Storage;
  /** Keeps documents (XML, JSON) while they are read. */
  readonly documents: Storage;
  /** The most items a page of a list has: S3's 1000, or fewer on demand. */
  readonly maxPage: number;
  /** The least bytes that a part may have, but for the last: S3's 5 MiB, or fewer on demand. */
  readonly minPartSize: number;
  /** `http://127.0.0.1:12345` */
  readonly url: string;
}

/** One request on its way through a handler. */
export interface Call<Input = unknown> {
  readonly operation: Operation;
  /** The members of the operation's input; a streaming body is read with `body()`. */
  readonly input: Input;
  readonly target: Target;
  readonly headers: Headers;
  readonly identity: Identity;
  /** Who asks: undefined for nobody in particular. */
  readonly user: User | undefined;
  readonly now: Date;
  /** The Host header. */
  readonly requestHost: string;
  /** The connection is encrypted. */
  readonly secure: boolean;
  readonly remoteAddress: string | undefined;
  readonly world: World;
  /** The bucket that is named; there for every operation on a bucket but CreateBucket. */
  readonly bucket: Bucket;
  /** Reads the body and checks it; the bytes stay in the server's storage until released. */
  body(): Promise<Content>;
}

/** What does the work of an operation. */
export type Handler = (call: Call<never>) => Answer | Promise<Answer>;

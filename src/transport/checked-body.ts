import { IncompleteBodyError, TransportError, TucuxiError } from "../errors/base.js";
import { HIGH_WATER } from "./body-queue.js";
import type { BodySource } from "./types.js";

/** Computes a checksum as bytes pass and compares it at the end. */
export interface Verifier {
  update(bytes: Uint8Array): void;
  /** Throws a ChecksumMismatchError if the bytes are not those that the service described. */
  verify(): void;
}

export interface ResponseBodyOptions {
  /** The announced length; undefined: not known. */
  readonly contentLength?: number | undefined;
  readonly contentType?: string | undefined;
  readonly verifier?: Verifier | undefined;
  /** Called once when the body has been read, has failed, or was let go. */
  readonly onEnd?: (() => void) | undefined;
  readonly heal?: Heal | undefined;
}

/**
 * Asked when a source breaks, with the failure and the bytes given out so far: another source that goes on from there, or undefined to let
 * the failure stand. What it throws stands instead. `gone` is aborted when the reader goes away meanwhile.
 */
export type Heal = (failure: TucuxiError, given: number, gone: AbortSignal) => Promise<BodySource | undefined>;

export type Piece = Uint8Array | null;

/**
 * Takes bytes that are lent for the time of the call. False: no more at all, the rest is let go. A promise: no more until it is settled, and what it
 * comes to counts.
 */
export type Taker = (bytes: Uint8Array) => Enough | Promise<Enough>;
/** False for enough. */
export type Enough = false | undefined;

/** The bytes of an answer as they come from their source: counted, checked, healed where they break off, given out once. */
export class CheckedBody {
  /** Bytes that the service announced; undefined when it did not. */
  readonly contentLength: number | undefined;
  #source: BodySource;
  #options: ResponseBodyOptions;
  #used = false;
  #given = 0;
  #ended = false;
  #failed = false;
  #failure: unknown;
  /** What is seen to when the body is collected before its end; undefined for one that fits the queue. */
  #held: Forgotten | undefined;
  #healing: AbortController | undefined;

  constructor(source: BodySource, options: ResponseBodyOptions) {
    this.#source = source;
    this.#options = options;
    const length = options.contentLength;
    this.contentLength = length;
    if (length === undefined || length >= HIGH_WATER) {
      // One that fits the queue lets its connection go by itself; only these must be seen to when they are collected.
      this.#held = { source, onEnd: options.onEnd };
      forgotten().register(this, this.#held, this);
    }
  }

  /** Everything was given out, and checked. */
  protected get ended(): boolean {
    return this.#ended;
  }

  protected get contentType(): string | undefined {
    return this.#options.contentType;
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  /** @see feedBody */
  async feed(take: Taker): Promise<void> {
    this.begin();
    await this.feedRest(take);
  }

  destroy(reason?: unknown): void {
    if (this.#ended || this.#failed) return;
    const failure =
      reason ??
      new TucuxiError("The body was destroyed", {
        code: "BodyDestroyed",
        hint: "Call the operation again to read it.",
      });
    this.#used = true;
    this.#stop(failure);
    this.#source.cancel(failure);
    this.#healing?.abort(failure);
  }

  protected begin(): void {
    if (this.#used) {
      if (this.#failed) throw this.#failure;
      throw new TucuxiError("The body was read already, or is being read", {
        code: "BodyUsed",
        hint: "A body comes once over the network: keep the result of the first read, or call the operation again.",
      });
    }
    this.#used = true;
  }

  /** Gives what is left to `take`. */
  protected async feedRest(take: Taker): Promise<void> {
    try {
      while (!this.#ended) {
        const source = this.#source;
        const piece = source.feed === undefined ? await this.pull() : await this.#lend(source, take);
        if (piece === false) break;
        if (piece === undefined) continue;
        if (piece === null) return;
        if ((await take(piece)) === false) break;
      }
    } catch (error) {
      this.destroy(error);
      throw error;
    }
    this.destroy();
  }

  /**
   * Lends what comes as long as `take` takes it at once. Gives a piece that must be given in the usual way, null at the end, false when no more is wanted.
   */
  async #lend(source: BodySource, take: Taker): Promise<Piece | undefined | false> {
    let failing: Promise<Piece> | undefined;
    let asked: unknown;
    let thrown: { readonly error: unknown } | undefined;
    let ended: boolean | undefined;
    try {
      ended = await source.feed?.((bytes) => {
        const piece = this.#check(bytes);
        if (piece instanceof Promise) {
          failing = piece;
          return false;
        }
        try {
          asked = take(bytes);
        } catch (error) {
          thrown = { error };
          return false;
        }
        // At the end the connection is not to pause: the next request waits for it.
        return asked === undefined || this.#ended;
      });
    } catch (error) {
      // What goes wrong behind the last byte is nobody's loss.
      return failing ?? (this.#ended ? undefined : this.#broken(error));
    }
    if (failing !== undefined) return failing;
    if (thrown !== undefined) throw thrown.error;
    if ((await asked) === false) return false;
    return ended && !this.#ended ? this.#check(null) : undefined;
  }

  /** The next piece, checked. */
  protected pull(): Piece | Promise<Piece> {
    if (this.#failed) return Promise.reject(this.#failure);
    if (this.#ended) return null;
    let piece: Piece | Promise<Piece>;
    try {
      piece = this.#source.read();
    } catch (error) {
      return this.#broken(error);
    }
    if (piece instanceof Promise) {
      return piece.then(
        (late) => this.#check(late),
        (error: unknown) => this.#broken(error),
      );
    }
    return this.#check(piece);
  }

  #check(piece: Piece): Piece | Promise<Piece> {
    if (this.#failed) return Promise.reject(this.#failure);
    const length = this.contentLength;
    if (piece === null) {
      if (length !== undefined && this.#given < length)
        return this.#broken(new IncompleteBodyError(length, this.#given));
      return this.#finish() ?? null;
    }
    this.#given += piece.length;
    this.#options.verifier?.update(piece);
    if (length === undefined || this.#given < length) return piece;
    if (this.#given > length) {
      const failure = new IncompleteBodyError(length, this.#given);
      this.destroy(failure);
      return Promise.reject(failure);
    }
    // The last piece is not given out before the checksum of all is known to be right.
    return this.#finish() ?? piece;
  }

  /** Checks the checksum; a rejected promise if it is wrong. */
  #finish(): Promise<Piece> | undefined {
    try {
      this.#options.verifier?.verify();
    } catch (error) {
      this.#stop(error);
      this.#source.cancel(error);
      return Promise.reject(error);
    }
    this.#ended = true;
    this.#unwatch();
    this.#options.onEnd?.();
    return undefined;
  }

  #broken(failure: unknown): Promise<Piece> {
    const { heal } = this.#options;
    if (this.#failed) return Promise.reject(this.#failure);
    if (heal === undefined || !isBreak(failure)) {
      this.#stop(failure);
      return Promise.reject(failure);
    }
    this.#healing = new AbortController();
    return heal(failure, this.#given, this.#healing.signal).then(
      (source) => {
        this.#healing = undefined;
        if (this.#failed) {
          source?.cancel(this.#failure);
          throw this.#failure;
        }
        if (source === undefined) {
          this.#stop(failure);
          throw failure;
        }
        this.#source = source;
        if (this.#held !== undefined) this.#held.source = source;
        return this.pull();
      },
      (error: unknown) => {
        this.#stop(error);
        throw error;
      },
    );
  }

  #stop(failure: unknown): void {
    if (this.#failed || this.#ended) return;
    this.#failed = true;
    this.#failure = failure;
    this.#unwatch();
    this.#options.onEnd?.();
  }

  #unwatch(): void {
    if (this.#held === undefined) return;
    this.#held = undefined;
    forgotten().unregister(this);
  }
}

/** A connection that broke, or was let go; not a wrong checksum, nor an abort, which has no class of ours. */
function isBreak(failure: unknown): failure is TucuxiError {
  return (
    failure instanceof TransportError ||
    failure instanceof IncompleteBodyError ||
    (failure instanceof TucuxiError && failure.code === "BodyAbandoned")
  );
}

interface Forgotten {
  source: BodySource;
  readonly onEnd: (() => void) | undefined;
}

let registry: FinalizationRegistry<Forgotten> | undefined;

/** Lets go of bodies that were collected before anybody had read them to their end: their connections are free again. */
function forgotten(): FinalizationRegistry<Forgotten> {
  registry ??= new FinalizationRegistry(({ source, onEnd }) => {
    source.cancel(new TucuxiError("Nobody held the body any more", { code: "BodyAbandoned" }));
    onEnd?.();
  });
  return registry;
}

import { S3Error } from "./errors.js";

const maxFields = 20 * 1024;

const malformed = (why: string): S3Error =>
  new S3Error("MalformedPOSTRequest", `The body is not well-formed multipart/form-data: ${why}.`);

/** One part's head. */
interface PartHead {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
}

function readPartHead(text: string): PartHead {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(text)?.[1] ?? "";
  const name = /(?:^|[;\s])name="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1];
  if (name === undefined) throw malformed("a part has no name");
  return {
    name,
    filename: /filename="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1],
    contentType: /^content-type:\s*(.*?)\s*$/im.exec(text)?.[1],
  };
}

/** Reads `multipart/form-data`: first the fields, then the bytes of the file, which must come last. */
export class FormReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  // The body begins as if a line had ended before it.
  #buffer: Buffer = Buffer.from("\r\n");
  #ended = false;
  /** Fields by lower-case name. */
  readonly fields = new Map<string, string>();
  /** What the browser calls the file. */
  filename = "";
  /** The type that stands beside the file; it counts where no field says one. */
  fileType: string | undefined;

  constructor(source: AsyncIterable<Uint8Array>, contentType: string) {
    const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
    if (!boundary) throw malformed("Content-Type names no boundary");
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`);
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) {
      this.#ended = true;
      return false;
    }
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#buffer, next.value]);
    return true;
  }

  /** Takes everything before a mark, and the mark. */
  async #until(mark: Buffer | string): Promise<string> {
    for (;;) {
      const at = this.#buffer.indexOf(mark);
      if (at >= 0) {
        const text = this.#buffer.toString("utf8", 0, at);
        this.#buffer = this.#buffer.subarray(at + mark.length);
        return text;
      }
      if (this.#buffer.length > maxFields * 2) {
        throw new S3Error("MaxPostPreDataLengthExceededError", "The fields before the file may have 20 KB.");
      }
      if (!(await this.#more())) throw malformed("it ends too early");
    }
  }

  /** Reads the fields. Gives false when there is no file behind them. */
  async readFields(): Promise<boolean> {
    let size = 0;
    await this.#until(this.#delimiter);
    for (;;) {
      while (this.#buffer.length < 2) if (!(await this.#more())) throw malformed("it ends too early");
      if (this.#buffer.toString("latin1", 0, 2) === "--") return false;
      const head = readPartHead(await this.#until("\r\n\r\n"));
      const name = head.name.toLowerCase();
      if (name === "file") {
        this.filename = head.filename?.replace(/^.*[\\/]/, "") ?? "";
        this.fileType = head.contentType;
        return true;
      }
      const value = await this.#until(this.#delimiter);
      size += name.length + value.length;
      if (size > maxFields)
        throw new S3Error("MaxPostPreDataLengthExceededError", "The fields before the file may have 20 KB.");
      this.fields.set(name, value);
    }
  }

  /** The bytes of the file; what comes behind it is thrown away. */
  async *file(): AsyncGenerator<Uint8Array> {
    const mark = this.#delimiter;
    for (;;) {
      const at = this.#buffer.indexOf(mark);
      if (at >= 0) {
        if (at > 0) yield this.#buffer.subarray(0, at);
        break;
      }
      // The mark may be cut in two by the pieces that the body comes in.
      const safe = this.#buffer.length - mark.length;
      if (safe > 0) {
        yield this.#buffer.subarray(0, safe);
        this.#buffer = this.#buffer.subarray(safe);
      }
      if (!(await this.#more())) throw malformed("it ends too early");
    }
    while (!this.#ended) {
      this.#buffer = Buffer.alloc(0);
      await this.#more();
    }
  }
}

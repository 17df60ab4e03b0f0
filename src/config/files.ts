import type { Ini } from "./ini.js";
import { readSharedConfig, readSharedConfigSync } from "./shared.js";
import type { FileOptions, SharedConfig } from "./types.js";

/**
 * The shared files as one session sees them: read on first need, then kept, read again only when a refresh of credentials
 * asks for it. Whoever comes first decides whether the reading waits for the disk or not; both forms give the same.
 */
export class SharedConfigFiles {
  readonly options: FileOptions;
  #config: SharedConfig | undefined;
  #loading: Promise<SharedConfig> | undefined;

  constructor(options: FileOptions = {}) {
    this.options = options;
  }

  /** What the files say; read at the first call, one reading however many wait. */
  async load(): Promise<SharedConfig> {
    return this.#config ?? this.#read();
  }

  /** Reads the files again, now. */
  async reload(): Promise<SharedConfig> {
    return this.#read();
  }

  /** What the files say, without a promise. */
  loadSync(ini?: Ini): SharedConfig {
    this.#config ??= readSharedConfigSync(this.options, ini);
    return this.#config;
  }

  /** What was read so far, if anything. */
  peek(): SharedConfig | undefined {
    return this.#config;
  }

  #read(): Promise<SharedConfig> {
    this.#loading ??= readSharedConfig(this.options).then(
      (config) => {
        this.#loading = undefined;
        this.#config = config;
        return config;
      },
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}

/** One file of a tree, local or in a bucket. */
export interface Entry {
  /** Path within the tree, with `/` between names. */
  readonly path: string;
  readonly size: number;
  /** When it was changed, in milliseconds since 1970. */
  readonly modified: number;
  /** In a bucket. */
  readonly etag?: string | undefined;
}

/** A file or folder that could not be read. Of a folder nothing is known: nothing beneath it counts as missing. */
export interface Unreadable {
  readonly path: string;
  readonly folder: boolean;
  readonly error: unknown;
}

/** What a tree has, in the order of keys. */
export type Entries = AsyncIterable<Entry | Unreadable | "skipped">;

export const isUnreadable = (entry: Entry | Unreadable): entry is Unreadable => "error" in entry;

/** What moves: two trees side by side, in the same order. */
import { type Entries, type Entry, isUnreadable, type Unreadable } from "./entry.js";
import { compareKeys } from "./order.js";

/** A difference, or something to tell. */
export type Step =
  | {
      readonly kind: "move";
      readonly entry: Entry;
      readonly other: Entry | undefined;
      readonly reason: "missing" | "size" | "time" | "all";
    }
  /** They look the same, and their content is to be compared. */
  | { readonly kind: "ask"; readonly entry: Entry; readonly other: Entry }
  | { readonly kind: "same"; readonly entry: Entry }
  | { readonly kind: "extra"; readonly entry: Entry }
  | { readonly kind: "skipped" }
  | { readonly kind: "unreadable"; readonly entry: Unreadable };

/** Everything moves. */
export async function* everything(source: Entries): AsyncGenerator<Step> {
  for await (const entry of source) {
    if (entry === "skipped") yield { kind: "skipped" };
    else if (isUnreadable(entry)) yield { kind: "unreadable", entry };
    else yield { kind: "move", entry, other: undefined, reason: "all" };
  }
}

/** Only what differs moves; what the target alone has is extra, unless the source could not be read there. */
export async function* differences(
  source: Entries,
  target: Entries,
  compare: "time" | "size" | "checksum",
): AsyncGenerator<Step> {
  const others = target[Symbol.asyncIterator]();
  const blind: string[] = [];
  const nextOther = async (): Promise<Entry | undefined> => {
    for (;;) {
      const { done, value } = await others.next();
      if (done) return undefined;
      // What cannot be read at the target will fail when it is written.
      if (value !== "skipped" && !isUnreadable(value)) return value;
    }
  };
  const extra = (entry: Entry): Step => {
    const hidden = blind.some((path) => entry.path === path || entry.path.startsWith(`${path}/`));
    return hidden ? { kind: "same", entry } : { kind: "extra", entry };
  };
  try {
    let other = await nextOther();
    for await (const entry of source) {
      if (entry === "skipped") {
        yield { kind: "skipped" };
        continue;
      }
      if (isUnreadable(entry)) {
        blind.push(entry.path);
        yield { kind: "unreadable", entry };
        continue;
      }
      for (; other && compareKeys(other.path, entry.path) < 0; other = await nextOther()) yield extra(other);
      if (other?.path !== entry.path) {
        yield { kind: "move", entry, other: undefined, reason: "missing" };
        continue;
      }
      yield judge(entry, other, compare);
      other = await nextOther();
    }
    for (; other; other = await nextOther()) yield extra(other);
  } finally {
    await others.return?.();
  }
}

function judge(entry: Entry, other: Entry, compare: "time" | "size" | "checksum"): Step {
  if (entry.size !== other.size) return { kind: "move", entry, other, reason: "size" };
  if (compare === "checksum") return { kind: "ask", entry, other };
  // S3 counts in seconds.
  const newer = Math.floor(entry.modified / 1000) > Math.floor(other.modified / 1000);
  return compare === "time" && newer ? { kind: "move", entry, other, reason: "time" } : { kind: "same", entry };
}

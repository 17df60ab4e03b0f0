/** The objects under a prefix, in the order of their keys, a page at a time. */
import { TucuxiError } from "../../errors/base.js";
import type { ListObjectsV2Request } from "../../model/generated/types.js";
import type { TransferContext } from "../context.js";
import { isDirectoryBucket } from "../input.js";
import type { Entry } from "./entry.js";
import type { Filter } from "./glob.js";
import { compareKeys } from "./order.js";

/** The prefix of a tree: a folder's name, with its slash. */
export function folderPrefix(prefix: string | undefined): string {
  return prefix === undefined || prefix === "" || prefix.endsWith("/") ? (prefix ?? "") : `${prefix}/`;
}

/** @param prefix with its slash; keys become paths without it */
export async function* list(
  context: TransferContext,
  input: Pick<ListObjectsV2Request, "Bucket" | "RequestPayer" | "ExpectedBucketOwner">,
  prefix: string,
  filter: Filter,
  signal: AbortSignal,
): AsyncGenerator<Entry> {
  // Directory buckets list in no order: theirs must be held and sorted.
  if (isDirectoryBucket(input.Bucket)) {
    const all: Entry[] = [];
    for await (const entry of pages(context, input, prefix, filter, signal, false)) all.push(entry);
    all.sort((a, b) => compareKeys(a.path, b.path));
    yield* all;
  } else yield* pages(context, input, prefix, filter, signal, true);
}

async function* pages(
  { client }: TransferContext,
  input: Pick<ListObjectsV2Request, "Bucket" | "RequestPayer" | "ExpectedBucketOwner">,
  prefix: string,
  filter: Filter,
  signal: AbortSignal,
  ordered: boolean,
): AsyncGenerator<Entry> {
  const ask = (token: string | undefined) => {
    const page = client.listObjectsV2(
      { ...input, ...(prefix ? { Prefix: prefix } : {}), ...(token === undefined ? {} : { ContinuationToken: token }) },
      { signal },
    );
    // Asked for ahead of its turn, its failure comes out when the turn comes.
    page.catch(() => {});
    return page;
  };
  let next: ReturnType<typeof ask> | undefined = ask(undefined);
  let last = "";
  let token: string | undefined;
  while (next) {
    const page: Awaited<ReturnType<typeof ask>> = await next;
    const after = page.IsTruncated ? page.NextContinuationToken : undefined;
    if (page.IsTruncated && (after === undefined || after === token)) {
      throw new TucuxiError("The service says that the listing goes on, but not where", { code: "BrokenListing" });
    }
    token = after;
    next = token === undefined ? undefined : ask(token);
    for (const { Key = "", Size = 0, LastModified, ETag } of page.Contents) {
      if (!Key.startsWith(prefix)) continue;
      if (ordered && compareKeys(Key, last) < 0) {
        throw new TucuxiError(`The service lists ${JSON.stringify(Key)} after ${JSON.stringify(last)}`, {
          code: "BrokenListing",
          hint: "Without S3's order two trees cannot be compared name by name.",
        });
      }
      last = Key;
      const path = Key.slice(prefix.length);
      // The object that consoles make to show a folder that is empty.
      if (path === "") continue;
      if (filter.wants(path)) yield { path, size: Size, modified: LastModified?.getTime() ?? 0, etag: ETag };
    }
  }
}

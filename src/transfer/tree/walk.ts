/** The files of a folder and of the folders in it, in the order of the keys they would have. Of each folder on the way only the names are held. */
import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Entry, Unreadable } from "./entry.js";
import type { Filter } from "./glob.js";
import { compareKeys } from "./order.js";

/** Files asked for their size ahead of their turn. */
const AHEAD = 32;

/** Temporary files of downloads: ours, and no part of the tree. */
const temporary = /^\..*\.[0-9a-f]{8}\.tucuxi(?:\.state)?$/;

interface Name {
  /** With `/` behind folders: that is how their files sort. */
  readonly text: string;
  readonly link: boolean;
}

/**
 * @param root a folder
 * @throws the error of a root that cannot be read; others come as entries
 */
export async function* walk(
  root: string,
  filter: Filter,
  followSymlinks: boolean,
): AsyncGenerator<Entry | Unreadable | "skipped"> {
  const { dev, ino } = await stat(root);
  yield* folder(root, "", filter, followSymlinks, [`${dev}:${ino}`], true);
}

async function* folder(
  root: string,
  prefix: string,
  filter: Filter,
  follow: boolean,
  above: readonly string[],
  top = false,
): AsyncGenerator<Entry | Unreadable | "skipped"> {
  let dirents: Dirent[];
  try {
    dirents = await readdir(join(root, prefix), { withFileTypes: true });
  } catch (error) {
    if (top) throw error;
    yield { path: prefix.slice(0, -1), folder: true, error };
    return;
  }
  const names: Name[] = [];
  for (const dirent of dirents) {
    const path = prefix + dirent.name;
    if (temporary.test(dirent.name) || !filter.enters(path)) continue;
    const link = dirent.isSymbolicLink();
    let isFolder = dirent.isDirectory();
    if (link && follow) {
      isFolder = await stat(join(root, path)).then(
        (stats) => stats.isDirectory(),
        () => false,
      );
    }
    if (!isFolder && !filter.wants(path)) continue;
    if (isFolder || dirent.isFile() || link) names.push({ text: isFolder ? `${dirent.name}/` : dirent.name, link });
    else yield "skipped";
  }
  dirents = [];
  names.sort((a, b) => compareKeys(a.text, b.text));
  // One look at a file after the other would wait for the disk each time.
  const looks: Promise<Stats | Error>[] = [];
  let looked = 0;
  for (let i = 0; i < names.length; i++) {
    for (; looked < names.length && looked < i + AHEAD; looked++)
      looks[looked % AHEAD] = look(root, prefix, names[looked]!, follow);
    const { text, link } = names[i]!;
    const path = prefix + text;
    const stats = await looks[i % AHEAD]!;
    if (text.endsWith("/")) {
      if (stats instanceof Error) {
        yield { path: path.slice(0, -1), folder: true, error: stats };
        continue;
      }
      const id = `${stats.dev}:${stats.ino}`;
      // A link to a folder that it is in would go round for ever.
      if (link && above.includes(id)) yield "skipped";
      else yield* folder(root, path, filter, follow, [...above, id]);
      continue;
    }
    if (stats instanceof Error) yield { path, folder: false, error: stats };
    else if (stats.isFile()) yield { path, size: stats.size, modified: stats.mtimeMs };
    else yield "skipped";
  }
}

function look(root: string, prefix: string, { text, link }: Name, follow: boolean): Promise<Stats | Error> {
  const path = join(root, prefix, text);
  // A slash at the end of a path would follow a link.
  const bare = text.endsWith("/") ? path.slice(0, -1) : path;
  return (link && follow ? stat(bare) : lstat(bare)).catch((error: Error) => error);
}

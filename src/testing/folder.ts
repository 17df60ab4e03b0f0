import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import type { World } from "./call.js";
import type { Journal } from "./journal.js";
import { KeptFiles, type Place } from "./kept-files.js";
import { Bucket, type Upload, type UploadedPart, type Version } from "./store.js";
import type { User } from "./users.js";

/** Folders that a server of this process has open. */
const open = new Set<string>();

const format = { tucuxi: "S3 in the box", format: 1 };

/** One change, as it stands on its line. */
type Entry =
  | typeof format
  | { op: "settings"; bucket: SavedBucket }
  | { op: "bucketRemoved"; bucket: string }
  | { op: "added" | "changed"; bucket: string; version: SavedVersion }
  | { op: "removed"; bucket: string; key: string; versionId: string }
  | { op: "uploadBegun"; bucket: string; upload: SavedUpload }
  | { op: "partUploaded"; bucket: string; upload: string; part: SavedPart }
  | { op: "uploadEnded"; bucket: string; upload: string };

/** Whom something belongs to: the account, and never a key. */
type SavedUser = Pick<User, "accountId" | "canonicalId" | "displayName">;
type SavedVersion = Omit<Version, "chunks"> & { chunks: Place[] };
type SavedPart = Omit<UploadedPart, "chunks"> & { chunks: Place[] };
type SavedUpload = Omit<Upload, "parts" | "initiator"> & { initiator: SavedUser | undefined };
type SavedBucket = Pick<Bucket, "name" | "region" | "created" | "acl" | "versioning" | "objectLock"> & {
  owner: SavedUser;
  configurations: [string, unknown][];
};

const saveUser = ({ accountId, canonicalId, displayName }: User): SavedUser => ({
  accountId,
  canonicalId,
  displayName,
});

/** Dates and maps as JSON that they can be made from again. */
function write(entry: Entry): string {
  const text = JSON.stringify(entry, function (this: Record<string, unknown>, name: string, value: unknown) {
    const raw = this[name];
    if (raw instanceof Date) return { $date: raw.getTime() };
    return raw instanceof Map ? { $map: [...raw] } : value;
  });
  return `${text}\n`;
}

function read(line: string): Entry {
  return JSON.parse(line, (_name, value: { $date?: number; $map?: [unknown, unknown][] } | null) => {
    if (value?.$date !== undefined) return new Date(value.$date);
    return value?.$map === undefined ? value : new Map(value.$map);
  }) as Entry;
}

function isRunning(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/**
 * What a server holds, in a folder: `bytes/` has a file for each body, `index.jsonl` a line for each change since it was last written anew. A line is there before the
 * request is answered, so a process that is killed loses nothing that it has answered for. One server at a time has the folder.
 */
export class Folder implements Journal {
  readonly files: KeptFiles;
  readonly #path: string;
  readonly #index: string;
  readonly #lock: string;
  #descriptor: number | undefined;

  /**
   * Makes the folder if it is not there, and takes it.
   * @param most bytes that all objects and parts may have together
   */
  constructor(path: string, most: number) {
    this.#path = resolve(path);
    this.#index = join(this.#path, "index.jsonl");
    this.#lock = join(this.#path, "lock");
    const bytes = join(this.#path, "bytes");
    mkdirSync(bytes, { recursive: true });
    const holder = existsSync(this.#lock) ? Number(readFileSync(this.#lock, "utf8")) : 0;
    if (open.has(this.#path) || isRunning(holder)) {
      throw new Error(
        `S3Server: ${this.#path} is in use by another server (process ${holder}). Stop that one, or take another folder.`,
      );
    }
    writeFileSync(this.#lock, String(process.pid));
    open.add(this.#path);
    this.files = new KeptFiles(bytes, most);
  }

  /** Puts everything that was kept into an empty world, writes the index anew, and keeps it from then on. */
  load(world: World): void {
    if (existsSync(this.#index)) this.#replay(world);
    for (const bucket of world.buckets.values()) {
      for (const versions of bucket.objects.values()) for (const version of versions) this.files.share(version);
      for (const upload of bucket.uploads.values()) {
        for (const part of upload.parts.values()) this.files.share(part);
      }
    }
    this.files.sweep();
    this.#rewrite(world);
    for (const bucket of world.buckets.values()) bucket.journal = this;
  }

  #replay(world: World): void {
    const lines = readFileSync(this.#index, "utf8").split("\n");
    // Whatever has no line's end behind it was being written when the process ended.
    lines.pop();
    lines.forEach((line, at) => {
      try {
        this.#apply(world, read(line), at);
      } catch (cause) {
        throw new Error(`S3Server: line ${at + 1} of ${this.#index} can't be read; the folder is not this server's.`, {
          cause,
        });
      }
    });
  }

  #apply(world: World, entry: Entry, at: number): void {
    if (!("op" in entry)) {
      if (at !== 0 || entry.format !== format.format) throw new Error(`The format ${entry.format} is not known.`);
      return;
    }
    if (entry.op === "settings") {
      applySettings(world, entry.bucket);
      return;
    }
    const bucket = world.buckets.get(entry.bucket)!;
    switch (entry.op) {
      case "bucketRemoved":
        world.buckets.delete(entry.bucket);
        break;
      case "added":
        bucket.add({ ...entry.version, chunks: this.files.pieces(entry.version.chunks) });
        break;
      case "changed": {
        const { key, versionId, description, tags, acl, retention, legalHold, restoredUntil } = entry.version;
        Object.assign(bucket.version(key, versionId)!, {
          description,
          tags,
          acl,
          retention,
          legalHold,
          restoredUntil,
        });
        break;
      }
      case "removed":
        bucket.remove(bucket.version(entry.key, entry.versionId)!);
        break;
      case "uploadBegun": {
        const { initiator } = entry.upload;
        bucket.addUpload({ ...entry.upload, initiator: initiator && findUser(world, initiator), parts: new Map() });
        break;
      }
      case "partUploaded":
        bucket.addPart(bucket.uploads.get(entry.upload)!, {
          ...entry.part,
          chunks: this.files.pieces(entry.part.chunks),
        });
        break;
      case "uploadEnded":
        bucket.removeUpload(bucket.uploads.get(entry.upload)!);
        break;
    }
  }

  /** Writes what there is, and nothing of how it came about; the old index is there until the new one is whole. */
  #rewrite(world: World): void {
    this.#close();
    const fresh = `${this.#index}.new`;
    this.#descriptor = openSync(fresh, "w");
    this.#append(format);
    for (const bucket of world.buckets.values()) {
      this.settings(bucket);
      for (const versions of bucket.objects.values()) {
        // The newest stands first; they are put in front of each other again.
        for (const version of versions.toReversed()) this.added(bucket, version);
      }
      for (const upload of bucket.uploads.values()) {
        this.uploadBegun(bucket, upload);
        for (const part of upload.parts.values()) this.partUploaded(bucket, upload, part);
      }
    }
    fsyncSync(this.#descriptor);
    this.#close();
    renameSync(fresh, this.#index);
    this.#descriptor = openSync(this.#index, "a");
  }

  #append(entry: Entry): void {
    if (this.#descriptor === undefined) throw new Error("The server has stopped.");
    const bytes = Buffer.from(write(entry));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  settings(bucket: Bucket): void {
    const { name, region, created, owner, acl, versioning, objectLock, configurations } = bucket;
    this.#append({
      op: "settings",
      bucket: {
        name,
        region,
        created,
        owner: saveUser(owner),
        acl,
        versioning,
        objectLock,
        configurations: [...configurations],
      },
    });
  }

  bucketRemoved(bucket: Bucket): void {
    this.#append({ op: "bucketRemoved", bucket: bucket.name });
  }

  added(bucket: Bucket, version: Version): void {
    this.#append({ op: "added", bucket: bucket.name, version: this.#saveVersion(version) });
  }

  changed(bucket: Bucket, version: Version): void {
    this.#append({ op: "changed", bucket: bucket.name, version: this.#saveVersion(version) });
  }

  removed(bucket: Bucket, version: Version): void {
    this.#append({ op: "removed", bucket: bucket.name, key: version.key, versionId: version.versionId });
  }

  uploadBegun(bucket: Bucket, upload: Upload): void {
    const { parts: _, initiator, ...saved } = upload;
    this.#append({
      op: "uploadBegun",
      bucket: bucket.name,
      upload: { ...saved, initiator: initiator && saveUser(initiator) },
    });
  }

  partUploaded(bucket: Bucket, upload: Upload, part: UploadedPart): void {
    const saved = { ...part, chunks: this.files.places(part.chunks) };
    this.#append({ op: "partUploaded", bucket: bucket.name, upload: upload.id, part: saved });
  }

  uploadEnded(bucket: Bucket, upload: Upload): void {
    this.#append({ op: "uploadEnded", bucket: bucket.name, upload: upload.id });
  }

  #saveVersion(version: Version): SavedVersion {
    return { ...version, chunks: this.files.places(version.chunks) };
  }

  /** Forgets everything that was kept. */
  clear(world: World): void {
    this.files.clear();
    this.#rewrite(world);
  }

  /** Lets go of the folder; what is in it stays. */
  close(): void {
    this.#close();
    if (open.delete(this.#path)) rmSync(this.#lock, { force: true });
  }
}

/** The user of that account; of one that nobody signs for any more, its name alone is left. */
function findUser(world: World, saved: SavedUser): User {
  return (
    world.users.findAccount(saved.accountId) ?? {
      ...saved,
      accessKeyId: "",
      secretAccessKey: "",
      sessionToken: undefined,
      expiration: undefined,
      session: undefined,
    }
  );
}

function applySettings(world: World, saved: SavedBucket): void {
  let bucket = world.buckets.get(saved.name);
  if (!bucket) {
    const owner = findUser(world, saved.owner);
    bucket = new Bucket(saved.name, saved.region, saved.created, owner, saved.acl, saved.objectLock);
    world.buckets.set(saved.name, bucket);
  }
  bucket.acl = saved.acl;
  bucket.versioning = saved.versioning;
  bucket.objectLock = saved.objectLock;
  bucket.configurations.clear();
  for (const [place, value] of saved.configurations) bucket.configurations.set(place, value);
}

import { randomBytes } from "node:crypto";
import type { Grant, Tag } from "../model/generated/types.js";
import type { Answer } from "./answer.js";
import type { Algorithm, Checksum, ChecksumType } from "./checksums.js";
import type { Journal } from "./journal.js";
import { SortedMap } from "./keys.js";
import type { Piece } from "./storage.js";
import type { User } from "./users.js";

/** Who may do what: owner and grants, as ACLs have them. */
export interface Acl {
  readonly owner: { readonly ID: string; readonly DisplayName: string };
  readonly grants: readonly Grant[];
}

/** Encryption as it is said back; this server encrypts nothing. */
export interface Encryption {
  readonly algorithm: string | undefined;
  readonly kmsKeyId: string | undefined;
  readonly bucketKey: boolean | undefined;
  readonly context: string | undefined;
  /** Base64 MD5 of the customer's key, which every read must bring again. */
  readonly customerKeyMD5: string | undefined;
}

/** What a writer says about an object besides its bytes; common to puts, copies and multipart uploads. */
export interface Description {
  /** Cache-Control, Content-Type and the like, by lower-case name, as they came. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata by lower-case name without `x-amz-meta-`. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly storageClass: string;
  readonly encryption: Encryption;
}

/** A part of an object that was uploaded in parts. */
export interface StoredPart {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
}

export interface Retention {
  readonly Mode: string;
  readonly RetainUntilDate: Date;
}

/** One version of an object, or a delete marker. */
export interface Version {
  readonly key: string;
  /** `null` for what was written while versioning was off. */
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly lastModified: Date;
  readonly chunks: readonly Piece[];
  readonly size: number;
  /** With quotes. */
  readonly etag: string;
  description: Description;
  checksum: Checksum | undefined;
  readonly parts: readonly StoredPart[] | undefined;
  tags: readonly Tag[];
  acl: Acl;
  retention: Retention | undefined;
  legalHold: string | undefined;
  /** For archived objects that were asked back: until when. */
  restoredUntil: Date | undefined;
}

/** An unfinished multipart upload. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
  readonly description: Description;
  readonly tags: readonly Tag[];
  readonly acl: Acl;
  readonly initiator: User | undefined;
  readonly algorithm: Algorithm | undefined;
  readonly checksumType: ChecksumType | undefined;
  readonly retention: Retention | undefined;
  readonly legalHold: string | undefined;
  readonly parts: Map<number, UploadedPart>;
}

/** A part that waits for its upload to be completed. */
export interface UploadedPart extends StoredPart {
  readonly chunks: readonly Piece[];
  readonly lastModified: Date;
}

/** A bucket and all in it. */
export class Bucket {
  readonly name: string;
  readonly region: string;
  readonly created: Date;
  readonly owner: User;
  acl: Acl;
  /** undefined: never enabled. */
  versioning: "Enabled" | "Suspended" | undefined;
  objectLock: boolean;
  /** All versions by key, the newest first; never an empty list. */
  readonly objects = new SortedMap<Version[]>();
  readonly uploads = new Map<string, Upload>();
  /** The last uploads that were completed, with their answers: a completion may be sent twice. */
  readonly completed = new Map<string, { readonly key: string; readonly answer: Answer }>();
  /** Configurations by sub-resource: the dictionary that was put. Those with ids have `name/id`. */
  readonly configurations = new Map<string, unknown>();
  /** Is told of every change, where somebody wants to know. */
  journal: Journal | undefined;

  constructor(name: string, region: string, created: Date, owner: User, acl: Acl, objectLock: boolean) {
    this.name = name;
    this.region = region;
    this.created = created;
    this.owner = owner;
    this.acl = acl;
    this.objectLock = objectLock;
    if (objectLock) {
      this.versioning = "Enabled";
      this.configurations.set("versioning", { Status: "Enabled" });
    }
  }

  rememberCompleted(id: string, key: string, answer: Answer): void {
    this.completed.set(id, { key, answer });
    if (this.completed.size > 1000) this.completed.delete(this.completed.keys().next().value!);
  }

  /** The current version, delete marker or not. */
  latest(key: string): Version | undefined {
    return this.objects.get(key)?.[0];
  }

  /** The version of that id. */
  version(key: string, versionId: string): Version | undefined {
    return this.objects.get(key)?.find((version) => version.versionId === versionId);
  }

  /** The id that the next version gets. */
  nextVersionId(): string {
    return this.versioning === "Enabled" ? newVersionId() : "null";
  }

  /** Puts a version in front; one without an id takes the place of the one before it. Gives what it replaced. */
  add(version: Version): Version | undefined {
    const versions = this.objects.get(version.key);
    if (!versions) {
      this.objects.set(version.key, [version]);
      this.journal?.added(this, version);
      return undefined;
    }
    const old = version.versionId === "null" ? versions.findIndex((other) => other.versionId === "null") : -1;
    const replaced = old < 0 ? undefined : versions.splice(old, 1)[0];
    versions.unshift(version);
    this.journal?.added(this, version);
    return replaced;
  }

  /** Takes a version away for good. */
  remove(version: Version): void {
    const versions = this.objects.get(version.key);
    const at = versions?.indexOf(version) ?? -1;
    if (!versions || at < 0) return;
    versions.splice(at, 1);
    if (versions.length === 0) this.objects.delete(version.key);
    this.journal?.removed(this, version);
  }

  /** Says that tags, ACL or lock of a version are others now. */
  changed(version: Version): void {
    this.journal?.changed(this, version);
  }

  /** Says that the bucket's ACL, versioning or configurations are others now. */
  changedSettings(): void {
    this.journal?.settings(this);
  }

  addUpload(upload: Upload): void {
    this.uploads.set(upload.id, upload);
    this.journal?.uploadBegun(this, upload);
  }

  /** Puts a part in its place, and gives the one that was there. */
  addPart(upload: Upload, part: UploadedPart): UploadedPart | undefined {
    const old = upload.parts.get(part.number);
    upload.parts.set(part.number, part);
    this.journal?.partUploaded(this, upload, part);
    return old;
  }

  removeUpload(upload: Upload): void {
    this.uploads.delete(upload.id);
    this.journal?.uploadEnded(this, upload);
  }
}

/** Version ids have the length and letters of S3's, and no order. */
export function newVersionId(): string {
  return randomBytes(24).toString("base64url").replaceAll("-", ".");
}

import type {
  ObjectLockConfiguration,
  PutObjectLegalHoldRequest,
  PutObjectLockConfigurationRequest,
  PutObjectRetentionRequest,
} from "../model/generated/types.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { hasChecksum } from "./checksums.js";
import { accessDenied, invalidArgument, invalidRequest, malformedXml, missingBody, S3Error } from "./errors.js";
import type { Headers } from "./input.js";
import type { Bucket, Retention, Version } from "./store.js";
import { findVersion } from "./versions.js";

const day = 24 * 3600 * 1000;

/** What keeps a version from being deleted. */
export interface Lock {
  readonly retention: Retention | undefined;
  readonly legalHold: string | undefined;
}

function requireLock(bucket: Bucket): void {
  if (!bucket.objectLock) throw invalidRequest("The bucket has no object lock.");
}

function checkMode(mode: string): void {
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
    throw invalidArgument("x-amz-object-lock-mode", mode, "The mode is GOVERNANCE or COMPLIANCE.");
}

/** S3 takes no object with a lock that nothing vouches for. */
export function checkLockedBody(headers: Headers): void {
  const asks = Object.keys(headers).some((name) => name.startsWith("x-amz-object-lock-"));
  if (asks && !hasChecksum(headers)) {
    throw invalidRequest("Content-MD5 or an x-amz-checksum- header is missing, which objects with a lock need.");
  }
}

/** The lock that the headers of a write ask for, or the bucket's default. */
export function readLock(headers: Headers, bucket: Bucket, now: Date): Lock {
  const mode = headers["x-amz-object-lock-mode"];
  const until = headers["x-amz-object-lock-retain-until-date"];
  const legalHold = headers["x-amz-object-lock-legal-hold"];
  if (mode !== undefined || until !== undefined || legalHold !== undefined) requireLock(bucket);
  if ((mode === undefined) !== (until === undefined)) {
    throw invalidArgument(
      "x-amz-object-lock-mode",
      mode ?? "null",
      "x-amz-object-lock-mode and x-amz-object-lock-retain-until-date go together.",
    );
  }
  if (legalHold !== undefined && legalHold !== "ON" && legalHold !== "OFF") {
    throw invalidArgument("x-amz-object-lock-legal-hold", legalHold, "The legal hold is ON or OFF.");
  }
  if (mode === undefined || until === undefined) return { retention: defaultRetention(bucket, now), legalHold };
  checkMode(mode);
  const date = new Date(until);
  if (Number.isNaN(date.getTime()))
    throw invalidArgument("x-amz-object-lock-retain-until-date", until, "The date can't be read.");
  if (date <= now) throw invalidArgument("x-amz-object-lock-retain-until-date", until, "The date must lie ahead.");
  return { retention: { Mode: mode, RetainUntilDate: date }, legalHold };
}

function defaultRetention(bucket: Bucket, now: Date): Retention | undefined {
  const configuration = bucket.configurations.get("object-lock") as ObjectLockConfiguration | undefined;
  const rule = configuration?.Rule?.DefaultRetention;
  if (!bucket.objectLock || !rule?.Mode) return undefined;
  const days = rule.Days ?? (rule.Years ?? 0) * 365;
  return { Mode: rule.Mode, RetainUntilDate: new Date(now.getTime() + days * day) };
}

/** Throws when the version may not be deleted now. */
export function checkDeletable(version: Version, now: Date, bypass: boolean): void {
  if (version.legalHold === "ON") throw accessDenied("The version is under a legal hold.");
  const { retention } = version;
  if (!retention || retention.RetainUntilDate <= now) return;
  if (retention.Mode === "GOVERNANCE" && bypass) return;
  throw accessDenied("The version is locked until its retention ends.");
}

export function getObjectRetention(call: Call<PutObjectRetentionRequest>): Answer {
  const version = findVersion(call);
  requireLock(call.bucket);
  if (!version.retention) throw noLock();
  return { output: { Retention: version.retention } };
}

const noLock = (): S3Error => new S3Error("NoSuchObjectLockConfiguration", "The object has no such lock.");

export function putObjectRetention(call: Call<PutObjectRetentionRequest>): Answer {
  const version = findVersion(call);
  requireLock(call.bucket);
  const { Mode: mode, RetainUntilDate: until } = call.input.Retention ?? {};
  if ((mode === undefined) !== (until === undefined)) throw malformedXml("Mode and RetainUntilDate go together");
  if (mode !== undefined && mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
    throw malformedXml("Mode is GOVERNANCE or COMPLIANCE");
  const old = version.retention;
  const running = old !== undefined && old.RetainUntilDate > call.now;
  const weaker =
    running &&
    (mode === undefined || until! < old.RetainUntilDate || (old.Mode === "COMPLIANCE" && mode !== "COMPLIANCE"));
  const bypass = call.input.BypassGovernanceRetention === true;
  if (weaker && (old.Mode === "COMPLIANCE" || !bypass)) throw accessDenied("The retention can't be made weaker.");
  if (running && old.Mode === "GOVERNANCE" && mode !== old.Mode && !bypass)
    throw accessDenied("The retention can't be changed without the right to bypass it.");
  if (until !== undefined && until <= call.now)
    throw invalidArgument("RetainUntilDate", until.toISOString(), "The date must lie ahead.");
  version.retention = mode === undefined || until === undefined ? undefined : { Mode: mode, RetainUntilDate: until };
  call.bucket.changed(version);
  return {};
}

export function getObjectLegalHold(call: Call<PutObjectLegalHoldRequest>): Answer {
  const version = findVersion(call);
  requireLock(call.bucket);
  if (version.legalHold === undefined) throw noLock();
  return { output: { LegalHold: { Status: version.legalHold } } };
}

export function putObjectLegalHold(call: Call<PutObjectLegalHoldRequest>): Answer {
  const version = findVersion(call);
  requireLock(call.bucket);
  const status = call.input.LegalHold?.Status;
  if (status !== "ON" && status !== "OFF") throw malformedXml("Status is ON or OFF");
  version.legalHold = status;
  call.bucket.changed(version);
  return {};
}

export function getObjectLockConfiguration(call: Call): Answer {
  if (!call.bucket.objectLock) {
    throw new S3Error("ObjectLockConfigurationNotFoundError", "The bucket has no object lock.", {
      BucketName: call.bucket.name,
    });
  }
  const configuration = call.bucket.configurations.get("object-lock") ?? { ObjectLockEnabled: "Enabled" };
  return { output: { ObjectLockConfiguration: configuration } };
}

export function putObjectLockConfiguration(call: Call<PutObjectLockConfigurationRequest>): Answer {
  const { bucket } = call;
  const configuration = call.input.ObjectLockConfiguration;
  if (configuration === undefined) throw missingBody();
  if (configuration.ObjectLockEnabled !== "Enabled") throw malformedXml("ObjectLockEnabled is Enabled");
  if (bucket.versioning !== "Enabled") {
    throw new S3Error("InvalidBucketState", "Object lock needs versioning to be enabled.");
  }
  const rule = configuration.Rule?.DefaultRetention;
  if (rule) {
    if (rule.Mode !== "GOVERNANCE" && rule.Mode !== "COMPLIANCE")
      throw malformedXml("Mode is GOVERNANCE or COMPLIANCE");
    if ((rule.Days === undefined) === (rule.Years === undefined)) throw malformedXml("there must be Days or Years");
    if ((rule.Days ?? rule.Years ?? 0) <= 0)
      throw invalidArgument("Days", String(rule.Days ?? rule.Years), "The period must be longer than nothing.");
  }
  bucket.objectLock = true;
  bucket.configurations.set("object-lock", configuration);
  bucket.changedSettings();
  return {};
}

import { randomUUID } from "node:crypto";
import type {
  CORSConfiguration,
  LifecycleRule,
  LoggingEnabled,
  NotificationConfiguration,
  PublicAccessBlockConfiguration,
  ReplicationConfiguration,
  ServerSideEncryptionConfiguration,
  Tag,
  WebsiteConfiguration,
} from "../model/generated/types.js";
import type { Shape } from "../model/shape.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { accessDenied, invalidArgument, invalidRequest, malformedXml, S3Error } from "./errors.js";
import { isPublicPolicy, isWithin, knowsOperator, listOf } from "./policy.js";
import { checkTags } from "./tagging.js";

// Words that S3 takes, by structure and member. The model's data has no enums, since clients let every word through.
const words: Readonly<Record<string, string>> = {
  "AbacStatus.Status": "Enabled Disabled",
  "AccelerateConfiguration.Status": "Enabled Suspended",
  "AnalyticsS3BucketDestination.Format": "CSV",
  "DeleteMarkerReplication.Status": "Enabled Disabled",
  "IntelligentTieringConfiguration.Status": "Enabled Disabled",
  "InventoryConfiguration.IncludedObjectVersions": "All Current",
  "InventoryS3BucketDestination.Format": "CSV ORC Parquet",
  "InventorySchedule.Frequency": "Daily Weekly",
  "LifecycleRule.Status": "Enabled Disabled",
  "NoncurrentVersionTransition.StorageClass":
    "GLACIER STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING DEEP_ARCHIVE GLACIER_IR",
  "OwnershipControlsRule.ObjectOwnership": "BucketOwnerPreferred ObjectWriter BucketOwnerEnforced",
  "Redirect.Protocol": "http https",
  "RedirectAllRequestsTo.Protocol": "http https",
  "ReplicationRule.Status": "Enabled Disabled",
  "RequestPaymentConfiguration.Payer": "Requester BucketOwner",
  "ServerSideEncryptionByDefault.SSEAlgorithm": "AES256 aws:kms aws:kms:dsse",
  "StorageClassAnalysisDataExport.OutputSchemaVersion": "V_1",
  "Tiering.AccessTier": "ARCHIVE_ACCESS DEEP_ARCHIVE_ACCESS",
  "Transition.StorageClass": "GLACIER STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING DEEP_ARCHIVE GLACIER_IR",
  "VersioningConfiguration.MFADelete": "Enabled Disabled",
  "VersioningConfiguration.Status": "Enabled Suspended",
};

function checkWords(value: unknown, shape: Shape): void {
  if (shape.kind === "list") {
    for (const item of value as unknown[]) checkWords(item, shape.member.shape);
  } else if (shape.kind === "structure") {
    for (const member of shape.members) {
      const given = (value as Record<string, unknown>)[member.name];
      if (given === undefined) continue;
      const taken = words[`${shape.name}.${member.name}`];
      if (taken !== undefined && !` ${taken} `.includes(` ${given} `))
        throw malformedXml(`${member.wireName} can't be ${JSON.stringify(given)}`);
      checkWords(given, member.shape);
    }
  }
}

type Rule = (call: Call, value: never) => Answer | undefined;

function checkCors(_call: Call, value: CORSConfiguration): undefined {
  if (value.CORSRules.length > 100) throw malformedXml("there are more than 100 rules");
  for (const rule of value.CORSRules) {
    for (const method of rule.AllowedMethods) {
      if (!["GET", "PUT", "POST", "DELETE", "HEAD"].includes(method))
        throw invalidRequest(`The method ${method} is not supported in a CORS rule.`);
    }
    for (const text of [...rule.AllowedOrigins, ...(rule.AllowedHeaders ?? [])]) {
      if (text.split("*").length > 2) throw invalidRequest(`${JSON.stringify(text)} may have one wildcard.`);
    }
    for (const header of rule.ExposeHeaders ?? []) {
      if (header.includes("*"))
        throw invalidRequest(`The exposed header ${JSON.stringify(header)} must not have a wildcard.`);
    }
  }
}

function checkLifecycle(call: Call, value: { Rules: LifecycleRule[] }): Answer {
  const minimum = call.headers["x-amz-transition-default-minimum-object-size"] ?? "all_storage_classes_128K";
  if (!["all_storage_classes_128K", "varies_by_storage_class"].includes(minimum))
    throw invalidArgument("x-amz-transition-default-minimum-object-size", minimum);
  if (value.Rules.length > 1000) throw malformedXml("there are more than 1000 rules");
  const ids = new Set<string>();
  for (const rule of value.Rules) {
    rule.ID ??= randomUUID();
    if (rule.ID.length > 255) throw invalidArgument("ID", rule.ID, "An id may have 255 characters.");
    if (ids.has(rule.ID)) throw invalidArgument("ID", rule.ID, "Two rules have the same id.");
    ids.add(rule.ID);
    checkLifecycleRule(rule);
  }
  call.bucket.configurations.set("lifecycle-minimum", minimum);
  return { output: { TransitionDefaultMinimumObjectSize: minimum } };
}

function checkLifecycleRule(rule: LifecycleRule): void {
  const { Expiration: expiration, Transitions: transitions = [] } = rule;
  if ((rule.Filter === undefined) === (rule.Prefix === undefined))
    throw malformedXml("a rule needs Filter or Prefix, and not both");
  if (rule.Filter && Object.keys(rule.Filter).length > 1)
    throw malformedXml("a filter has one condition; several stand in And");
  const actions = [
    expiration,
    transitions[0],
    rule.NoncurrentVersionTransitions,
    rule.NoncurrentVersionExpiration,
    rule.AbortIncompleteMultipartUpload,
  ];
  if (actions.every((action) => action === undefined)) throw invalidRequest("A rule needs at least one action.");
  if (expiration) {
    const given = [expiration.Date, expiration.Days, expiration.ExpiredObjectDeleteMarker].filter(
      (part) => part !== undefined,
    );
    if (given.length !== 1) throw malformedXml("Expiration has Date, Days or ExpiredObjectDeleteMarker");
    checkWhen("Expiration", expiration.Days, expiration.Date, 1);
  }
  for (const transition of transitions) {
    if ((transition.Date === undefined) === (transition.Days === undefined))
      throw malformedXml("Transition has Date or Days");
    checkWhen("Transition", transition.Days, transition.Date, 0);
  }
  for (const transition of rule.NoncurrentVersionTransitions ?? []) {
    if (transition.NoncurrentDays === undefined) throw malformedXml("NoncurrentVersionTransition has NoncurrentDays");
  }
  for (const transition of [...transitions, ...(rule.NoncurrentVersionTransitions ?? [])]) {
    if (transition.StorageClass === undefined) throw malformedXml("a transition has a StorageClass");
  }
  const abort = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
  if (abort !== undefined && abort < 1)
    throw invalidArgument("DaysAfterInitiation", String(abort), "The days must be at least one.");
}

function checkWhen(what: string, days: number | undefined, date: Date | undefined, least: number): void {
  if (days !== undefined && days < least)
    throw invalidArgument("Days", String(days), `The days of ${what} must be at least ${least}.`);
  if (date !== undefined && date.getTime() % 86_400_000 !== 0)
    throw invalidArgument("Date", date.toISOString(), `The date of ${what} must be midnight GMT.`);
}

function checkPolicy(call: Call, text: string): Answer {
  const malformed = (why: string): S3Error => new S3Error("MalformedPolicy", `The policy can't be taken: ${why}.`);
  if (text.length > 20 * 1024) throw new S3Error("PolicyTooLarge", "A policy may have 20 KB.");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("it is not JSON");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) throw malformed("it is no object");
  const { Version: version, Statement: given } = document as { Version?: unknown; Statement?: unknown };
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17")
    throw malformed("its Version is unknown");
  const statements = (Array.isArray(given) ? given : [given]) as (Record<string, unknown> | undefined)[];
  if (statements.length === 0) throw malformed("it has no Statement");
  for (const statement of statements) {
    if (typeof statement !== "object" || statement === null) throw malformed("it has no Statement");
    if (statement["Effect"] !== "Allow" && statement["Effect"] !== "Deny")
      throw malformed("a statement needs an Effect");
    for (const names of [
      ["Principal", "NotPrincipal"],
      ["Action", "NotAction"],
      ["Resource", "NotResource"],
    ]) {
      if (!names.some((name) => statement[name] !== undefined))
        throw malformed(`a statement needs ${names.join(" or ")}`);
    }
    for (const action of listOf(statement["Action"] ?? statement["NotAction"])) {
      if (typeof action !== "string" || !/^(\*$|s3:)/i.test(action)) throw malformed("an Action is none of S3's");
    }
    for (const resource of listOf(statement["Resource"] ?? statement["NotResource"])) {
      if (!isWithin(resource, call.bucket.name)) throw malformed("a Resource is not this bucket, nor in it");
    }
    for (const operator of Object.keys((statement["Condition"] ?? {}) as object)) {
      if (!knowsOperator(operator)) throw malformed(`the condition ${operator} is not one that this server can judge`);
    }
  }
  const block = call.bucket.configurations.get("publicAccessBlock") as PublicAccessBlockConfiguration | undefined;
  if (block?.BlockPublicPolicy && isPublicPolicy(text))
    throw accessDenied("The bucket's public access block refuses public policies.");
  return { status: 204 };
}

function checkVersioning(call: Call, value: { Status?: "Enabled" | "Suspended" }): undefined {
  const { bucket } = call;
  if (value.Status === "Suspended" && bucket.objectLock)
    throw new S3Error("InvalidBucketState", "Versioning of a bucket with object lock can't be suspended.");
  if (value.Status === "Suspended" && bucket.configurations.has("replication"))
    throw new S3Error("InvalidBucketState", "Versioning of a bucket with replication can't be suspended.");
  if (value.Status === undefined) throw new S3Error("IllegalVersioningConfigurationException", "Status is missing.");
  bucket.versioning = value.Status;
}

function checkWebsite(_call: Call, value: WebsiteConfiguration): undefined {
  if (value.RedirectAllRequestsTo) {
    if (Object.keys(value).length > 1) throw malformedXml("RedirectAllRequestsTo stands alone");
  } else if (!value.IndexDocument?.Suffix) {
    throw invalidArgument("IndexDocument", "null", "Without RedirectAllRequestsTo there must be an IndexDocument.");
  }
}

function checkReplication(call: Call, value: ReplicationConfiguration): undefined {
  if (call.bucket.versioning !== "Enabled") throw invalidRequest("Replication needs versioning to be enabled.");
  for (const rule of value.Rules) rule.ID ??= randomUUID();
}

function checkEncryption(_call: Call, value: ServerSideEncryptionConfiguration): undefined {
  if (value.Rules.length !== 1) throw malformedXml("there must be one rule");
  const chosen = value.Rules[0]!.ApplyServerSideEncryptionByDefault;
  if (chosen?.KMSMasterKeyID !== undefined && !chosen.SSEAlgorithm.startsWith("aws:kms")) {
    throw invalidArgument("KMSMasterKeyID", "", "A KMS key goes with aws:kms.");
  }
}

function checkNotification(call: Call, value: NotificationConfiguration): undefined {
  const { region } = call.bucket;
  const check = (rule: { Id?: string | undefined; Events: string[] }, arn: string, service: string): void => {
    rule.Id ??= randomUUID();
    const place = new RegExp(`^arn:[^:]+:${service}:([^:]*):\\d+:.+$`).exec(arn)?.[1];
    if (place === undefined) throw invalidArgument("Arn", arn, "This is no ARN of what can be notified.");
    if (place !== region) throw invalidArgument("Arn", arn, "What is notified must be in the bucket's region.");
    for (const event of rule.Events) {
      if (!/^s3:[A-Za-z]+(?::(?:\*|[A-Za-z]+))?$/.test(event))
        throw invalidArgument("Event", event, "There is no such event.");
    }
  };
  for (const rule of value.TopicConfigurations ?? []) check(rule, rule.TopicArn, "sns");
  for (const rule of value.QueueConfigurations ?? []) check(rule, rule.QueueArn, "sqs");
  for (const rule of value.LambdaFunctionConfigurations ?? []) check(rule, rule.LambdaFunctionArn, "lambda");
}

function checkLogging(call: Call, value: { LoggingEnabled?: LoggingEnabled }): undefined {
  const target = value.LoggingEnabled?.TargetBucket;
  if (target !== undefined && !call.world.buckets.has(target)) {
    throw new S3Error("InvalidTargetBucketForLogging", "The bucket to write logs to does not exist.", {
      TargetBucket: target,
    });
  }
}

function checkBucketTags(_call: Call, value: { TagSet: Tag[] }): Answer {
  checkTags(value.TagSet, 50);
  return { status: 204 };
}

function checkOwnershipControls(_call: Call, value: { Rules: unknown[] }): undefined {
  if (value.Rules.length !== 1) throw malformedXml("there must be one rule");
}

function checkAccelerate(call: Call, value: { Status?: string }): undefined {
  if (value.Status === undefined) throw malformedXml("Status is missing");
  if (call.bucket.name.includes(".")) throw invalidRequest("A bucket with dots in its name can't be accelerated.");
}

const rules: Readonly<Record<string, Rule>> = {
  accelerate: checkAccelerate,
  cors: checkCors,
  encryption: checkEncryption,
  lifecycle: checkLifecycle,
  logging: checkLogging,
  notification: checkNotification,
  ownershipControls: checkOwnershipControls,
  policy: checkPolicy,
  replication: checkReplication,
  tagging: checkBucketTags,
  versioning: checkVersioning,
  website: checkWebsite,
};

/**
 * Refuses what S3 refuses of a configuration, and does what it brings with it (ids for rules that have none, the bucket's versioning). Gives what to answer.
 */
export function checkConfiguration(call: Call, kind: string, value: Record<string, unknown>, shape: Shape): Answer {
  checkWords(value, shape);
  const rule = Object.hasOwn(rules, kind) ? rules[kind] : undefined;
  return rule?.(call, value as never) ?? {};
}

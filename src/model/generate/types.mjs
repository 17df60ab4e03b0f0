// The definition as TypeScript: an interface a structure, a string union an enumeration.
import { answerSentences, memberSentences } from "./docs.mjs";
import { alwaysLists, alwaysMembers, inputTypes, keyMembers, renamed } from "./facts.mjs";

/** The TypeScript name of a shape. */
export const typeName = (name) => renamed[name] ?? name;

/** Names of all shapes that can be reached from those given. */
function reachable(model, roots) {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const shape = model.shapes[name];
    for (const reference of Object.values(shape.members ?? {})) visit(reference.shape);
    for (const part of [shape.member, shape.key, shape.value]) if (part) visit(part.shape);
  };
  for (const root of roots) visit(root);
  return seen;
}

function typeOf(model, reference, input) {
  const shape = model.shapes[reference.shape];
  switch (shape.type) {
    case "string":
      return shape.enum ? typeName(reference.shape) : "string";
    case "integer":
    case "long":
      return "number";
    case "boolean":
      return "boolean";
    case "timestamp":
      return "Date";
    case "blob":
      return reference.streaming ? (input ? "BodyInput" : "ResponseBody") : "Uint8Array";
    case "list":
      return `${typeOf(model, shape.member, input)}[]`.replace(/^(.* \| .*)\[\]$/, "($1)[]");
    case "map":
      return "Record<string, string>";
    default:
      return shape.eventstream ? `AsyncIterable<${typeName(reference.shape)}>` : typeName(reference.shape);
  }
}

const metadataMember =
  "  /** Request ids, status, headers and retries of the answer. */\n  ResponseMetadata: ResponseMetadata;";

/**
 * The type of an operation's output by the name of its shape. A shape that is also written (a notification configuration) has a
 * type of its own for that: nobody who writes one has metadata of an answer to give.
 */
export function outputTypes(model) {
  const inInputs = reachable(model, new Set(Object.values(model.operations).map(({ input }) => input.shape)));
  return (shape) => {
    if (shape === undefined) return "EmptyOutput";
    return inInputs.has(shape) ? `${typeName(shape)}Output` : typeName(shape);
  };
}

const doc = (indent, text) => (text ? `${indent}/** ${text} */\n` : "");

/**
 * Members that many structures have together. Each set becomes an interface that these extend, so that what is said of a member is
 * installed once rather than a hundred times.
 */
const groups = {
  InBucket: ["Bucket", "ExpectedBucketOwner"],
  ForKey: ["Key"],
  OfVersion: ["VersionId"],
  Answer: ["ResponseMetadata"],
  Paid: ["RequestPayer"],
  Charged: ["RequestCharged"],
  WithChecksum: ["ChecksumAlgorithm"],
  WithMD5: ["ContentMD5"],
  Checksums: [
    ...["ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256", "ChecksumSHA512"],
    ...["ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128"],
  ],
  ChecksumKind: ["ChecksumType"],
  CustomerKey: ["SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"],
  CustomerKeyUsed: ["SSECustomerAlgorithm", "SSECustomerKeyMD5"],
  CopySourceKey: ["CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5"],
  Encryption: ["ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"],
  EncryptionContext: ["SSEKMSEncryptionContext"],
  Grants: ["GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"],
  WriteGrant: ["GrantWrite"],
  Content: ["CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType"],
  Conditions: ["IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince"],
  Lock: ["ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"],
  ResponseHeaders: [
    ...["ResponseCacheControl", "ResponseContentDisposition", "ResponseContentEncoding"],
    ...["ResponseContentLanguage", "ResponseContentType", "ResponseExpires"],
  ],
  OfPart: ["PartNumber"],
  OfUpload: ["UploadId"],
  WithETag: ["ETag"],
  Continued: ["ContinuationToken"],
  WithPrefix: ["Prefix"],
  Owned: ["Owner"],
  Stored: ["StorageClass"],
  Modified: ["LastModified"],
};

/** The members of a structure, each as it is declared, by name. */
function members(model, name, shape, { input, result }) {
  const found = new Map();
  for (const [key, reference] of Object.entries(shape.members)) {
    const required =
      (shape.required ?? []).includes(key) || alwaysLists[name]?.includes(key) || alwaysMembers[name]?.includes(key);
    let type = inputTypes[`${name}.${key}`] ?? typeOf(model, reference, input);
    if (input && keyMembers.has(key)) type = "string | Uint8Array";
    if (input && !required) type += " | undefined";
    const sentence =
      memberSentences[`${name}.${key}`] ?? (input ? undefined : answerSentences[key]) ?? memberSentences[key];
    const words = [sentence, reference.deprecated ? "@deprecated" : undefined].filter(Boolean).join("\n   * ");
    found.set(key, `${doc("  ", words)}  ${key}${required ? "" : "?"}: ${type};`);
    if (result && key === "Expires")
      found.set(
        "ExpiresString",
        "  /** The `Expires` header as it came, also when it is no date. */\n  ExpiresString?: string;",
      );
  }
  if (result) found.set("ResponseMetadata", metadataMember);
  return found;
}

function union(model, name, shape, input) {
  const choices = Object.entries(shape.members).map(([key, reference]) => {
    const others = Object.keys(shape.members).filter((other) => other !== key);
    return `{ ${key}: ${typeOf(model, reference, input)}${others.map((other) => `; ${other}?: undefined`).join("")} }`;
  });
  return `export type ${typeName(name)} =\n  | ${choices.join("\n  | ")};\n`;
}

/** Moves the members of groups from the structures into interfaces that these extend; gives the interfaces. */
function shareMembers(structures) {
  const shared = [];
  for (const [group, names] of Object.entries(groups)) {
    const byText = new Map();
    for (const one of structures) {
      if (!names.every((name) => one.members.has(name))) continue;
      const text = names.map((name) => one.members.get(name)).join("\n");
      byText.set(text, [...(byText.get(text) ?? []), one]);
    }
    // Those who write a member may also give undefined; those who read it need not reckon with that.
    for (const [text, users] of byText) {
      const name = text.includes("| undefined") ? `${group}Given` : text.includes("?: ") ? `${group}Maybe` : group;
      const length = (one) => ` extends ${one}`.length;
      if ((users.length - 1) * text.length < users.length * length(name) + 40) continue;
      if (shared.some((one) => one.name === name)) continue;
      shared.push({ name, text });
      for (const one of users) {
        one.parents.push(name);
        for (const member of names) one.members.delete(member);
      }
    }
  }
  return shared;
}

/** The file types.ts. */
export function typeDeclarations(model) {
  const operations = Object.entries(model.operations);
  const inputs = new Set(operations.map(([, operation]) => operation.input.shape));
  const outputs = new Set(operations.flatMap(([, operation]) => operation.output?.shape ?? []));
  const inInputs = reachable(model, inputs);
  const outputType = outputTypes(model);
  const used = reachable(model, [...inputs, ...outputs]);

  const parts = [`import type { BodyInput, CopySource, ResponseBody, ResponseMetadata } from "../dictionaries.js";\n`];
  const structures = [
    {
      name: "EmptyOutput",
      doc: "What an operation without an output answers.",
      parents: [],
      members: new Map([["ResponseMetadata", metadataMember]]),
    },
  ];
  for (const [name, shape] of Object.entries(model.shapes)) {
    if (!used.has(name)) continue;
    const input = inInputs.has(name);
    if (shape.type === "string" && shape.enum) {
      const values = shape.enum.map((value) => JSON.stringify(value)).join(" | ");
      parts.push(`export type ${typeName(name)} = ${values} | (string & {});\n`);
    } else if (shape.type === "structure" && (shape.union || shape.eventstream)) {
      parts.push(union(model, name, shape, input));
    } else if (shape.type === "structure") {
      const both = outputs.has(name) && outputType(name) !== typeName(name);
      const result = outputs.has(name) && !both;
      structures.push({ name: typeName(name), parents: [], members: members(model, name, shape, { input, result }) });
      if (both)
        structures.push({
          name: outputType(name),
          doc: `A \`${typeName(name)}\` as an answer.`,
          parents: [typeName(name)],
          members: new Map([["ResponseMetadata", metadataMember]]),
        });
    }
  }
  for (const { name, text } of shareMembers(structures)) parts.push(`interface ${name} {\n${text}\n}\n`);
  for (const { name, doc: sentence, parents, members } of structures) {
    const body = members.size > 0 ? `{\n${[...members.values()].join("\n")}\n}` : "{}";
    const from = parents.length > 0 ? ` extends ${parents.join(", ")}` : "";
    parts.push(`${doc("", sentence)}export interface ${name}${from} ${body}\n`);
  }
  for (const key of Object.keys(memberSentences)) {
    const [shape, member] = key.includes(".") ? key.split(".") : [undefined, key];
    const has = (name) => model.shapes[name]?.members?.[member] !== undefined;
    if (!(shape ? has(shape) : [...used].some(has)))
      throw new Error(`docs.mjs has a sentence for ${key}, which is no member`);
  }
  return parts.join("\n");
}

/** `GetObject` -> `getObject`. */
export const methodName = (operation) => operation.charAt(0).toLowerCase() + operation.slice(1);

import type { Tag } from "../model/generated/types.js";
import { structure } from "../model/shape.js";
import { authorizeOn } from "./access.js";
import type { Answer } from "./answer.js";
import { authenticateForm } from "./auth.js";
import { type BodyPlan, readBody, readChecksum } from "./body.js";
import type { Call } from "./call.js";
import { invalidArgument, S3Error } from "./errors.js";
import { FormReader } from "./form-data.js";
import { planPut, putOutput } from "./objects.js";
import { checkPostPolicy, type LengthRange } from "./post-policy.js";
import type { Version } from "./store.js";
import { checkTags } from "./tagging.js";
import { uriEncode } from "./target.js";
import { readPayload } from "./xml-read.js";
import { declaration, writePlain } from "./xml-write.js";

/** The fields of a form as the headers of a put. */
function toHeaders(fields: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of fields) {
    if (name === "acl") headers["x-amz-acl"] = value;
    else if (name === "tagging") headers["x-amz-tagging"] = tagsOf(value);
    else if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value) && name !== "policy")
      throw invalidArgument(name, value, `The field ${name} could not stand in a header.`);
    else headers[name] = value;
  }
  return headers;
}

/** The tags of a form are XML, where the header of a put has a query string. */
function tagsOf(xml: string): string {
  const { TagSet: tags } = readPayload(xml, structure("Tagging"), ["Tagging"]) as unknown as { TagSet: Tag[] };
  checkTags(tags, 10);
  return tags.map((tag) => `${encodeURIComponent(tag.Key)}=${encodeURIComponent(tag.Value)}`).join("&");
}

/** Stops a file that is longer than the policy lets it be. */
async function* bounded(file: AsyncIterable<Uint8Array>, range: LengthRange | undefined): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const bytes of file) {
    size += bytes.length;
    if (range && size > range.most) {
      throw new S3Error("EntityTooLarge", "The file is longer than the form's policy allows.", {
        ProposedSize: size,
        MaxSizeAllowed: range.most,
      });
    }
    yield bytes;
  }
  if (range && size < range.least) {
    throw new S3Error("EntityTooSmall", "The file is shorter than the form's policy asks for.", {
      ProposedSize: size,
      MinSizeAllowed: range.least,
    });
  }
}

/**
 * Takes an object from a browser's form: the fields say what a put's headers would, and a signed policy says which fields are fine.
 * @param open gives the call of whoever signed the form
 */
export async function postObject(
  source: AsyncIterable<Uint8Array>,
  contentType: string,
  base: Omit<Call, "user" | "identity">,
): Promise<Answer> {
  const form = new FormReader(source, contentType);
  const file = await form.readFields();
  const { fields } = form;
  if (!fields.has("key")) throw invalidArgument("key", "", "The form needs a field key, before the file.");
  if (!file) throw invalidArgument("file", "0", "The form needs one file.");
  const key = fields.get("key")!.replace(/\$\{filename\}/g, () => form.filename);
  if (key === "") throw new S3Error("UserKeyMustBeSpecified", "The key is empty.");
  fields.set("key", key);
  const headers = toHeaders(fields);
  if (form.fileType !== undefined) headers["content-type"] ??= form.fileType;
  const identity = authenticateForm(fields, base.now, base.world.users, base.world.regions, base.bucket.region);
  const call: Call = { ...base, headers, identity, user: identity.user };
  const policy = fields.get("policy");
  const named = new Map([...fields, ["bucket", base.bucket.name]]);
  const range = policy === undefined ? undefined : checkPostPolicy(policy, named, base.now);
  authorizeOn(call, "PostObject", call.bucket, key);
  const put = planPut(call, key, headers);
  const plan: BodyPlan = {
    length: undefined,
    sha256: undefined,
    md5: fields.get("content-md5"),
    framed: "no",
    trailer: [],
    ...readChecksum(headers, []),
  };
  const content = await readBody(bounded(form.file(), range), plan, identity, call.world.storage);
  return answer(call, fields, put(content));
}

function answer(call: Call, fields: ReadonlyMap<string, string>, version: Version): Answer {
  const path = uriEncode(version.key, true);
  // What a virtual host is called only its own request knows.
  const place = call.target.virtualHost ? call.requestHost : `${call.requestHost}/${call.bucket.name}`;
  const location = `${call.secure ? "https" : "http"}://${place}/${path}`;
  const output = putOutput(call, version);
  const redirect = fields.get("success_action_redirect") ?? fields.get("redirect");
  if (redirect !== undefined && /^https?:\/\//.test(redirect)) {
    const query = `bucket=${uriEncode(call.bucket.name, false)}&key=${uriEncode(version.key, false)}&etag=${uriEncode(version.etag, false)}`;
    return { status: 303, output, headers: { Location: `${redirect}${redirect.includes("?") ? "&" : "?"}${query}` } };
  }
  const wanted = fields.get("success_action_status");
  const headers = { Location: location };
  if (wanted !== "201") return { status: wanted === "200" ? 200 : 204, output, headers };
  const text =
    writePlain("Location", location) +
    writePlain("Bucket", call.bucket.name) +
    writePlain("Key", version.key) +
    writePlain("ETag", version.etag);
  return { status: 201, output, headers, text: `${declaration}<PostResponse>${text}</PostResponse>` };
}

import { type Dictionary, type Rule, takes, withMember } from "./rule.js";

/** Members that repeat what was asked. */
const echoes = ["Delimiter", "Prefix", "Marker", "KeyMarker", "StartAfter"];
/** Members that say where the next page begins: at the last item of this one. */
const markers = ["NextMarker", "NextKeyMarker"];
/** The lists whose items have a name that comes encoded. */
const encodedLists: [list: string, member: string][] = [
  ["Contents", "Key"],
  ["Versions", "Key"],
  ["DeleteMarkers", "Key"],
  ["Uploads", "Key"],
  ["CommonPrefixes", "Prefix"],
];

/**
 * XML cannot carry every key, so listings are asked for encoded ones, and what was asked for is decoded, if the service says that it did encode.
 * A caller who asks for the encoding gets what the service sends.
 *
 * Ceph's gateway encodes the names in its lists and nothing else. So an echo that is, as it stands, what was asked was not encoded, and neither was
 * a next marker that is, as it stands, the name of the last item: decoded, a `+` in it would become a blank, and the next page begin somewhere else.
 */
export const listEncoding: Rule = {
  applies: (op) => takes(op, "EncodingType"),
  prepare(input, { listEncoding: ask = true }) {
    return ask && input["EncodingType"] === undefined ? withMember(input, "EncodingType", "url") : input;
  },
  finish(output, { input, headers }, op) {
    const asked = input as Dictionary;
    if (asked["EncodingType"] !== undefined) return;
    const encoded = output["EncodingType"] === "url";
    if (!encoded && !(op.name === "ListMultipartUploads" && fromCeph(headers))) return;

    const lastNames: string[] = [];
    for (const [list, member] of encodedLists) {
      const items = output[list] as Dictionary[] | undefined;
      if (items === undefined || items.length === 0) continue;
      for (const item of items) {
        const value = item[member];
        if (typeof value === "string") item[member] = decodeUrl(value);
      }
      const last = items[items.length - 1]![member];
      if (typeof last === "string") lastNames.push(last);
    }
    if (!encoded) return;
    for (const name of echoes) {
      const value = output[name];
      if (typeof value === "string" && value !== asked[name]) output[name] = decodeUrl(value);
    }
    for (const name of markers) {
      const value = output[name];
      if (typeof value !== "string") continue;
      const decoded = decodeUrl(value);
      if (lastNames.includes(decoded) || !lastNames.includes(value)) output[name] = decoded;
    }
  },
};

/**
 * Ceph's gateway encodes the keys of a ListMultipartUploads that asks for it, but does not say so as S3 does; by its request ids it is known.
 * @see {@link https://docs.ceph.com/en/latest/radosgw/s3/ Ceph Object Gateway S3 API}
 */
const fromCeph = (headers: Readonly<Record<string, string>>): boolean =>
  /^tx[0-9a-f]{15,}-[0-9a-f]{8,}-/.test(headers["x-amz-request-id"] ?? "");

/** Percent-encoding undone, a plus being a blank; a percent sign that encodes nothing stays one. */
export function decodeUrl(text: string): string {
  if (text.includes("+")) text = text.replaceAll("+", " ");
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString());
  }
}

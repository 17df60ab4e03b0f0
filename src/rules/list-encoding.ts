import { type Dictionary, type Rule, takes, withMember } from "./rule.js";

/** Members that come encoded: of the answer, and of the items of its lists. */
const encodedMembers = ["Delimiter", "Prefix", "Marker", "NextMarker", "KeyMarker", "NextKeyMarker", "StartAfter"];
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
 */
export const listEncoding: Rule = {
  applies: (op) => takes(op, "EncodingType"),
  prepare(input, { listEncoding: ask = true }) {
    return ask && input["EncodingType"] === undefined ? withMember(input, "EncodingType", "url") : input;
  },
  finish(output, { input }) {
    if (output["EncodingType"] !== "url" || (input as Dictionary)["EncodingType"] !== undefined) return;
    for (const name of encodedMembers) {
      const value = output[name];
      if (typeof value === "string") output[name] = decodeUrl(value);
    }
    for (const [list, member] of encodedLists) {
      const items = output[list] as Dictionary[] | undefined;
      if (items === undefined) continue;
      for (const item of items) {
        const value = item[member];
        if (typeof value === "string") item[member] = decodeUrl(value);
      }
    }
  },
};

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

import type { Rule } from "./rule.js";

/** `Expires` is what the uploader wrote, which need not be a date. The text is always there; the date if it is one. */
export const expires: Rule = {
  applies: (op) => op.output?.byName.get("Expires")?.wireName === "expires",
  finish(output, { headers }) {
    const text = headers["expires"];
    if (text !== undefined) output["ExpiresString"] = text;
  },
};

/** Addresses such as `s3://river/a`, as command lines take them: here bucket and key are given apart. */
const address = /^s3:\/\/([^/]*)\/?(.*)$/is;

/** How an address is given here; undefined for what is none. */
export function partsHint(given: unknown, member: "Key" | "Prefix"): string | undefined {
  const [, bucket, rest] = (typeof given === "string" && address.exec(given)) || [];
  if (bucket === undefined) return undefined;
  const more = rest ? `, ${member}: ${JSON.stringify(rest)}` : "";
  return `s3:// addresses are given in parts: { Bucket: ${JSON.stringify(bucket)}${more} }.`;
}

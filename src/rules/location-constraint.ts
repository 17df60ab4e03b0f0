import { isDictionary } from "../protocol/xml-write.js";
import { type Rule, withMember } from "./rule.js";

/** A new bucket is made in the client's region, which outside us-east-1 must stand in the request's body too. */
export const locationConstraint: Rule = {
  applies: (op) => op.name === "CreateBucket",
  prepare(input, { region, locationConstraint: fill = true }) {
    if (!fill || region === undefined || region === "us-east-1" || region === "aws-global") return input;
    const bucket = input["Bucket"];
    // A directory bucket is in a zone, which its caller names; an access point is no bucket that could be made.
    if (typeof bucket !== "string" || bucket.endsWith("--x-s3") || bucket.startsWith("arn:")) return input;
    const given = input["CreateBucketConfiguration"];
    if (given === undefined) return withMember(input, "CreateBucketConfiguration", { LocationConstraint: region });
    if (!isDictionary(given)) return input;
    if (given["LocationConstraint"] !== undefined || given["Location"] !== undefined || given["Bucket"] !== undefined) {
      return input;
    }
    return withMember(input, "CreateBucketConfiguration", { ...given, LocationConstraint: region });
  },
};

import { type Rule, takes } from "./rule.js";

const namePattern = /^[a-zA-Z0-9.\-_]{1,255}$/;
const accessPointPattern =
  /^arn:aws[^:]*:(?:s3|s3-object-lambda):[a-z\-0-9]*:[0-9]{12}:accesspoint[/:][a-zA-Z0-9\-.]{1,63}$/;
const outpostPattern =
  /^arn:aws[^:]*:s3-outposts:[a-z\-0-9]+:[0-9]{12}:outpost[/:][a-zA-Z0-9-]{1,63}[/:]accesspoint[/:][a-zA-Z0-9-]{1,63}$/;

/** Is this the ARN of an access point, of S3, of Object Lambda or on an outpost? */
export const isAccessPointArn = (text: string): boolean => accessPointPattern.test(text) || outpostPattern.test(text);

/** What is wrong with it as a bucket; undefined when it can be one. */
export function bucketProblem(text: string): string | undefined {
  if (namePattern.test(text) || isAccessPointArn(text)) return undefined;
  return text === ""
    ? "must not be empty"
    : "is no bucket name: 1 to 255 letters, digits, dots, hyphens and underscores, or the ARN of an access point";
}

/**
 * A bucket is a name or the ARN of an access point. The characters are what is checked, for they go into host names and paths; what else
 * AWS asks of a name, older buckets and other stores don't keep.
 */
export const bucketName: Rule = {
  applies: (op) => takes(op, "Bucket"),
  prepare(input, _context, faults) {
    const bucket = input["Bucket"];
    if (typeof bucket === "string") {
      const problem = bucketProblem(bucket);
      if (problem !== undefined) faults.push({ path: "Bucket", problem });
    }
    return input;
  },
};

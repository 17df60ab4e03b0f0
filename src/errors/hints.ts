/** What to do next about an error of the service, in plain words. */

/** What a hint is made of. */
export interface HintContext {
  readonly operation: string;
  readonly status: number;
  /** The children of the error document. */
  readonly details: Readonly<Record<string, string | undefined>>;
  /** Of the answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The answer was no error document of S3's. */
  readonly foreign?: boolean;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly region?: string | undefined;
  readonly host?: string | undefined;
  readonly canonicalRequest?: string | undefined;
  readonly stringToSign?: string | undefined;
}

/** A hint for that code, where we have one. */
export function hintFor(code: string, context: HintContext): string | undefined {
  switch (code) {
    case "IllegalLocationConstraintException":
      return illegalLocation(context);
    case "PermanentRedirect":
    case "MovedPermanently":
    case "AuthorizationHeaderMalformed":
    case "TemporaryRedirect":
      return otherRegion(context);
    case "RequestTimeTooSkewed":
      return skewed(context);
    case "SignatureDoesNotMatch":
      return signature(context);
    case "InvalidAccessKeyId":
      return "The service does not know this access key id. Look for a key of another account or partition, a key that was deleted, temporary credentials without their session token, or a custom endpoint that has keys of its own.";
    case "ExpiredToken":
      return "The session token has expired. Get new temporary credentials, or give the client a provider function, which is asked again before they expire.";
    case "InvalidToken":
      return "The session token does not belong to the access key, or was cut or altered on its way here.";
    case "AccessDenied":
    case "Forbidden":
      return denied(context);
    case "NoSuchBucket":
      return noBucket(context);
    case "BucketAlreadyExists":
      return "Bucket names are shared by all accounts of a partition, and somebody else has this one. Choose another.";
    case "BucketNotEmpty":
      return "Delete every object first; in a versioned bucket every version and delete marker too, and unfinished multipart uploads.";
    case "EntityTooSmall":
      return "Every part but the last needs 5 MiB (5,242,880 bytes) at least.";
    case "InvalidPart":
      return "Send each part's ETag as UploadPart returned it, quotes included, with its own part number.";
    case "NotImplemented":
      return `This server does not do that. ${refusedPayload(context) ?? "If it is not AWS, it may not take checksums of the newer kinds, or bodies in chunks: leave requestChecksumCalculation, ChecksumAlgorithm and payloadSigning out."}`;
    case "InvalidArgument":
    case "InvalidRequest":
      return context.details["ArgumentName"] === "x-amz-copy-source"
        ? "CopySource is `bucket/key`, the key as it is and not encoded, or { Bucket, Key, VersionId? }."
        : refusedPayload(context);
    case "MalformedXML":
      return context.operation === "DeleteObjects" ? "DeleteObjects takes 1 to 1000 keys a call." : undefined;
    case "SecondLevelDomainForbidden":
    case "PathStyleDomainForbidden":
    case "VirtualHostDomainRequired":
      return "This store wants the bucket in the host name: make the client with forcePathStyle: false.";
    case "AccessControlListNotSupported":
      return "The bucket owns its objects and takes no ACLs. Leave ACL and the Grant members out, and use a bucket policy.";
    case "InvalidObjectState":
      return "The object is archived. Restore it with restoreObject, wait until headObject says that the restore is done, then read it.";
    default:
      return context.foreign
        ? `The answer was no error of S3's${
            context.headers["content-type"] ? ` (${context.headers["content-type"]})` : ""
          }: it may come from a proxy or load balancer in front of it, or the endpoint may be no S3 at all.`
        : undefined;
  }
}

function noBucket({ operation, bucket, details, host }: HintContext): string {
  const copies = operation === "CopyObject" || operation === "UploadPartCopy";
  const name = details["BucketName"] ?? (copies ? undefined : bucket);
  const what =
    copies && name === undefined
      ? `Neither the bucket copied to${bucket ? `, ${JSON.stringify(bucket)},` : ""} nor the one copied from is sure to be there.`
      : `No bucket${name ? ` ${JSON.stringify(name)}` : ""} is known${host ? ` at ${host}` : " there"}.`;
  return `${what} Check ${copies ? "their names" : "its name"}, and that the client's endpoint and region are those of the account that has it.`;
}

function illegalLocation({ operation, region, details }: HintContext): string {
  const wanted = details["LocationConstraint"] ?? details["Region"];
  if (operation === "CreateBucket") {
    return `The request went to ${region ?? "one region"} and asked for a bucket in ${
      wanted ?? "another"
    }. Make the client for the region that the bucket is to be in; the location constraint is then filled in.`;
  }
  return `The bucket is in ${wanted ?? "another region"}, and ${region ?? "the region asked"} may not serve it. Make the client for the bucket's region (getBucketLocation or headBucket tell it).`;
}

/** Stores that are not AWS, and what they say of checksums and chunks that they do not know. */
function refusedPayload({ details, host }: HintContext): string | undefined {
  const message = details["Message"] ?? "";
  if (host === undefined || /\.amazonaws\.com(\.cn)?$/.test(host)) return undefined;
  if (/STREAMING-|aws[- ]chunked/i.test(message))
    return "This store takes no bodies in chunks: use its https endpoint, and leave payloadSigning and requestChecksumCalculation out.";
  return /x-amz-(sdk-)?checksum|content-md5/i.test(message)
    ? "Leave requestChecksumCalculation and ChecksumAlgorithm out: stores that are not AWS then get Content-MD5, where S3 has always wanted one, and no checksum of the newer kinds."
    : undefined;
}

function otherRegion({ headers, details, region, bucket }: HintContext): string {
  const right = headers["x-amz-bucket-region"] ?? details["Region"];
  const name = bucket ? `Bucket ${JSON.stringify(bucket)}` : "The bucket";
  if (right !== undefined && right === region) {
    const there = /^https?:\/\/([^/]+)/.exec(headers["location"] ?? "")?.[1] ?? details["Endpoint"];
    return `${name} is in ${right}, which is not served here. Make the client with that region's endpoint${there ? `: ${there}` : ""}.`;
  }
  if (right !== undefined) {
    return `${name} is in ${right}${region ? `, and the request was made for ${region}` : ""}. Make the client with region: ${JSON.stringify(right)}, or let it follow redirects (followRegionRedirects, on by default).`;
  }
  const endpoint = details["Endpoint"];
  return `${name} is elsewhere${endpoint ? `, at ${endpoint}` : ""}. Make the client for the bucket's region, which headBucket tells in BucketRegion.`;
}

function skewed({ details, headers }: HintContext): string {
  const theirs = Date.parse(details["ServerTime"] ?? headers["date"] ?? "");
  const text = details["RequestTime"] ?? "";
  // `20260131T123456Z`, or a date as headers have it.
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const ours = parts
    ? Date.UTC(
        Number(parts[1]),
        Number(parts[2]) - 1,
        Number(parts[3]),
        Number(parts[4]),
        Number(parts[5]),
        Number(parts[6]),
      )
    : text === ""
      ? Date.now()
      : Date.parse(text);
  const seconds = Math.round((ours - theirs) / 1000);
  const difference = Number.isNaN(seconds)
    ? "more than 15 minutes wrong"
    : `${duration(Math.abs(seconds))} ${seconds > 0 ? "ahead of" : "behind"} the service's`;
  return `This machine's clock is ${difference}. Set it, or let NTP do so.`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`;
}

function denied({ operation, key, bucket }: HintContext): string {
  if (operation === "HeadObject" || operation === "GetObject") {
    return `The credentials lack s3:GetObject on ${
      key === undefined ? "the object" : JSON.stringify(`${bucket ?? ""}/${key}`)
    }, or the object is not there and they lack s3:ListBucket on the bucket, without which S3 does not tell the difference.`;
  }
  return `These credentials may not do ${operation}${
    bucket === undefined ? "" : ` on ${JSON.stringify(bucket)}`
  }: the user's policies, the bucket's policy, its public access block, or a KMS key's policy forbid it or do not allow it.`;
}

/** Lines of a canonical request that are secrets. */
const secretLine =
  /^(x-amz-security-token|x-amz-s3session-token|x-amz(-copy-source)?-server-side-encryption-customer-key):/i;

const shown = (line: string): string => {
  const secret = secretLine.exec(line);
  return secret ? `${secret[1]}:(a secret)` : line.length > 200 ? `${line.slice(0, 200)}...` : line;
};

/** Where does the request that the service saw differ from the one that we signed? */
function signature({ details, canonicalRequest, stringToSign }: HintContext): string {
  const theirRequest = details["CanonicalRequest"];
  const theirString = details["StringToSign"];
  if (theirRequest !== undefined && canonicalRequest !== undefined) {
    const found = firstDifference(canonicalRequest, theirRequest);
    if (found) {
      return `The service saw another request than the one signed here: line ${found.line} of the canonical request (${partName(
        canonicalRequest,
        found.line,
      )}) is ${JSON.stringify(shown(found.theirs))} there and ${JSON.stringify(shown(found.ours))} here. Something between, such as a proxy, changed it.`;
    }
  }
  if (theirString !== undefined && stringToSign !== undefined) {
    const found = firstDifference(stringToSign, theirString);
    if (found) {
      const names = ["algorithm", "date", "credential scope", "hash of the canonical request"];
      return `The service signed another string: its ${names[found.line - 1] ?? "end"} is ${JSON.stringify(
        found.theirs,
      )} there and ${JSON.stringify(found.ours)} here.`;
    }
  }
  if (
    (theirRequest !== undefined && canonicalRequest !== undefined) ||
    (theirString !== undefined && stringToSign !== undefined)
  ) {
    return "The service saw the very request that was signed here, so the secret access key is wrong: another key's, cut, or with a blank or line end too many.";
  }
  return "The secret access key is wrong (another key's, cut, or with a blank too many), or something between, such as a proxy, changed the request.";
}

interface Difference {
  /** From 1. */
  readonly line: number;
  readonly ours: string;
  readonly theirs: string;
}

function firstDifference(ours: string, theirs: string): Difference | undefined {
  const mine = ours.split("\n");
  // XML's readers leave LF alone, but some servers write CRLF.
  const other = theirs.replace(/\r\n/g, "\n").split("\n");
  for (let i = 0; i < Math.max(mine.length, other.length); i++) {
    if (mine[i] !== other[i]) return { line: i + 1, ours: mine[i] ?? "(nothing)", theirs: other[i] ?? "(nothing)" };
  }
  return undefined;
}

/** What stands in that line of a canonical request. */
function partName(request: string, line: number): string {
  if (line <= 3) return ["method", "path", "query"][line - 1]!;
  const count = request.split("\n").length;
  if (line === count) return "hash of the body";
  if (line === count - 1) return "names of the signed headers";
  const name = /^([^:]+):/.exec(request.split("\n")[line - 1] ?? "")?.[1];
  return name ? `header ${name}` : "headers";
}

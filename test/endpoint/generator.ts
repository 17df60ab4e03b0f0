// Parameters of every kind for the comparison with the rule set: seeded, so that a failure can be run again.
import type { EndpointParameters } from "../../src/endpoint/index.js";

/** A small seeded generator of numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ordinaryRegions = ["us-east-1", "us-west-2", "eu-central-1", "aws-global", "us-gov-west-1"];
const regions = [
  ..."us-east-1 us-east-1 us-east-1 us-west-2 eu-central-1 ap-southeast-7 aws-global aws-global cn-north-1".split(" "),
  ..."cn-northwest-1 us-gov-west-1 us-iso-east-1 us-isob-west-1 eu-isoe-west-1 us-isof-south-1 eusc-de-east-1".split(
    " ",
  ),
  ..."aws-cn-global us-west-99 mx-north-3 cn-south-7 eusc-de-west-9 moon-1 s3-external-1 us-east.special snow".split(
    " ",
  ),
  ...[
    "us east",
    "us_east_1",
    "-us-east-1",
    "us-east-1-",
    "",
    "evil.example/",
    "x@evil.example#",
    "a..b",
    "ümlaut-1",
    "us-east-2!",
  ],
  ...["us-east-1\n", "a,b", "US-EAST-1", "x".repeat(64)],
];
const endpoints = [
  ..."https://example.com http://example.com https://example.com/ http://example.com:8080 HTTP://Example.COM".split(
    " ",
  ),
  ..."https://example.com/pre/fix http://example.com/prefix/ http://example.com//double//slash".split(" "),
  ..."http://127.0.0.1:9000 https://10.0.0.1/prefix http://10.20.30.40:9090/a/b/ http://[::1]:9000 https://[2001:db8::1]/p".split(
    " ",
  ),
  ..."http://localhost:9000 http://minio_1:9000 https://bucket.vpce-0f1e2d3c-4b5a.s3.eu-west-1.vpce.amazonaws.com".split(
    " ",
  ),
  ..."https://store.example/storage/v1/s3 https://example.com:443 http://example.com:80/%7Euser".split(" "),
  ...[
    "gopher://hole#1",
    "example.com",
    "",
    "https://",
    "http://a b.com",
    "https://example.com?x=1",
    "https://example.com#f",
  ],
  ...["https://user:secret@example.com", "ftp://example.com", "http://example.com:99999", "http://exa\\mple.com"],
];
const names = [
  ..."bucket-name bucket bucketName bucket.name a.b.c ab abc 11_xy bucket! river.example# 127.0.0.1 1.2.3.com xn--abc".split(
    " ",
  ),
  ..."-abc abc- a..b .ab ab. b-s3alias my-ap-abcdef0123456789abcdef-s3alias foo--ol-s3 arn: arn arn:aws arn::s3:::a arn:aws::::x".split(
    " ",
  ),
  ..."arn:aws:s3:::bucket arn:aws:s3:us-east-1:111122223333: arn:aws:sqs:us-west-2:111122223333:queue arn:aws:s3:a:b".split(
    " ",
  ),
  ...[
    "bucket name",
    "a/b",
    "..a",
    "%2e%2e",
    "bücket",
    "日本",
    "a\r\nb",
    "a?b",
    "arn:ä",
    "x".repeat(63),
    "x".repeat(64),
  ],
  ...["arn:aws:s3-object-lambda:us-east-1:1:accesspoint/ä", "", ".", "..", "a\\b", "a:b@c", "tilde~._-"],
];
const resources = ["accesspoint", "accesspoint", "accesspoint", "outpost", "bucket", "", "object"];
const accessPoints = ["my-ap", "my-ap", "MyAp", "my.ap.mrap", "dolphin.mrap", "*", "", "my_ap", "-ap"];

/** Something that makes parameters, one after the other, for ever. */
export function parameterMaker(seed: number): () => EndpointParameters {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const chance = (share: number): boolean => next() < share;
  const flag = (share: number): boolean | undefined => (chance(share) ? true : chance(0.5) ? false : undefined);

  const word = (length: number): string =>
    Array.from({ length }, () => pick([..."abcdefghijklmnopqrstuvwxyz0123456789"])).join("");

  const express = (): string => {
    const suffix = pick(["--x-s3", "--xa-s3"]);
    if (chance(0.6)) return `river--${zone(pick([8, 9, 13, 14, 20]))}${suffix}`;
    const name = pick(["river", "my--s3--b", "my.bucket", "My", "x", "", "a_b", "ä", "-b"]);
    return `${name}${pick(["--", "--", "-", ""])}${zone(1 + Math.floor(next() * 24))}${pick([suffix, "--op-s3", "--x-s", ""])}`;
  };
  const zone = (length: number): string => (length > 7 ? `${word(length - 4)}-az${word(1)}` : word(length));

  const alias = (): string => {
    const lead = pick(["river-", "ap-", "", "Ap-", "a.b-", "111122223333-", word(30)]);
    const hardware = pick(["o", "e", "o", "e", "h", "1", "O"]);
    const outpost = chance(0.8) ? word(17) : pick(["0a1b2c3d%e5f60718", "-a1b2c3d4e5f60718", "0a1b2c3d.e5f60718"]);
    return `${lead}${hardware}${outpost}${word(20)}${pick(["use1", "beta", "usw2"])}0${pick(["--op-s3", "--op-s3", "--op-s3", "-op-s3"])}`;
  };

  const arn = (region: string | undefined): string => {
    const partition = pick(["aws", "aws", "aws", "aws-cn", "aws-us-gov", "PARTITION", ""]);
    const service = pick(["s3", "s3", "s3-object-lambda", "s3-outposts", "s3-outposts", "sqs", ""]);
    const place = chance(0.5) ? (region ?? "us-east-1") : chance(0.4) ? "" : pick(regions);
    const account = pick(["111122223333", "111122223333", "111122223333", "", "1111_2222", "111.22"]);
    const separator = chance(0.5) ? ":" : "/";
    const parts = service === "s3-outposts" && chance(0.8) ? outpost() : [pick(resources), pick(accessPoints)];
    if (chance(0.1)) parts.push(pick(["object", "", "foo"]));
    if (chance(0.1)) parts.pop();
    return `arn:${partition}:${service}:${place}:${account}:${parts.join(separator)}`;
  };
  const outpost = (): string[] => {
    const parts = [
      "outpost",
      pick(["op-0a1b2c3d4e5f60718", "op-0a1b2c3d4e5f60718", "op_1", ""]),
      pick(["accesspoint", "accesspoint", "accesspoint", "bucket", ""]),
      pick(accessPoints),
    ];
    while (chance(0.15)) parts.pop();
    return parts;
  };

  return () => {
    const parameters: EndpointParameters = {};
    // Half of them with an ordinary region, or the deep rules would hardly be reached.
    if (chance(0.98)) parameters.Region = chance(0.5) ? pick(ordinaryRegions) : pick(regions);
    const kind = next();
    if (kind < 0.25) parameters.Bucket = pick(names);
    else if (kind < 0.4) parameters.Bucket = express();
    else if (kind < 0.55) parameters.Bucket = alias();
    else if (kind < 0.85) parameters.Bucket = arn(parameters.Region);
    if (chance(0.3)) parameters.Endpoint = pick(endpoints);
    const busy = parameters.Endpoint === undefined ? 0.3 : 0.05;
    parameters.UseFIPS = flag(busy);
    parameters.UseDualStack = flag(busy);
    parameters.Accelerate = flag(busy / 1.5);
    parameters.ForcePathStyle = flag(0.25);
    parameters.UseGlobalEndpoint = flag(0.4);
    parameters.UseObjectLambdaEndpoint = flag(0.3);
    parameters.DisableAccessPoints = flag(0.05);
    parameters.DisableMultiRegionAccessPoints = flag(0.1);
    parameters.UseArnRegion = flag(0.3);
    parameters.UseS3ExpressControlEndpoint = flag(0.3);
    parameters.DisableS3ExpressSessionAuth = flag(0.3);
    if (chance(0.1)) parameters.Key = "key";
    if (chance(0.1)) parameters.Prefix = "prefix";
    if (chance(0.1)) parameters.CopySource = "/bucket/key";
    return parameters;
  };
}

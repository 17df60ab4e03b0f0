import type { User } from "./users.js";

/** What a policy is asked. */
export interface Question {
  readonly user: User | undefined;
  /** `s3:GetObject` */
  readonly action: string;
  /** `arn:aws:s3:::bucket/key` */
  readonly resource: string;
  /** The values of a condition key, by lower-case name; undefined where the request has none. */
  readonly value: (key: string) => string | undefined;
}

type Statement = Readonly<Record<string, unknown>>;

/** What a policy may give as one or as a list. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Whether a text fits a pattern with `*` and `?`. */
export function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[\\s\\S]*")
    .replaceAll("?", "[\\s\\S]");
  return new RegExp(`^${source}$`).test(text);
}

/** Whether a resource of a bucket's policy is the bucket or something in it. */
export function isWithin(resource: unknown, bucket: string): boolean {
  if (resource === "*") return true;
  const name = typeof resource === "string" ? /^arn:[^:]*:s3:::([^/]*)/.exec(resource)?.[1] : undefined;
  return name !== undefined && like(name, bucket);
}

function principalFits(principal: unknown, user: User | undefined): boolean {
  if (principal === "*") return true;
  if (typeof principal !== "object" || principal === null) return false;
  const { AWS: aws, CanonicalUser: canonical } = principal as { AWS?: unknown; CanonicalUser?: unknown };
  if (aws !== undefined) {
    for (const name of listOf(aws)) {
      if (name === "*") return true;
      if (!user || typeof name !== "string") continue;
      const account = `arn:aws:iam::${user.accountId}`;
      if (name === user.accountId || name === `${account}:root` || name === `${account}:user/${user.displayName}`)
        return true;
    }
  }
  return canonical !== undefined && user !== undefined && listOf(canonical).includes(user.canonicalId);
}

function patternsFit(patterns: unknown, text: string, ignoreCase: boolean): boolean {
  return listOf(patterns).some(
    (pattern) =>
      typeof pattern === "string" &&
      (ignoreCase ? like(pattern.toLowerCase(), text.toLowerCase()) : like(pattern, text)),
  );
}

/** Whether an IPv4 address lies in `a.b.c.d/n`. */
function inNetwork(network: string, address: string): boolean {
  const number = (text: string): number => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const [base = "", bits = "32"] = network.split("/");
  const plain = address.replace(/^::ffff:/, "");
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(base) || !/^\d+\.\d+\.\d+\.\d+$/.test(plain)) return base === plain;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(base) / size) === Math.floor(number(plain) / size);
}

type Test = (wanted: string, found: string) => boolean;

const compare = (read: (text: string) => number): Record<string, Test> => ({
  Equals: (a, b) => read(b) === read(a),
  NotEquals: (a, b) => read(b) !== read(a),
  LessThan: (a, b) => read(b) < read(a),
  LessThanEquals: (a, b) => read(b) <= read(a),
  GreaterThan: (a, b) => read(b) > read(a),
  GreaterThanEquals: (a, b) => read(b) >= read(a),
});

/** The test behind an operator's name; undefined where there is none. */
function testOf(operator: string): Test | undefined {
  const string = /^String(Not)?(Equals|EqualsIgnoreCase|Like)$/.exec(operator);
  if (string) {
    return string[2] === "Like"
      ? like
      : string[2] === "Equals"
        ? (wanted, found) => wanted === found
        : (wanted, found) => wanted.toLowerCase() === found.toLowerCase();
  }
  const arn = /^Arn(Not)?(Equals|Like)$/.exec(operator);
  if (arn) return like;
  if (operator === "Bool") return (wanted, found) => wanted.toLowerCase() === found;
  if (operator === "IpAddress" || operator === "NotIpAddress") return inNetwork;
  const number = /^(Numeric|Date)(\w+)$/.exec(operator);
  return number ? compare(number[1] === "Numeric" ? Number : Date.parse)[number[2]!] : undefined;
}

/** Operators that hold when none of the values fits. */
const negated = (operator: string): boolean => /^(String|Arn)Not|^NotIpAddress$/.test(operator);

/** Whether the server knows an operator; a policy with another one is refused, so that it is never passed over in silence. */
export function knowsOperator(operator: string): boolean {
  const name = operator.replace(/IfExists$/, "");
  return name === "Null" || testOf(name) !== undefined;
}

function conditionHolds(operator: string, key: string, values: unknown, question: Question): boolean {
  const found = question.value(key.toLowerCase());
  const name = operator.replace(/IfExists$/, "");
  if (name === "Null") return listOf(values).some((wanted) => String(wanted) === String(found === undefined));
  if (found === undefined) return operator !== name || negated(name);
  const test = testOf(name);
  if (!test) return false;
  const fits = listOf(values).some((wanted) => test(String(wanted), found));
  return negated(name) ? !fits : fits;
}

function statementFits(statement: Statement, question: Question): boolean {
  const who =
    statement["Principal"] !== undefined
      ? principalFits(statement["Principal"], question.user)
      : !principalFits(statement["NotPrincipal"], question.user);
  if (!who) return false;
  const action =
    statement["Action"] !== undefined
      ? patternsFit(statement["Action"], question.action, true)
      : !patternsFit(statement["NotAction"], question.action, true);
  if (!action) return false;
  const resource =
    statement["Resource"] !== undefined
      ? patternsFit(statement["Resource"], question.resource, false)
      : !patternsFit(statement["NotResource"], question.resource, false);
  if (!resource) return false;
  for (const [operator, keys] of Object.entries(
    (statement["Condition"] ?? {}) as Record<string, Record<string, unknown>>,
  )) {
    for (const [key, values] of Object.entries(keys))
      if (!conditionHolds(operator, key, values, question)) return false;
  }
  return true;
}

/** The statements of a policy that was checked when it was put. */
export function statementsOf(policy: string): Statement[] {
  return listOf((JSON.parse(policy) as { Statement: unknown }).Statement) as Statement[];
}

/** What a policy says to a question: a denial wins over everything, and silence is neither. */
export function judgePolicy(policy: string, question: Question): "allow" | "deny" | undefined {
  let verdict: "allow" | undefined;
  for (const statement of statementsOf(policy)) {
    if (!statementFits(statement, question)) continue;
    if (statement["Effect"] === "Deny") return "deny";
    verdict = "allow";
  }
  return verdict;
}

/** Whether everybody is let in by some statement, without any condition. */
export function isPublicPolicy(policy: string): boolean {
  return statementsOf(policy).some(({ Effect: effect, Principal: who, Condition: condition }) => {
    const aws = typeof who === "object" && who !== null ? listOf((who as { AWS?: unknown }).AWS) : [who];
    return effect === "Allow" && aws.includes("*") && condition === undefined;
  });
}

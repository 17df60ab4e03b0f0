import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type AuthScheme,
  EndpointError,
  type EndpointParameters,
  type ResolvedEndpoint,
  resolveEndpoint,
} from "../../src/endpoint/index.js";
import { sharedVectors } from "../support/shared.js";
import { parameterMaker } from "./generator.js";
import { Interpreter, loadPartitions, loadRuleSet } from "./ruleset-interpreter.js";

/** A case of `fixtures/endpoint/rules.jsonl`: one line for every rule. `auth`: `scheme service region-or-set`. */
interface Case {
  given: EndpointParameters;
  url?: string;
  auth?: string[];
  backend?: "S3Express";
  error?: string;
}

const file = fileURLToPath(new URL("../../fixtures/endpoint/rules.jsonl", import.meta.url));
const ruleSet = loadRuleSet();
const partitions = loadPartitions();

// `WRITE_FIXTURES=1 npx vitest run …` makes the file anew from the rule set: the smallest generated case of every rule.
if (process.env["WRITE_FIXTURES"] && ruleSet && partitions) writeFixtures(new Interpreter(ruleSet, partitions));

const cases = readFileSync(file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

describe("resolveEndpoint, every rule", () => {
  it.each(cases.map((one, index) => [`${index} ${one.error ?? one.url}`, one] as const))("%s", (_, one) => {
    expect(outcome(one.given)).toEqual(
      one.error !== undefined
        ? { error: one.error }
        : {
            url: one.url,
            headers: {},
            properties: { authSchemes: one.auth?.map(scheme), ...(one.backend && { backend: one.backend }) },
          },
    );
  });

  it("gives every error a hint", () => {
    const errors = cases.filter(({ error }) => error !== undefined);
    expect(errors.length).toBeGreaterThan(50);
    for (const { given } of errors)
      expect(() => resolveEndpoint(given)).toThrow(expect.objectContaining({ hint: expect.any(String) }));
  });

  it.runIf(ruleSet && partitions)("has a case for every rule of the set", () => {
    const interpreter = new Interpreter(ruleSet!, partitions!);
    const reached = new Set(cases.map(({ given }) => interpreter.run({ ...given })?.rule));
    expect(reached.size).toBe(interpreter.leaves.length);
  });
});

interface Vector {
  name: string;
  params: EndpointParameters;
  expect: Partial<ResolvedEndpoint> & { error?: string };
}
const vectors = sharedVectors<Vector>("endpoints.json");

describe.runIf(vectors)("resolveEndpoint, the wider suite", () => {
  it.each((vectors ?? []).map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
    expect(outcome(vector.params)).toEqual(vector.expect);
  });
});

function outcome(parameters: EndpointParameters): object {
  try {
    return resolveEndpoint(parameters);
  } catch (error) {
    expect(error).toBeInstanceOf(EndpointError);
    return { error: (error as EndpointError).message };
  }
}

function scheme(text: string): AuthScheme {
  const [name, signingName, region] = text.split(" ") as [AuthScheme["name"], AuthScheme["signingName"], string];
  return name === "sigv4a"
    ? { name, signingName, signingRegionSet: [region], disableDoubleEncoding: true }
    : { name, signingName, signingRegion: region, disableDoubleEncoding: true };
}

function writeFixtures(interpreter: Interpreter): void {
  const found = new Map<number, EndpointParameters>();
  const make = parameterMaker(7);
  for (let tries = 0; found.size < interpreter.leaves.length && tries < 1_000_000; tries++) {
    const given = make();
    // Ordinary regions and endpoints while they last: these lines are read, too.
    const plain = /^(?:[a-z]{2}(?:-[a-z]+)+-\d|aws-global)?$/.test(given.Region ?? "");
    if (tries < 500_000 && !(plain && /^(?:https:\/\/example\.com|http:\/\/127.*)?$/.test(given.Endpoint ?? "")))
      continue;
    const answer = interpreter.run({ ...given });
    if (!answer || found.has(answer.rule)) continue;
    const shortest = shorten(given, (shorter) => interpreter.run({ ...shorter })?.rule === answer.rule);
    // Where we are stricter than the rule, it is no example of the rule.
    const mine = outcome(shortest);
    if (("error" in mine ? mine.error : undefined) === describeCase(interpreter, shortest).error)
      found.set(answer.rule, shortest);
  }
  const lines = [...found]
    .sort(([a], [b]) => a - b)
    .map(([, given]) => JSON.stringify(describeCase(interpreter, given)));
  if (existsSync(file)) writeFileSync(file, `${lines.join("\n")}\n`);
}

function shorten(given: EndpointParameters, same: (shorter: EndpointParameters) => boolean): EndpointParameters {
  let shortest: EndpointParameters = given;
  for (const name of Object.keys(given) as (keyof EndpointParameters)[]) {
    const { [name]: _, ...shorter } = shortest;
    if (same(shorter)) shortest = shorter;
  }
  return shortest;
}

function describeCase(interpreter: Interpreter, given: EndpointParameters): Case {
  const answer = interpreter.run({ ...given });
  if (!answer) throw new Error("no rule fits");
  if ("error" in answer) return { given, error: answer.error };
  const { authSchemes, ...rest } = answer.properties;
  const auth = authSchemes.map(
    (one) => `${one["name"]} ${one["signingName"]} ${one["signingRegion"] ?? one["signingRegionSet"]}`,
  );
  return { given, url: answer.url, auth, ...rest };
}

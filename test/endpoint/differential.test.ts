import { describe, expect, it } from "vitest";
import { EndpointError, type EndpointParameters, resolveEndpoint } from "../../src/endpoint/index.js";
import { parameterMaker } from "./generator.js";
import {
  type Answer,
  Interpreter,
  isValidHostLabel,
  loadPartitions,
  loadRuleSet,
  parseUrl,
} from "./ruleset-interpreter.js";

const ruleSet = loadRuleSet();
const partitions = loadPartitions();
const count = Number(process.env["ENDPOINT_CASES"] ?? 20_000);
const seed = Number(process.env["ENDPOINT_SEED"] ?? 20_260_131);

const invalidRegion = "Invalid region: region was not a valid DNS name.";

/** What we answer, in one comparable form. */
function ours(parameters: EndpointParameters): object {
  try {
    return resolveEndpoint(parameters);
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    return { error: error.message };
  }
}

/** What the rules answer, but for the three places where we are stricter. */
function expected(parameters: EndpointParameters, answer: Answer | undefined): object {
  const { Region = "", Endpoint, Bucket } = parameters;
  const conflict =
    answer &&
    "error" in answer &&
    /^(?:Cannot set dual|A custom|Accelerate cannot|Partition does|A region)/.test(answer.error);
  if (Endpoint !== undefined && !conflict && !parseUrl(Endpoint)) {
    return { error: `Custom endpoint \`${Endpoint.replace("user:secret@", "***@")}\` was not a valid URI` };
  }
  if (!answer) throw new Error("no rule fits");
  if ("error" in answer) return { error: answer.error };

  const badBucket = Bucket === "" || Bucket === "." || Bucket === "..";
  const inHost = (Region.includes("/") ? answer.url : answer.url.split("/")[2])?.includes(`.${Region}.`);
  const inScope = answer.properties.authSchemes.some((scheme) => scheme["signingRegion"] === Region);
  if (inHost && !isValidHostLabel(Region, true)) return { error: invalidRegion };
  if (badBucket) return { error: `Invalid bucket name: \`${Bucket}\`` };
  if (inScope && !/^[^\s,/\0-\x20\x7f-\uffff]+$/.test(Region)) return { error: invalidRegion };
  const { rule: _, ...result } = answer;
  return result;
}

describe.runIf(ruleSet && partitions)("resolveEndpoint beside AWS's rule set", () => {
  it(`answers ${count} generated cases as the rules do`, () => {
    const interpreter = new Interpreter(ruleSet!, partitions!);
    const make = parameterMaker(seed);
    const reached = new Set<number>();
    for (let index = 0; index < count; index++) {
      const parameters = make();
      const answer = interpreter.run({ ...parameters });
      if (answer) reached.add(answer.rule);
      const theirs = expected(parameters, answer);
      const mine = ours(parameters);
      // Comparing text first: a thousand times faster than the matcher, which then explains the difference.
      if (sortedText(mine) !== sortedText(theirs)) {
        expect({ parameters, answer: mine }).toEqual({ parameters, answer: theirs });
      }
    }
    // What the generator is for: if it stopped reaching the deep rules, equality would mean little.
    expect(reached.size).toBeGreaterThan(interpreter.leaves.length * 0.95);
  });
});

function sortedText(value: object): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

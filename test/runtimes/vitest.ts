// As much of vitest as the end-to-end suite asks for, for runtimes that vitest does not run on: its own matchers, and a plain runner.
import { ASYMMETRIC_MATCHERS_OBJECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Matchers = typeof import("vitest").expect;
const asymmetric = (globalThis as Record<symbol, object | undefined>)[ASYMMETRIC_MATCHERS_OBJECT];
export const expect: Matchers = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  asymmetric,
) as unknown as Matchers;

interface Context {
  task: { meta: Record<string, unknown> };
}
interface Test {
  title: string;
  body: (context: Context) => unknown;
}
interface Group {
  title: string;
  parts: (Test | Group)[];
  afterwards: (() => unknown)[];
}
/** One test's outcome, in the names of vitest's JSON reporter. */
export interface Outcome {
  ancestorTitles: string[];
  title: string;
  status: "passed" | "failed";
  failureMessages: string[];
}

const top: Group = { title: "", parts: [], afterwards: [] };
let current = top;

export function describe(title: string, register: () => void): void {
  const outer = current;
  current = { title, parts: [], afterwards: [] };
  outer.parts.push(current);
  register();
  current = outer;
}

export function test(title: string, body: Test["body"]): void {
  current.parts.push({ title, body });
}

export function afterAll(hook: () => unknown): void {
  current.afterwards.push(hook);
}

/** Runs everything that was registered, in order. */
export async function runAll(limit: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await runGroup(top, [], limit, outcomes);
  return outcomes;
}

async function runGroup(group: Group, ancestorTitles: string[], limit: number, outcomes: Outcome[]): Promise<void> {
  const attempt = async (title: string, body: () => unknown): Promise<Outcome> => {
    try {
      await within(limit, body);
      return { ancestorTitles, title, status: "passed", failureMessages: [] };
    } catch (error) {
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { ancestorTitles, title, status: "failed", failureMessages: [told] };
    }
  };
  for (const part of group.parts) {
    if ("parts" in part) await runGroup(part, [...ancestorTitles, part.title], limit, outcomes);
    else outcomes.push(await attempt(part.title, () => part.body({ task: { meta: {} } })));
  }
  for (const hook of group.afterwards) {
    const outcome = await attempt("(afterwards)", hook);
    if (outcome.status === "failed") outcomes.push(outcome);
  }
}

async function within(limit: number, body: () => unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit);
  });
  try {
    await Promise.race([late, body()]);
  } finally {
    clearTimeout(timer);
  }
}

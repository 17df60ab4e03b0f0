// The end-to-end suite on a runtime other than Node. run.mjs bundles this with ./vitest.ts in vitest's place, and the package left out:
// that is loaded as a user of this runtime loads it.
import { writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "../e2e/suite/index.js";
import type { Target } from "../e2e/target.js";
import { runAll } from "./vitest.js";

const described = process.env["TUCUXI_E2E_TARGET"];
const results = process.env["TUCUXI_E2E_RESULTS"];
if (described === undefined || results === undefined) throw new Error("Run this by `npm run test:runtimes`.");
suite(JSON.parse(described) as Target);
const outcomes = await runAll(60_000);
writeFileSync(results, JSON.stringify(outcomes));
// Nothing of a client that was closed may hold the process; whether it ends by itself is part of what is tested.

// The end-to-end suite against the server that run.mjs has started and described.
import { suite } from "../e2e/suite/index.js";
import type { Target } from "../e2e/target.js";

const described = process.env["TUCUXI_E2E_TARGET"];
if (described === undefined)
  throw new Error("Run this by `npm run test:servers`: it starts the server that this suite needs.");
suite(JSON.parse(described) as Target);

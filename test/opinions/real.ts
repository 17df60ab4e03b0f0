// boto3 and the AWS command line beside us, on the server that run.mjs has started and described.
import { afterAll } from "vitest";
import type { Target } from "../e2e/target.js";
import { Boto } from "./boto.js";
import { cliAndWe } from "./cli.js";
import { botoAndWe } from "./suite.js";

interface Described extends Target {
  readonly checksums: "when_supported" | "when_required";
  readonly cli: boolean;
}

const described = process.env["TUCUXI_OPINIONS_TARGET"];
if (described === undefined)
  throw new Error("Run this by `npm run test:opinions`: it starts the server that this needs.");
const target = JSON.parse(described) as Described;
const boto = new Boto({ ...target.options, checksums: target.checksums });
afterAll(() => boto.close());
botoAndWe(target, boto);
if (target.cli) cliAndWe(target, target.checksums);

#!/usr/bin/env node
// Reads AWS's JSON definition of S3 and writes the committed data, types and methods from it:
//   node src/model/generate/generate.mjs PATH/TO/s3-service.json
// Beside it stand `s3-paginators.json`, `s3-waiters.json` and boto3's `s3-resources.json`; files `...-extras.json` are merged over
// theirs. Names, types and bindings are copied, sentences never: those of the docstrings stand in docs.mjs and resource-docs.mjs.
// Running it again on the same definition changes nothing.
import { fileURLToPath } from "node:url";
import { generate } from "./write.mjs";

const path = process.argv[2];
if (!path) {
  console.error("usage: npm run generate -- PATH/TO/s3-service.json");
  process.exit(2);
}
for (const file of generate(path, fileURLToPath(new URL("../../", import.meta.url)))) console.log(`src/${file}`);

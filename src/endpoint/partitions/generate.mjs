// Writes table.ts from AWS's partitions.json: `node src/endpoint/partitions/generate.mjs <partitions.json>`.
import { readFileSync, writeFileSync } from "node:fs";

const { partitions } = JSON.parse(readFileSync(process.argv[2], "utf8"));

const rows = partitions.map(({ id, regionRegex, outputs, regions }) => {
  const names = Object.keys(regions)
    .sort()
    .map((name) => `        "${name}",\n`);
  return `    {
      name: "${id}",
      dnsSuffix: "${outputs.dnsSuffix}",
      dualStackDnsSuffix: "${outputs.dualStackDnsSuffix}",
      implicitGlobalRegion: "${outputs.implicitGlobalRegion}",
      pattern: /${regionRegex.replaceAll("\\-", "-")}/,
      regions: [
${names.join("")}      ],
    },\n`;
});

writeFileSync(
  new URL("table.ts", import.meta.url),
  `// Written by generate.mjs from AWS's partitions.json.
import type { Partition } from "./partition.js";

/** The partitions, made when first asked for. The first takes the regions that none knows. */
export function makeTable(): readonly [Partition, ...Partition[]] {
  return [
${rows.join("")}  ];
}
`,
);

// Every bench, one after the other: `npm run bench [name...]`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const helpers = new Set(["run.mjs", "server.mjs", "store.mjs"]);
const wanted = process.argv.slice(2);
for (const file of readdirSync(folder).filter((name) => name.endsWith(".mjs") && !helpers.has(name))) {
  const name = file.replace(".mjs", "");
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n=== ${name}`);
  const { status } = spawnSync(process.execPath, ["--no-warnings", folder + file], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}

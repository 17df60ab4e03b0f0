// Builds that are kept between runs: what was interrupted, has failed or has rotted is no build. Each run is a process of its own.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "tucuxi-cache-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const kept = () => (existsSync(join(home, "tucuxi/servers")) ? readdirSync(join(home, "tucuxi/servers")).sort() : []);
const built = () => join(home, "tucuxi/servers/dolphin-1");

/** Keeps `dolphin` 1 by a build written as JavaScript: `folder` and `attempt` are at hand. Says what was thrown. */
function keep(build: string) {
  const script = `
    import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
    import { keep } from ${JSON.stringify(join(import.meta.dirname, "cache.mjs"))};
    Atomics.wait = () => {};
    let attempt = 0;
    const build = (folder) => { attempt += 1; const write = (text) => writeFileSync(folder + "/it", text); ${build} };
    const check = (folder) => { if (readFileSync(folder + "/it", "utf8") !== "whole") throw new Error("does not run"); };
    console.log(keep("dolphin", "1", build, check) + " after " + attempt);`;
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, XDG_CACHE_HOME: home },
    encoding: "utf8",
  });
  return { said: stdout.trim().split("\n").at(-1), stderr, status, signal };
}

test("a build is made once, and found by the next run", () => {
  expect(keep(`write("whole")`).said).toBe(`${built()} after 1`);
  expect(keep(`throw new Error("again")`).said).toBe(`${built()} after 0`);
  expect(kept()).toEqual(["dolphin-1"]);
});

test("one that fails is tried once more, in an empty folder", () => {
  const fails = `if (attempt === 1) { write("half"); throw new Error("hiccup"); } if (readdirSync(folder).length === 0) write("whole");`;
  expect(keep(fails).said).toBe(`${built()} after 2`);
  expect(readFileSync(join(built(), "it"), "utf8")).toBe("whole");
});

test("one that fails twice, or gives what does not run, says so and leaves nothing", () => {
  const failed = keep(`write("half"); throw new Error("no such registry")`);
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain("no such registry");
  expect(kept()).toEqual([]);
  expect(keep(`write("rotten")`).stderr).toContain("does not run");
  expect(kept()).toEqual([]);
});

test("one that was interrupted is no build, and the next run clears it away", () => {
  expect(keep(`write("half"); process.kill(process.pid, "SIGKILL")`).signal).toBe("SIGKILL");
  expect(kept()).toEqual([expect.stringMatching(/^dolphin-1\.unfinished-\d+$/)]);
  // Another run's, still under way.
  mkdirSync(join(home, `tucuxi/servers/other-1.unfinished-${process.pid}`));
  expect(keep(`write("whole")`).said).toBe(`${built()} after 1`);
  expect(kept()).toEqual(["dolphin-1", `other-1.unfinished-${process.pid}`]);
});

test("a kept one that does not run any more is built anew", () => {
  keep(`write("whole")`);
  writeFileSync(join(built(), "it"), "who");
  expect(keep(`write("whole")`).said).toBe(`${built()} after 1`);
  expect(readFileSync(join(built(), "it"), "utf8")).toBe("whole");
});

test("of two runs at once the faster one's is taken", () => {
  const other = JSON.stringify(built());
  const overtaken = `write("whole"); mkdirSync(${other}); writeFileSync(${other} + "/it", "whole");`;
  expect(keep(overtaken).said).toBe(`${built()} after 1`);
  expect(kept()).toEqual(["dolphin-1"]);
});

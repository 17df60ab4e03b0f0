// Servers that are built once and kept, outside of this folder: a fresh clone finds them.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, step, twice, which } from "./support.mjs";

/** Where builds are kept between runs. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tucuxi", "servers");

const folderOf = (name, version) => join(cacheFolder, `${name}-${version}`);

/** True where an earlier run has left this build. */
export const isKept = (name, version) => existsSync(folderOf(name, version));

/**
 * The folder of a build: an earlier run's, or a new one. `build(folder)` fills an empty folder, `check(folder)` throws where what
 * is in it does not run. Only what is whole and runs gets the name that is looked for, so an interrupted build is no build; and a
 * kept one that has stopped running is built anew.
 */
export function keep(name, version, build, check) {
  const folder = folderOf(name, version);
  if (existsSync(folder)) {
    try {
      check(folder);
      return folder;
    } catch (error) {
      step(name, `the build in ${folder} does not run, so it is built anew: ${error.message.split("\n")[0]}`);
      rmSync(folder, { recursive: true, force: true });
    }
  }
  mkdirSync(cacheFolder, { recursive: true });
  removeLeftovers();
  const unfinished = `${folder}${mark}${process.pid}`;
  step(name, `building ${version}`);
  const began = performance.now();
  try {
    // A second try, since a registry may hiccup.
    twice(name, () => {
      rmSync(unfinished, { recursive: true, force: true });
      mkdirSync(unfinished);
      build(unfinished);
      check(unfinished);
    });
    try {
      renameSync(unfinished, folder);
    } catch (error) {
      // Another run was faster: what it has built is the same.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  step(name, `built in ${((performance.now() - began) / 1000).toFixed(0)} s, kept in ${folder}`);
  return folder;
}

const mark = ".unfinished-";

/** Removes what interrupted builds have left. */
function removeLeftovers() {
  for (const entry of readdirSync(cacheFolder)) {
    const at = entry.indexOf(mark);
    if (at !== -1 && !isRunning(Number(entry.slice(at + mark.length)))) {
      rmSync(join(cacheFolder, entry), { recursive: true, force: true });
    }
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Undefined where `goBuild` can give the binary, else why not. */
export function goMissing(name, version) {
  if (isKept(name, version) || which("go") !== undefined) return undefined;
  return "no Go toolchain to build it with, and no earlier build";
}

/** The binary of a Go program, built from its module. */
export function goBuild(name, version, module) {
  const binary = (folder) => join(folder, module.split("/").pop());
  const build = (folder) =>
    run("go", ["install", "-trimpath", "-ldflags=-s -w", `${module}@${version}`], {
      env: { ...process.env, GOBIN: folder, CGO_ENABLED: "0" },
    });
  return binary(keep(name, version, build, (folder) => run(binary(folder), ["--version"])));
}

import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tucuxi-isolation-"));
const bundle = join(folder, "transport.mjs");

/** Runs a program of its own process, in which `transport` is our room; gives what it prints, as JSON. */
async function run(program: string): Promise<unknown> {
  const text = `import { createServer } from "node:http"; import { createRequire } from "node:module";
    const require = createRequire(${JSON.stringify(`${root}package.json`)});
    const loaded = () => Object.keys(require.cache).filter((path) => path.includes("undici"));
    const server = createServer((request, response) => { request.resume(); response.end("ok"); });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = "http://127.0.0.1:" + server.address().port;
    // Some Nodes set their own with node:http, others with the first fetch.
    const key = Symbol.for("undici.globalDispatcher.1");
    const dispatcher = globalThis[key];
    const { Transport } = await import(${JSON.stringify(bundle)});
    const request = { origin, path: "/", method: "GET", headers: [], expect: "buffer" };
    ${program}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", text], {
    cwd: root,
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

beforeAll(async () => {
  // The sources as a package: undici stays outside, as it is for whoever installs us.
  await build({
    entryPoints: [join(root, "src/transport/index.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    plugins: [
      {
        name: "undici-outside",
        setup(builder) {
          builder.onResolve({ filter: /^undici/ }, ({ path }) => ({
            path: join(root, "node_modules", path),
            external: true,
          }));
        },
      },
    ],
  });
});

describe("the host program", () => {
  it("loads no undici before the first request, and then only parts of it", async () => {
    const result = (await run(`
      const before = loaded().length;
      const transport = new Transport({ env: {} });
      transport.stats();
      const made = loaded().length;
      await transport.send(request);
      const after = loaded();
      console.log(JSON.stringify({ before, made, some: after.length > 0, main: after.some((path) => /undici.index\\.js$|undici.lib.web.fetch/.test(path)) }));
      process.exit(0);`)) as object;
    expect(result).toEqual({ before: 0, made: 0, some: true, main: false });
  });

  it("keeps its own fetch as it was", async () => {
    const result = await run(`
      const transport = new Transport({ env: {} });
      await transport.send(request);
      const untouched = globalThis[key] === dispatcher;
      // What breaks under a newer undici's dispatcher: a length given by hand.
      const response = await fetch(origin, { method: "PUT", headers: { "content-length": "2" }, body: "ab" });
      console.log(JSON.stringify({ untouched, text: await response.text() }));
      process.exit(0);`);
    expect(result).toEqual({ untouched: true, text: "ok" });
  });

  it("ends when its work is done, with connections kept and a large body unread", async () => {
    const result = await run(`
      const transport = new Transport({ env: {} });
      await transport.send(request);
      console.log(JSON.stringify(transport.stats()));
      server.unref();
      server.closeIdleConnections();`);
    expect(result).toMatchObject({ sockets: 1, idle: 1 });
  });
});

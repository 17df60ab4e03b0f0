import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it, vi } from "vitest";
import { SharedConfigFiles } from "../../src/config/files.js";
import { loadSharedConfig, parseProfileFile } from "../../src/config/index.js";
import { expandPath, homeFolder, locateSharedFiles } from "../../src/config/locate.js";
import { readSharedConfig } from "../../src/config/shared.js";
import { ConfigError } from "../../src/errors/base.js";
import { inFolder } from "./folder.js";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

describe("where the files are", () => {
  it("takes options, then variables, then ~/.aws", () => {
    const env = { HOME: "/home/me", AWS_CONFIG_FILE: "~/c", AWS_SHARED_CREDENTIALS_FILE: "$HOME/d" };
    expect(locateSharedFiles({ env: { HOME: "/home/me" } })).toEqual({
      config: "/home/me/.aws/config",
      credentials: "/home/me/.aws/credentials",
    });
    expect(locateSharedFiles({ env })).toEqual({ config: "/home/me/c", credentials: "/home/me/d" });
    expect(locateSharedFiles({ env, configFile: "/x", credentialsFile: "~/y" })).toEqual({
      config: "/x",
      credentials: "/home/me/y",
    });
  });

  it("expands only what it knows", () => {
    expect(expandPath(["$", "{A}/$B/$C-~/~"].join(""), { A: "1", B: "2" })).toBe("1/2/$C-~/~");
    expect(expandPath("~other/x", { HOME: "/h" })).toBe("~other/x");
    expect(expandPath("~", { HOME: "/h" })).toBe("/h");
  });

  it("has a home folder without HOME", () => {
    expect(homeFolder({ HOME: " " })).toBe(homeFolder({}));
    expect(homeFolder({})).not.toBe("");
  });
});

describe("arguments", () => {
  it("of the wrong kind are named", () => {
    const wrong = (call: () => unknown, message: RegExp) =>
      expect(call).toThrow(expect.objectContaining({ name: "ConfigError", message: expect.stringMatching(message) }));
    for (const text of [undefined, null, 5, Buffer.from("[default]")])
      wrong(() => parseProfileFile(text as never, "config"), /^text: must be a string/);
    for (const kind of [undefined, "ini"]) wrong(() => parseProfileFile("", kind as never), /^kind: must be "config"/);
    for (const options of [null, 5]) wrong(() => loadSharedConfig(options as never), /^options: must be an object/);
    wrong(() => loadSharedConfig({ configFile: 5 as never }), /^configFile: must be a path/);
    wrong(() => loadSharedConfig({ credentialsFile: null as never }), /^credentialsFile: must be a path/);
  });
});

describe("reading", () => {
  it("is the same with and without waiting", async () => {
    const files = {
      ".aws/config": "[default]\nregion = r\n[profile x]\n",
      ".aws/credentials": "[x]\naws_access_key_id = A",
    };
    await inFolder(files, async (root) => {
      const env = { HOME: root };
      const expected = { default: { region: "r" }, x: { aws_access_key_id: "A" } };
      expect(loadSharedConfig({ env }).profiles).toEqual(expected);
      expect((await readSharedConfig({ env })).profiles).toEqual(expected);
      expect(new SharedConfigFiles({ env }).loadSync().profiles).toEqual(expected);
    });
  });

  it("takes missing files for empty ones", async () => {
    await inFolder({ file: "" }, async (root) => {
      expect((await readSharedConfig({ env: { HOME: `${root}/nobody` } })).profiles).toEqual({});
      expect((await readSharedConfig({ env: { HOME: `${root}/file` } })).profiles).toEqual({});
    });
  });

  it("names a file that cannot be opened", async () => {
    await inFolder({ "config/x": "" }, async (root) => {
      const options = { configFile: `${root}/config`, env: { HOME: root } };
      expect(() => loadSharedConfig(options)).toThrow(ConfigError);
      await expect(readSharedConfig(options)).rejects.toThrow(`${root}/config cannot be read: EISDIR`);
    });
  });

  it("takes a file at the standard place that is not for this process for empty, with a warning", async () => {
    await inFolder({ ".aws/config/x": "", ".aws/credentials": "[default]\na = b\n" }, async (root) => {
      const warned: Error[] = [];
      const listen = (warning: Error): void => void warned.push(warning);
      process.on("warning", listen);
      try {
        const expected = { default: { a: "b" } };
        expect(loadSharedConfig({ env: { HOME: root } }).profiles).toEqual(expected);
        expect((await readSharedConfig({ env: { HOME: root } })).profiles).toEqual(expected);
        await vi.waitFor(() => expect(warned).toHaveLength(2));
        expect(warned[0]).toMatchObject({ name: "TucuxiWarning", message: expect.stringContaining("EISDIR") });
        const named = { HOME: root, AWS_CONFIG_FILE: `${root}/.aws/../.aws/config` };
        expect(() => loadSharedConfig({ env: named })).toThrow(ConfigError);
      } finally {
        process.off("warning", listen);
      }
    });
  });

  it("names file and line of a fault", async () => {
    await inFolder({ ".aws/credentials": "[default]\n\nnonsense" }, async (root) => {
      await expect(readSharedConfig({ env: { HOME: root } })).rejects.toThrow(`${root}/.aws/credentials, line 3:`);
    });
  });

  it("understands byte order marks", async () => {
    const text = "[default]\nregion = é\n";
    const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
    const swapped = Buffer.from(utf16).swap16();
    const files = { le: utf16, be: swapped, utf8: `\ufeff${text}`, latin: Buffer.from(`# \xe9\n${text}`, "latin1") };
    await inFolder(files, async (root) => {
      const read = (name: string): Record<string, unknown> =>
        loadSharedConfig({ configFile: `${root}/${name}`, env: { HOME: root } }).profiles;
      for (const name of ["le", "be", "utf8"]) expect(read(name)).toEqual({ default: { region: "é" } });
      expect(Object.keys(read("latin"))).toEqual(["default"]);
    });
  });

  it("reads once, again only when asked, and one time for all who wait", async () => {
    await inFolder({ config: "[profile a]" }, async (root) => {
      const files = new SharedConfigFiles({ configFile: `${root}/config`, env: { HOME: root } });
      expect(files.peek()).toBeUndefined();
      const [one, two] = await Promise.all([files.load(), files.load()]);
      expect(one).toBe(two);
      expect(files.loadSync()).toBe(one);
      writeFileSync(`${root}/config`, "[profile b]");
      expect(Object.keys((await files.load()).profiles)).toEqual(["a"]);
      expect(Object.keys((await files.reload()).profiles)).toEqual(["b"]);
      expect(Object.keys(files.peek()!.profiles)).toEqual(["b"]);
      writeFileSync(`${root}/config`, "nonsense");
      await expect(files.reload()).rejects.toThrow(ConfigError);
      expect(Object.keys(files.loadSync().profiles)).toEqual(["b"]);
    });
  });
});

describe("the ini package", () => {
  it("is imported by nobody but this room, and statically only by its public entry", () => {
    const offenders: string[] = [];
    for (const path of readdirSync(source, { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts")) continue;
      const text = readFileSync(source + path, "utf8");
      if (/from "ini"/.test(text) && path !== "config/index.ts") offenders.push(path);
      if (/import\("ini"\)/.test(text) && path !== "config/ini.ts") offenders.push(path);
      if (/from "(\.\.?\/)+config\/index\.js"/.test(text) && path !== "index.ts") offenders.push(path);
    }
    expect(offenders).toEqual([]);
  });

  it("is loaded only when there is a file, also in a bundle that lies alone; there the synchronous way asks for the other first", async () => {
    const program = `
      import { SharedConfigFiles } from "${source}config/files.ts";
      const files = new SharedConfigFiles({ env: { HOME: process.argv[2] } });
      const none = new SharedConfigFiles({ env: { HOME: "/nonexistent" } });
      const out = [Object.keys(none.loadSync().profiles).length];
      try { files.loadSync(); out.push("read"); } catch (error) { out.push(error.hint.includes("session.load()")); }
      out.push((await files.load()).profiles.default.region);
      out.push(new SharedConfigFiles(files.options).loadSync().profiles.default.region);
      console.log(JSON.stringify(out));
    `;
    await inFolder({ "home/.aws/config": "[default]\nregion = r", "alone/none": "" }, async (root) => {
      await build({
        stdin: { contents: program, resolveDir: source, loader: "ts" },
        bundle: true,
        platform: "node",
        format: "esm",
        outfile: `${root}/alone/out.mjs`,
        logLevel: "silent",
      });
      const out = execFileSync(process.execPath, [`${root}/alone/out.mjs`, `${root}/home`], { encoding: "utf8" });
      expect(JSON.parse(out)).toEqual([0, true, "r", "r"]);
    });
  });
});

import { describe, expect, it } from "vitest";
import { fromProcess } from "../../src/credentials/index.js";
import { inFolder } from "../config/folder.js";

const env = { HOME: "/nonexistent" };
const json = { Version: 1, AccessKeyId: "AKIAPROC", SecretAccessKey: "sé" };

describe("credential processes", () => {
  it("may write in the encodings of Windows", async () => {
    const text = JSON.stringify(json);
    const utf16 = Buffer.from(text, "utf16le");
    const files = { bare: utf16, marked: Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), utf8: `\ufeff${text}` };
    await inFolder(files, async (root) => {
      for (const name of Object.keys(files)) {
        const credentials = await fromProcess({ command: `cat ${root}/${name}`, env })();
        expect(credentials).toMatchObject({ accessKeyId: "AKIAPROC", secretAccessKey: "sé", source: "process" });
      }
    });
  });

  it("see the environment given, and PATH besides", async () => {
    await inFolder({ out: JSON.stringify(json) }, async (root) => {
      const command = `sh -c 'test "$WHO" = me && cat "$HOME"/out'`;
      expect(await fromProcess({ command, env: { HOME: root, WHO: "me" } })()).toMatchObject({
        accessKeyId: "AKIAPROC",
      });
    });
  });

  it("are not waited for when nobody wants the answer, even where their children go on", async () => {
    const controller = new AbortController();
    const waiting = fromProcess({ command: "sh -c 'sleep 3 & sleep 3'", env })({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(waiting).rejects.toThrow("enough");
  });

  it("may not write without end, and their output is in no error", async () => {
    await expect(fromProcess({ command: "cat /dev/zero", env })()).rejects.toThrow(/without end/);
    const error = (await fromProcess({ command: "echo wJalrXUtnFEMI", env })().catch((e: unknown) => e)) as Error;
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/output: wJalr|"wJalr/);
    expect(error.message).toBe("process: the program's output is no JSON object");
  });
});

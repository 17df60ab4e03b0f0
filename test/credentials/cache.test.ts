import { describe, expect, it } from "vitest";
import { CredentialCache } from "../../src/credentials/cache.js";
import { credentialCache } from "../../src/credentials/session-cache.js";
import type { Credentials } from "../../src/credentials/types.js";
import { CredentialsError } from "../../src/errors/base.js";

const MINUTE = 60_000;

/** A provider whose answers the test decides, and a clock that it moves. */
class Desk {
  time = Date.parse("2026-03-01T10:00:00Z");
  calls = 0;
  warnings: string[] = [];
  /** Minutes that the next credentials hold, or why there are none. */
  next: number | undefined | Error;
  /** While set, answers wait for it. */
  gate: Promise<void> | undefined;
  readonly cache: CredentialCache;

  constructor(next?: number | Error) {
    this.next = next;
    this.cache = new CredentialCache(
      async () => {
        const call = ++this.calls;
        await this.gate;
        if (this.next instanceof Error) throw this.next;
        const expiration = this.next === undefined ? undefined : new Date(this.time + this.next * MINUTE);
        return { accessKeyId: `AKIA${call}`, secretAccessKey: "s", expiration };
      },
      { clock: () => this.time, logger: { warn: (message) => this.warnings.push(message) } },
    );
  }

  async key(): Promise<string> {
    return (await this.cache.get()).accessKeyId;
  }

  pass(minutes: number): void {
    this.time += minutes * MINUTE;
  }
}

/** Lets everything that is under way come to its end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe("CredentialCache", () => {
  it("asks once for all who wait, and gives at once what it has", async () => {
    const desk = new Desk(60);
    expect(await Promise.all([desk.key(), desk.key(), desk.key()])).toEqual(["AKIA1", "AKIA1", "AKIA1"]);
    const at = desk.cache.get();
    expect(at).not.toBeInstanceOf(Promise);
    expect(desk.cache.get()).toBe(at);
    desk.pass(44);
    expect(await desk.key()).toBe("AKIA1");
    expect(desk.calls).toBe(1);
  });

  it("keeps credentials without an end", async () => {
    const desk = new Desk();
    await desk.key();
    desk.pass(1e6);
    expect(await desk.key()).toBe("AKIA1");
    expect(desk.cache.peek()?.accessKeyId).toBe("AKIA1");
  });

  it("renews behind the requests from fifteen minutes on, one renewal at a time", async () => {
    const desk = new Desk(60);
    await desk.key();
    desk.pass(46);
    let open = (): void => {};
    desk.gate = new Promise((resolve) => {
      open = resolve;
    });
    expect((desk.cache.get() as Credentials).accessKeyId).toBe("AKIA1");
    expect((desk.cache.get() as Credentials).accessKeyId).toBe("AKIA1");
    expect(desk.calls).toBe(2);
    open();
    await settle();
    expect((desk.cache.get() as Credentials).accessKeyId).toBe("AKIA2");
    expect(desk.calls).toBe(2);
  });

  it("waits for the renewal from ten minutes on", async () => {
    const desk = new Desk(60);
    await desk.key();
    desk.pass(51);
    expect(desk.cache.get()).toBeInstanceOf(Promise);
    expect(await desk.key()).toBe("AKIA2");
    expect(desk.calls).toBe(2);
  });

  it("keeps the old ones and warns when a renewal behind fails, and does not storm the service", async () => {
    const desk = new Desk(60);
    await desk.key();
    desk.pass(46);
    desk.next = new Error("busy");
    expect(await desk.key()).toBe("AKIA1");
    await settle();
    expect(desk.warnings).toEqual([expect.stringMatching(/old ones are used.*busy/)]);
    expect(await desk.key()).toBe("AKIA1");
    await settle();
    expect(desk.calls).toBe(2);
    desk.pass(1);
    desk.next = 60;
    expect(await desk.key()).toBe("AKIA1");
    await settle();
    expect(await desk.key()).toBe("AKIA3");
    expect(desk.warnings).toHaveLength(1);
  });

  it("passes on the failure of a renewal that was waited for, and tries again for the next request", async () => {
    const desk = new Desk(60);
    await desk.key();
    desk.pass(55);
    desk.next = new Error("down");
    await expect(desk.key()).rejects.toThrow("down");
    desk.next = 60;
    expect(await desk.key()).toBe("AKIA3");
  });

  it("does not renew for ever what never holds for longer than the window", async () => {
    const desk = new Desk(12);
    await desk.key();
    await desk.key();
    await settle();
    expect(desk.calls).toBe(2);
    for (let i = 0; i < 5; i++) await desk.key();
    await settle();
    expect(desk.calls).toBe(2);
    desk.pass(9.5);
    await desk.key();
    await settle();
    expect(desk.calls).toBe(3);
  });

  it("refuses new credentials that have ended", async () => {
    const desk = new Desk(-1);
    await expect(desk.key()).rejects.toThrow(CredentialsError);
    await expect(desk.key()).rejects.toThrow(/ended at 2026-03-01T09:59/);
  });

  it("refreshes by force, once for all who were refused the same", async () => {
    const desk = new Desk(60);
    const first = await desk.cache.get();
    const [a, b] = await Promise.all([desk.cache.forceRefresh(first), desk.cache.forceRefresh(first)]);
    expect([a.accessKeyId, b.accessKeyId, desk.calls]).toEqual(["AKIA2", "AKIA2", 2]);
    expect((await desk.cache.forceRefresh(first)).accessKeyId).toBe("AKIA2");
    expect((await desk.cache.forceRefresh()).accessKeyId).toBe("AKIA3");
    expect(await desk.key()).toBe("AKIA3");
  });

  it("lets a caller go without ending the others' wait", async () => {
    const desk = new Desk(60);
    let open = (): void => {};
    desk.gate = new Promise((resolve) => {
      open = resolve;
    });
    const controller = new AbortController();
    const leaving = desk.cache.get(controller.signal);
    const staying = desk.key();
    controller.abort("enough");
    await expect(leaving).rejects.toBe("enough");
    await expect(desk.cache.get(AbortSignal.abort("before"))).rejects.toBe("before");
    open();
    expect(await staying).toBe("AKIA1");
    expect(desk.calls).toBe(1);
  });

  it("shows what it has without waiting, renewing behind", async () => {
    const desk = new Desk(60);
    expect(desk.cache.peek()).toBeUndefined();
    expect(() => desk.cache.peekOrThrow()).toThrow(/not loaded yet/);
    await desk.key();
    expect(desk.cache.peekOrThrow().accessKeyId).toBe("AKIA1");
    desk.pass(55);
    expect(desk.cache.peek()?.accessKeyId).toBe("AKIA1");
    await settle();
    expect(desk.cache.peek()?.accessKeyId).toBe("AKIA2");
    desk.next = new Error("down");
    desk.pass(61);
    expect(() => desk.cache.peekOrThrow()).toThrow(/have ended/);
    await settle();
    expect(desk.warnings).toHaveLength(1);
  });

  it("refuses what is no credentials", async () => {
    const cache = new CredentialCache(async () => ({}) as Credentials);
    await expect(cache.get()).rejects.toThrow(/accessKeyId/);
  });
});

describe("a session's cache", () => {
  const keys = { accessKeyId: "AKIACODE", secretAccessKey: "s" };

  it("takes keys, functions, the environment, or nobody", async () => {
    expect(await credentialCache({ credentials: keys }).get()).toMatchObject(keys);
    expect(await credentialCache({ credentials: async () => keys }).get()).toMatchObject(keys);
    const env = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "s", HOME: "/nonexistent" };
    expect(await credentialCache({}, env).get()).toMatchObject({ accessKeyId: "AKIAENV", source: "environment" });
    await expect(credentialCache({ credentials: "anonymous" }).get()).rejects.toThrow(/anonymous/);
  });
});

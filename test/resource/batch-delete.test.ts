import { describe, expect, it } from "vitest";
import { BatchError } from "../../src/errors/layers.js";
import type { ObjectIdentifier } from "../../src/model/generated/types.js";
import { Bucket } from "../../src/resource/index.js";
import { type Answer, inTurn, ScriptedClient, serviceError } from "../support/scripted-client.js";

/** A bucket that lists these keys a thousand to a page, and deletes as the script says. */
function store(keys: readonly string[], answer: Answer, page = 1000): ScriptedClient {
  return new ScriptedClient((call) => {
    if (call.operation !== "ListObjects") return answer(call);
    const from = call.input["Marker"] === undefined ? 0 : keys.indexOf(call.input["Marker"] as string) + 1;
    return {
      Contents: keys.slice(from, from + page).map((Key) => ({ Key })),
      IsTruncated: from + page < keys.length,
    };
  });
}

const objectsOf = (input: Record<string, unknown>): ObjectIdentifier[] =>
  (input["Delete"] as { Objects: ObjectIdentifier[] }).Objects;
const all: Answer = ({ input }) => ({ Deleted: objectsOf(input).map(({ Key }) => ({ Key })), Errors: [] });
const number = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `key-${String(i).padStart(5, "0")}`);
const objects = (client: ScriptedClient) => new Bucket("b", client.asClient).objects;

describe("deleting a collection", () => {
  it("sends a thousand keys to a call, whatever the pages were", async () => {
    const client = store(number(2500), all, 300);
    const answers = await objects(client).delete({ MFA: "1 2", BypassGovernanceRetention: true });
    const inputs = client.inputs("DeleteObjects");
    expect(inputs.map((input) => objectsOf(input).length)).toEqual([1000, 1000, 500]);
    expect(inputs.flatMap(objectsOf)).toEqual(number(2500).map((Key) => ({ Key })));
    for (const input of inputs)
      expect(input).toMatchObject({ Bucket: "b", MFA: "1 2", BypassGovernanceRetention: true });
    expect(answers.map(({ Deleted }) => Deleted.length)).toEqual([1000, 1000, 500]);
    expect(answers[2]?.Deleted.at(-1)).toEqual({ Key: "key-02499" });
  });

  it("of nothing sends nothing", async () => {
    const client = store([], all);
    expect(await objects(client).delete()).toEqual([]);
    expect(client.inputs("DeleteObjects")).toEqual([]);
  });

  it("deletes what the filter and the limit leave", async () => {
    const client = store(number(10), all);
    await objects(client).filter({ Prefix: "key" }).limit(3).delete();
    expect(client.inputs("ListObjects")[0]).toMatchObject({ Prefix: "key" });
    expect(client.inputs("DeleteObjects").flatMap(objectsOf)).toHaveLength(3);
  });

  it("has several calls under way, and no more than it may", async () => {
    let running = 0;
    let most = 0;
    const slow: Answer = async (call) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return all(call);
    };
    await objects(store(number(9000), slow)).delete();
    expect(most).toBe(4);
    most = 0;
    await objects(store(number(3000), slow)).delete({}, { concurrency: 1 });
    expect(most).toBe(1);
  });

  it("names versions", async () => {
    const client = new ScriptedClient((call) =>
      call.operation === "DeleteObjects"
        ? all(call)
        : {
            Versions: [{ Key: "a", VersionId: "1" }],
            DeleteMarkers: [{ Key: "a", VersionId: "2" }],
            IsTruncated: false,
          },
    );
    await new Bucket("b", client.asClient).objectVersions.delete();
    expect(client.inputs("DeleteObjects").flatMap(objectsOf)).toEqual([
      { Key: "a", VersionId: "1" },
      { Key: "a", VersionId: "2" },
    ]);
  });

  it("deletes keys that no XML can carry one by one, and answers alike", async () => {
    const odd = ["a\u0000b", "c\u001fd", "e\uffffn", "f\u000b"];
    const plain = ["a", "tab\there", "line\nbreak", "cr\r", "del\u007f", "\u{1f42c}", "<&>\"'"];
    const client = store([...plain, ...odd], (call) =>
      call.operation === "DeleteObject" ? { DeleteMarker: true, VersionId: "m" } : all(call),
    );
    const answers = await objects(client).delete({
      ChecksumAlgorithm: "SHA256",
      RequestPayer: "requester",
      Delete: { Quiet: false },
    });
    expect(
      client
        .inputs("DeleteObjects")
        .flatMap(objectsOf)
        .map(({ Key }) => Key),
    ).toEqual(plain);
    expect(client.inputs("DeleteObject")).toEqual(odd.map((Key) => ({ Bucket: "b", Key, RequestPayer: "requester" })));
    expect(answers.slice(1).flatMap(({ Deleted }) => Deleted)).toEqual(
      odd.map((Key) => ({ Key, DeleteMarker: true, DeleteMarkerVersionId: "m" })),
    );
  });

  it("reports every key that failed, once all were tried", async () => {
    const odd = "odd\u0001";
    const client = store([...number(1500), odd], ({ operation, input }) => {
      if (operation === "DeleteObject") throw serviceError(403, "AccessDenied");
      const [first, ...others] = objectsOf(input);
      return {
        Deleted: others.map(({ Key }) => ({ Key })),
        Errors: [{ Key: first?.Key, Code: "InternalError", Message: "We had a bad day" }],
      };
    });
    const error = await objects(client)
      .delete()
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(BatchError);
    const batch = error as BatchError;
    expect(batch.errors).toEqual([
      { Key: "key-00000", Code: "InternalError", Message: "We had a bad day" },
      { Key: "key-01000", Code: "InternalError", Message: "We had a bad day" },
      { Key: odd, Code: "AccessDenied", Message: "AccessDenied, says the script" },
    ]);
    expect(batch.deleted).toHaveLength(1498);
    expect(batch).toMatchObject({ code: "BatchError", message: expect.stringContaining('"key-00000": InternalError') });
    expect(batch.message).toContain("3 could not be deleted (1498 were)");
  });

  it("ends with the error of a call that failed as a whole, and leaves nothing under way", async () => {
    let running = 0;
    const client = store(number(9000), async (call) => {
      running++;
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (objectsOf(call.input)[0]?.Key === "key-01000") throw serviceError(503, "SlowDown");
      return all(call);
    });
    await expect(objects(client).delete()).rejects.toMatchObject({ code: "SlowDown" });
    expect(running).toBe(0);
    expect(client.inputs("DeleteObjects").length).toBeLessThan(9);
  });

  it("ends with the error of the listing, and waits for what is under way", async () => {
    let deleted = 0;
    const client = new ScriptedClient(async ({ operation, input }) => {
      if (operation === "ListObjects") {
        if (input["Marker"] !== undefined) throw serviceError(500, "InternalError");
        return { Contents: number(1000).map((Key) => ({ Key })), IsTruncated: true };
      }
      await new Promise((resolve) => setImmediate(resolve));
      deleted++;
      return { Deleted: [], Errors: [] };
    });
    await expect(objects(client).delete()).rejects.toMatchObject({ code: "InternalError" });
    expect(deleted).toBe(client.inputs("DeleteObjects").length);
  });

  it("is ended by an abort, with its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const client = store(number(9000), (call) => {
      controller.abort(reason);
      return all(call);
    });
    await expect(objects(client).with({ signal: controller.signal }).delete()).rejects.toBe(reason);
  });

  it("of a bucket that is not there says so", async () => {
    const client = inTurn(serviceError(404, "NoSuchBucket"));
    await expect(objects(client).delete()).rejects.toMatchObject({ code: "NoSuchBucket" });
  });
});

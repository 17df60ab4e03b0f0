// Nothing of boto3's resource layer is missing: every name of the definition is looked for, and done.
import { describe, expect, it } from "vitest";
import * as room from "../../src/resource/index.js";
import { Collection, Resource, type S3Resource } from "../../src/resource/index.js";
import { inTurn, ScriptedClient } from "../support/scripted-client.js";
import { fixtureText, type ResourceFacts, readFacts, sharedText } from "./definition.js";

const shared = sharedText();
const facts = readFacts(fixtureText());

type Anything = Record<string, unknown>;
type Method = (...given: unknown[]) => unknown;

/** Values for identifiers, and for members of inputs. */
const values: Record<string, string | number> = {
  Name: "b",
  BucketName: "b",
  Key: "k",
  ObjectKey: "k",
  Id: "i",
  MultipartUploadId: "i",
  PartNumber: 7,
};

/** What an operation's input has from the resource alone. */
function filled({ name, identifiers }: ResourceFacts): Anything {
  const input: Anything = {};
  for (const identifier of identifiers) {
    if (identifier === "Name" || identifier === "BucketName") input["Bucket"] = "b";
    else if (identifier === "Key" || identifier === "ObjectKey") input["Key"] = "k";
    else if (identifier === "PartNumber") input["PartNumber"] = 7;
    else input[name === "ObjectVersion" ? "VersionId" : "UploadId"] = "i";
  }
  return input;
}

/** The camelCase name: the one member of the object that is the same but for capitals, and begins with none. */
function member(target: object, name: string): string {
  const found = new Set<string>();
  for (let at: object | null = target; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Object.getOwnPropertyNames(at)) if (key.toLowerCase() === name.toLowerCase()) found.add(key);
  }
  expect([...found], `${target.constructor.name} has ${name}`).toHaveLength(1);
  const [key = ""] = found;
  expect(key).toMatch(/^[a-z]/);
  return key;
}

/** A resource of the class with made-up identifiers. */
function make(each: ResourceFacts, client: ScriptedClient): Resource {
  const Kind = (room as unknown as Record<string, new (...given: unknown[]) => Resource>)[each.name];
  expect(Kind, `class ${each.name}`).toBeTypeOf("function");
  return each.name === "S3Resource"
    ? new Kind!(client.asClient)
    : new Kind!(...each.identifiers.map((name) => values[name]), client.asClient);
}

const call = (target: object, name: string, ...given: unknown[]): unknown =>
  ((target as unknown as Record<string, Method>)[member(target, name)] as Method).apply(target, given);

describe.runIf(shared !== undefined)("boto3's own file", () => {
  it("says what the fixture says", () => {
    expect(fixtureText().split("\n").slice(1).join("\n").trimEnd()).toBe(shared);
  });
});

describe("every class of boto3", () => {
  it("is counted", () => {
    expect(facts.map(({ name }) => name)).toHaveLength(19);
    for (const { name } of facts) expect((room as Anything)[name], name).toBeTypeOf("function");
  });

  describe.each(facts)("$name", (each) => {
    it("has its identifiers", () => {
      const resource = make(each, inTurn({}));
      expect(resource).toBeInstanceOf(Resource);
      expect(resource.meta.identifiers).toEqual(each.identifiers.map((name) => member(resource, name)));
      for (const name of each.identifiers) {
        expect((resource as unknown as Anything)[member(resource, name)]).toBe(values[name]);
      }
    });

    it("has its attributes", () => {
      const resource = make(each, inTurn({}));
      for (const name of each.attributes) {
        const key = member(resource, name);
        resource.meta.data = undefined;
        expect(() => (resource as unknown as Anything)[key], key).toThrow(
          expect.objectContaining({ code: "NotLoaded" }) as Error,
        );
        resource.meta.data = { [name]: `the ${name}` };
        expect((resource as unknown as Anything)[key]).toBe(`the ${name}`);
      }
    });

    if (each.load !== undefined)
      it("loads", async () => {
        const client = inTurn({ [each.attributes[0]!]: "first" }, { [each.attributes[0]!]: "second" });
        const resource = make(each, client);
        expect(await call(resource, "load")).toBe(resource);
        const key = member(resource, each.attributes[0]!);
        expect((resource as unknown as Anything)[key]).toBe("first");
        await call(resource, "reload");
        expect((resource as unknown as Anything)[key]).toBe("second");
        expect(client.calls).toMatchObject([0, 1].map(() => ({ operation: each.load, input: filled(each) })));
      });

    if (each.actions.length > 0)
      it("has its actions", async () => {
        for (const action of each.actions) {
          const client = inTurn({ UploadId: "new", Marked: 1 });
          const resource = make(each, client);
          const options = { timeout: 5 };
          const answer = await call(
            resource,
            action.name,
            { Key: "k", Bucket: "b", RequestPayer: "requester" },
            options,
          );
          expect(client.calls, action.name).toHaveLength(1);
          expect(client.calls[0]).toMatchObject({
            operation: action.operation,
            options,
            input: { ...filled(each), RequestPayer: "requester" },
          });
          if (action.resource === undefined)
            expect(answer, action.name).toMatchObject({ Marked: 1, ResponseMetadata: {} });
          else expect((answer as object).constructor.name, action.name).toBe(action.resource);
        }
      });

    if (each.collections.length > 0)
      it("has its collections", async () => {
        for (const collection of each.collections) {
          const entry = { Key: "k2", Name: "b2", UploadId: "i2", VersionId: "i2", PartNumber: 2, Size: 5 };
          const client = inTurn({
            Contents: [entry],
            Versions: [entry],
            DeleteMarkers: [entry],
            Uploads: [entry],
            Parts: [entry],
            Buckets: [entry],
          });
          const resource = make(each, client);
          const listed = (resource as unknown as Anything)[member(resource, collection.name)] as Collection<
            Resource,
            "listObjects"
          >;
          expect(listed).toBeInstanceOf(Collection);
          const items = await listed.toArray();
          expect(client.calls).toMatchObject([{ operation: collection.operation, input: filled(each) }]);
          expect(items.length).toBe(collection.name === "ObjectVersions" ? 2 : 1);
          const target = readTarget(collection.resource);
          for (const item of items) {
            expect(item.constructor.name).toBe(collection.resource);
            expect(item.meta.data).toEqual(entry);
            expect(item.meta.client).toBe(resource.meta.client);
            for (const name of target.identifiers) {
              const value = (item as unknown as Anything)[member(item, name)];
              const parent = ["BucketName", "ObjectKey", "MultipartUploadId"].includes(name) && filledFrom(each, name);
              expect(value, name).toBe(parent ? values[name] : entryValue(name));
            }
          }
          expect(typeof (listed as { delete?: unknown }).delete).toBe(
            target.batch.length > 0 ? "function" : "undefined",
          );
        }
      });

    if (each.resources.length > 0)
      it("has its sub-resources", () => {
        const resource = make(each, inTurn({}));
        for (const { name, resource: type } of each.resources) {
          const target = readTarget(type);
          const missing =
            each.name === "S3Resource" ? target.identifiers : target.identifiers.filter((id) => !filledFrom(each, id));
          const made = call(resource, name, ...missing.map((id) => values[id])) as Resource;
          expect(made.constructor.name, name).toBe(type);
          expect(made.meta.client).toBe(resource.meta.client);
          for (const id of target.identifiers) expect((made as unknown as Anything)[member(made, id)]).toBe(values[id]);
        }
        const subresources = call(resource, "availableSubresources") as string[];
        for (const { name } of each.resources) expect(subresources).toContain(member(resource, name));
      });

    if (each.waiters.length > 0)
      it("has its waits", async () => {
        for (const { name, operation } of each.waiters) {
          const client = new ScriptedClient(() => ({}));
          const resource = make(each, client);
          const gone = operation?.endsWith("NotExists");
          const waiting = call(resource, `waitUntil${name}`, { ExpectedBucketOwner: "1", maxAttempts: 1 });
          if (gone) await expect(waiting).rejects.toMatchObject({ name: "WaiterError" });
          else await expect(waiting).resolves.toBeUndefined();
          expect(client.calls).toMatchObject([
            {
              operation: operation?.startsWith("Bucket") ? "HeadBucket" : "HeadObject",
              input: { ...filled(each), ExpectedBucketOwner: "1" },
            },
          ]);
        }
      });
  });

  it("can be made from the service", () => {
    const client = inTurn({});
    const service = make(readTarget("S3Resource"), client) as S3Resource;
    for (const each of facts.filter(({ name }) => name !== "S3Resource")) {
      const made = call(
        service,
        each.name.replace(/^S3/, ""),
        ...each.identifiers.map((name) => values[name]),
      ) as Resource;
      expect(made.equals(make(each, client))).toBe(true);
    }
    expect(client.calls).toEqual([]);
  });
});

const readTarget = (name: string | undefined): ResourceFacts => facts.find((each) => each.name === name)!;

/** Has the parent what this identifier of a child is? */
function filledFrom(parent: ResourceFacts, identifier: string): boolean {
  if (identifier === "Name" || identifier === "BucketName")
    return parent.identifiers.some((name) => name === "Name" || name === "BucketName");
  if (identifier === "Key" || identifier === "ObjectKey")
    return parent.identifiers.some((name) => name === "Key" || name === "ObjectKey");
  if (identifier === "MultipartUploadId" || (identifier === "Id" && parent.name === "MultipartUploadPart")) {
    return parent.identifiers.some((name) => name === "Id" || name === "MultipartUploadId");
  }
  return false;
}

const entryValue = (identifier: string): unknown =>
  ({ Name: "b2", Key: "k2", ObjectKey: "k2", Id: "i2", PartNumber: 2 })[identifier];

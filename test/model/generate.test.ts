// What is committed is what the generator writes: running it again on the same definition changes nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { S3Client } from "../../src/index.js";
import { operationLines } from "../../src/model/generated/operations.js";
import { shapeLines } from "../../src/model/generated/shapes.js";
import { type OperationName, operation, operationOfMethod } from "../../src/model/operation.js";
import { shape } from "../../src/model/shape.js";

describe("the API as data", () => {
  it("has 116 operations, each with a method, a method name that leads back, and readable shapes", () => {
    const names = Object.keys(operationLines) as OperationName[];
    expect(names).toHaveLength(116);
    for (const name of names) {
      const op = operation(name);
      const method = name.charAt(0).toLowerCase() + name.slice(1);
      expect(operationOfMethod(method)).toBe(op);
      expect(S3Client.prototype[method as keyof S3Client]).toBeTypeOf("function");
      expect(op.input.kind).toBe("structure");
    }
  });

  it("reads every line of the shapes, down to the last member", () => {
    const names = shapeLines.match(/^[A-Z]\w*/gm) ?? [];
    expect(names.length).toBeGreaterThan(400);
    for (const name of names) {
      const found = shape(name);
      const members =
        found.kind === "structure"
          ? found.members
          : found.kind === "list"
            ? [found.member]
            : found.kind === "map"
              ? [found.key, found.value]
              : [];
      for (const member of members) {
        expect(member.shape).toBeDefined();
        expect(member.wireName).not.toBe("");
      }
    }
  });

  it("knows no operation or shape by the name of an object's own property", () => {
    expect(operationOfMethod("constructor")).toBeUndefined();
    expect(operationOfMethod("toString")).toBeUndefined();
    expect(() => shape("__proto__")).toThrow(/no shape/);
  });
});

const model = fileURLToPath(new URL("../../../shared/model/s3-service.json", import.meta.url));

describe.runIf(existsSync(model))("the generator", () => {
  it("changes nothing when it runs again", async () => {
    const source = fileURLToPath(new URL("../../src/", import.meta.url));
    const out = mkdtempSync(join(tmpdir(), "tucuxi-generate-"));
    try {
      const writer: string = join(source, "model/generate/write.mjs");
      const { generate } = (await import(writer)) as { generate: (definition: string, target: string) => string[] };
      const files = generate(model, out);
      expect(files.length).toBeGreaterThan(4);
      for (const file of files)
        expect(readFileSync(join(out, file), "utf8")).toBe(readFileSync(join(source, file), "utf8"));
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});

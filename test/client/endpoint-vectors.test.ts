// The published endpoint cases that name an operation, through a client: what is sent goes where they say, signed as they say.
import { S3Client, type S3ClientOptions } from "tucuxi";
import { describe, expect, it } from "vitest";
import { Capture } from "../golden/servers.js";
import { header } from "../golden/wire.js";
import { sharedVectors } from "../support/shared.js";

interface EndpointCase {
  name: string;
  expect: {
    url?: string;
    error?: string;
    properties?: {
      authSchemes?: { name: string; signingName?: string; signingRegion?: string; signingRegionSet?: string[] }[];
    };
  };
  operation?: { operation: string; input: Record<string, unknown>; options: S3ClientOptions };
}

const cases = (sharedVectors<EndpointCase>("endpoints.json") ?? []).filter((test) => test.operation);
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

describe.runIf(cases.length > 0)("the endpoint of an operation", () => {
  it.each(cases.map((test) => [test.name, test] as const))("%s", async (_name, test) => {
    const { operation, input, options } = test.operation!;
    const dispatcher = new Capture();
    // Sessions of directory buckets come from the service, which is not here: what goes out then is the request for one.
    const s3 = new S3Client({ credentials, maxAttempts: 1, ...options, dispatcher });
    const call = (s3 as unknown as Record<string, (input: unknown) => Promise<unknown>>)[operation]!;
    const failure = await call.call(s3, input).then(
      () => undefined,
      (error: Error & { code?: string }) => error,
    );
    if (test.expect.error !== undefined) {
      expect(dispatcher.sent).toEqual([]);
      expect(["EndpointError", "ParamValidationError"]).toContain(failure?.name);
      if (failure?.name === "EndpointError") expect(failure.message).toBe(test.expect.error);
      return;
    }
    expect(failure?.code).toBe("Captured");
    const sent = dispatcher.sent[0]!;
    const scheme = test.expect.properties?.authSchemes?.[0];
    const session = scheme?.name === "sigv4-s3express";
    // The rules know nothing of the route that WriteGetObjectResponse has before its host.
    const route = typeof input.RequestRoute === "string" ? `${input.RequestRoute.toLowerCase()}.` : "";
    expect(sent.host.startsWith(route)).toBe(true);
    const url = `${sent.scheme}://${sent.host.slice(route.length)}${sent.path}`;
    const wanted = test.expect.url!.replace(/\/$/, "");
    if (session) expect(sent.query).toMatch(/session/);
    expect(decodeURIComponent(url.replace(/\bs3\.us-east-1\./, "s3.")).toLowerCase()).toContain(
      decodeURIComponent(wanted.replace(/\bs3\.us-east-1\./, "s3.")).toLowerCase(),
    );
    const scope = /Credential=[^/]+\/\d{8}\/([^,]+)\/aws4_request/.exec(header(sent, "authorization") ?? "")?.[1];
    const schemes = test.expect.properties?.authSchemes ?? [];
    const scopes = schemes.map(({ name, signingName, signingRegion }) =>
      name === "sigv4a" ? signingName : `${signingRegion}/${signingName}`,
    );
    expect(scopes).toContain(scope);
  });
});

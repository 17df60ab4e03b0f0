import { expect } from "vitest";
import { refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

/** Rules of a bucket that say who may do what: CORS and policy. */
export function access(target: Target): void {
  room(target, "cors", (room) => {
    const { s3 } = room;
    const CORSRules = [
      {
        ID: "first",
        AllowedOrigins: ["https://*.example.com", "http://localhost:8080"],
        AllowedMethods: ["GET", "PUT"],
        AllowedHeaders: ["*"],
        ExposeHeaders: ["ETag", "x-amz-meta-a"],
        MaxAgeSeconds: 600,
      },
      { AllowedOrigins: ["*"], AllowedMethods: ["HEAD"] },
    ];

    room.capability("put, get, delete", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.getBucketCors({ Bucket }), "NoSuchCORSConfiguration", 404);
      await s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
      const read = (await s3.getBucketCors({ Bucket })).CORSRules ?? [];
      expect(read).toHaveLength(2);
      const first = read.find(({ MaxAgeSeconds }) => MaxAgeSeconds === 600);
      expect(first?.ID).toBe("first");
      expect(first?.AllowedOrigins?.toSorted()).toEqual(CORSRules[0]?.AllowedOrigins.toSorted());
      expect(first?.AllowedMethods?.toSorted()).toEqual(["GET", "PUT"]);
      expect(first?.AllowedHeaders).toEqual(["*"]);
      expect(first?.ExposeHeaders?.toSorted()).toEqual(["ETag", "x-amz-meta-a"]);
      await s3.deleteBucketCors({ Bucket });
      await refuses(s3.getBucketCors({ Bucket }), "NoSuchCORSConfiguration", 404);
    });

    room.capability("a browser's question is answered by it", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
      const ask = (origin: string) =>
        fetch(`${target.options.endpoint}/${Bucket}/k`, {
          method: "OPTIONS",
          headers: { origin, "access-control-request-method": "PUT" },
        });
      const yes = await ask("https://www.example.com");
      expect(yes.status).toBe(200);
      expect(yes.headers.get("access-control-allow-origin")).toBe("https://www.example.com");
      const no = await ask("https://evil.example.org");
      expect(no.status).toBe(403);
    });
  });

  room(target, "policy", (room) => {
    const { s3 } = room;
    const open = (Bucket: string) => ({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Río",
          Effect: "Allow",
          Principal: { AWS: ["*"] },
          Action: ["s3:GetObject"],
          Resource: [`arn:aws:s3:::${Bucket}/open/*`],
        },
      ],
    });

    room.capability("put, get, delete", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.getBucketPolicy({ Bucket }), "NoSuchBucketPolicy", 404);
      const Policy = JSON.stringify(open(Bucket)).replace("Río", "Rio");
      await s3.putBucketPolicy({ Bucket, Policy });
      expect(JSON.parse((await s3.getBucketPolicy({ Bucket })).Policy ?? "")).toEqual(JSON.parse(Policy));
      await s3.deleteBucketPolicy({ Bucket });
      await refuses(s3.getBucketPolicy({ Bucket }), "NoSuchBucketPolicy", 404);
    });

    room.capability("text beyond ASCII arrives whole", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify(open(Bucket)) });
      expect(JSON.parse((await s3.getBucketPolicy({ Bucket })).Policy ?? "")).toEqual(open(Bucket));
    });

    room.capability("it lets strangers in where it says so", async () => {
      const Bucket = await room.bucket();
      const anonymous = room.client({ credentials: "anonymous" });
      await s3.putObject({ Bucket, Key: "open/a", Body: "welcome" });
      await s3.putObject({ Bucket, Key: "closed/a", Body: "keep out" });
      await refuses(anonymous.getObject({ Bucket, Key: "open/a" }), "AccessDenied", 403);
      await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify(open(Bucket)).replace("Río", "Rio") });
      expect(await text(anonymous.getObject({ Bucket, Key: "open/a" }))).toBe("welcome");
      await refuses(anonymous.getObject({ Bucket, Key: "closed/a" }), "AccessDenied", 403);
    });

    room.capability("one that is no policy is refused", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.putBucketPolicy({ Bucket, Policy: '{"Version":' }), "MalformedPolicy", 400);
    });

    room.capability("status", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify(open(Bucket)).replace("Río", "Rio") });
      expect((await s3.getBucketPolicyStatus({ Bucket })).PolicyStatus?.IsPublic).toBe(true);
    });
  });
}

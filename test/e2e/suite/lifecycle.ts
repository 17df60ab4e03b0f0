import { expect } from "vitest";
import { refuses, room } from "../room.js";
import type { Target } from "../target.js";

/** Lifecycle rules of a bucket. */
export function lifecycle(target: Target): void {
  room(target, "lifecycle", (room) => {
    const { s3 } = room;

    room.capability("put, get, delete", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.getBucketLifecycleConfiguration({ Bucket }), "NoSuchLifecycleConfiguration", 404);
      await s3.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: {
          Rules: [
            { ID: "old", Status: "Enabled", Filter: { Prefix: "log & <tmp>/" }, Expiration: { Days: 30 } },
            { ID: "off", Status: "Disabled", Filter: { Prefix: "x/" }, Expiration: { Days: 5 } },
          ],
        },
      });
      const { Rules } = await s3.getBucketLifecycleConfiguration({ Bucket });
      const byId = Object.fromEntries((Rules ?? []).map((rule) => [rule.ID, rule]));
      expect(byId["old"]).toMatchObject({
        Status: "Enabled",
        Filter: { Prefix: "log & <tmp>/" },
        Expiration: { Days: 30 },
      });
      expect(byId["off"]).toMatchObject({ Status: "Disabled", Expiration: { Days: 5 } });
      await s3.deleteBucketLifecycle({ Bucket });
      await refuses(s3.getBucketLifecycleConfiguration({ Bucket }), "NoSuchLifecycleConfiguration", 404);
    });

    room.capability("one rule for everything, by an empty prefix", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: {
          Rules: [{ ID: "all", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Days: 1 } }],
        },
      });
      const { Rules } = await s3.getBucketLifecycleConfiguration({ Bucket });
      expect(Rules).toHaveLength(1);
      expect(Rules?.[0]?.Filter?.Prefix || undefined).toBeUndefined();
    });

    room.capability("filter by prefix and tags", async () => {
      const Bucket = await room.bucket();
      const And = {
        Prefix: "a/",
        Tags: [
          { Key: "k", Value: "v & w" },
          { Key: "l", Value: "m" },
        ],
      };
      await s3.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: { Rules: [{ ID: "and", Status: "Enabled", Filter: { And }, Expiration: { Days: 3 } }] },
      });
      const { Rules } = await s3.getBucketLifecycleConfiguration({ Bucket });
      expect(Rules?.[0]?.Filter?.And?.Prefix).toBe("a/");
      expect(Rules?.[0]?.Filter?.And?.Tags).toEqual(expect.arrayContaining(And.Tags));
    });

    room.capability("versions, unfinished uploads and dates", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: {
          Rules: [
            {
              ID: "versions",
              Status: "Enabled",
              Filter: { Prefix: "v/" },
              NoncurrentVersionExpiration: { NoncurrentDays: 7 },
            },
            {
              ID: "parts",
              Status: "Enabled",
              Filter: { Prefix: "p/" },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
            },
            {
              ID: "date",
              Status: "Enabled",
              Filter: { Prefix: "d/" },
              Expiration: { Date: new Date("2040-01-02T00:00:00Z") },
            },
          ],
        },
      });
      const { Rules } = await s3.getBucketLifecycleConfiguration({ Bucket });
      const byId = Object.fromEntries((Rules ?? []).map((rule) => [rule.ID, rule]));
      expect(byId["versions"]?.NoncurrentVersionExpiration?.NoncurrentDays).toBe(7);
      expect(byId["parts"]?.AbortIncompleteMultipartUpload?.DaysAfterInitiation).toBe(2);
      expect(byId["date"]?.Expiration?.Date).toEqual(new Date("2040-01-02T00:00:00Z"));
    });
  });
}

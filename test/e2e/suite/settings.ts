import { expect } from "vitest";
import { type Room, refuses, room } from "../room.js";
import type { Target } from "../target.js";

/** The rest of what a bucket can be told: written, read back, removed. */
export function settings(target: Target): void {
  room(target, "settings", (room) => {
    const { s3 } = room;

    room.capability("website", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.getBucketWebsite({ Bucket }), "NoSuchWebsiteConfiguration", 404);
      const WebsiteConfiguration = {
        IndexDocument: { Suffix: "index.html" },
        ErrorDocument: { Key: "error & more.html" },
        RoutingRules: [{ Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/" } }],
      };
      await s3.putBucketWebsite({ Bucket, WebsiteConfiguration });
      expect(await s3.getBucketWebsite({ Bucket })).toMatchObject(WebsiteConfiguration);
      await s3.deleteBucketWebsite({ Bucket });
      await refuses(s3.getBucketWebsite({ Bucket }), "NoSuchWebsiteConfiguration", 404);
    });

    room.capability("public access block", async () => {
      const Bucket = await room.bucket();
      const PublicAccessBlockConfiguration = {
        BlockPublicAcls: true,
        IgnorePublicAcls: false,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: false,
      };
      await s3.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration });
      expect(await s3.getPublicAccessBlock({ Bucket })).toMatchObject({ PublicAccessBlockConfiguration });
      await s3.deletePublicAccessBlock({ Bucket });
      await refuses(s3.getPublicAccessBlock({ Bucket }), "NoSuchPublicAccessBlockConfiguration", 404);
    });

    room.capability("ownership controls", async () => {
      const Bucket = await room.bucket();
      const OwnershipControls = { Rules: [{ ObjectOwnership: "BucketOwnerPreferred" as const }] };
      await s3.putBucketOwnershipControls({ Bucket, OwnershipControls });
      expect(await s3.getBucketOwnershipControls({ Bucket })).toMatchObject({ OwnershipControls });
      await s3.deleteBucketOwnershipControls({ Bucket });
      await refuses(s3.getBucketOwnershipControls({ Bucket }), "OwnershipControlsNotFoundError", 404);
    });

    room.capability("request payment", async () => {
      const Bucket = await room.bucket();
      expect((await s3.getBucketRequestPayment({ Bucket })).Payer).toBe("BucketOwner");
      await s3.putBucketRequestPayment({ Bucket, RequestPaymentConfiguration: { Payer: "Requester" } });
      expect((await s3.getBucketRequestPayment({ Bucket })).Payer).toBe("Requester");
    });

    room.capability("logging", async () => {
      const Bucket = await room.bucket();
      expect((await s3.getBucketLogging({ Bucket })).LoggingEnabled).toBeUndefined();
      const LoggingEnabled = { TargetBucket: Bucket, TargetPrefix: "log & more/" };
      await s3.putBucketAcl({ Bucket, ACL: "log-delivery-write" });
      await s3.putBucketLogging({ Bucket, BucketLoggingStatus: { LoggingEnabled } });
      expect((await s3.getBucketLogging({ Bucket })).LoggingEnabled).toMatchObject(LoggingEnabled);
    });

    room.capability("notifications, none", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: {} });
      const answer = await s3.getBucketNotificationConfiguration({ Bucket });
      expect([answer.TopicConfigurations ?? [], answer.QueueConfigurations ?? []]).toEqual([[], []]);
    });

    room.capability("acceleration", async () => {
      const Bucket = await room.bucket();
      await s3.putBucketAccelerateConfiguration({ Bucket, AccelerateConfiguration: { Status: "Enabled" } });
      expect((await s3.getBucketAccelerateConfiguration({ Bucket })).Status).toBe("Enabled");
    });

    room.capability("replication, none", async () => {
      const Bucket = await room.bucket();
      await refuses(s3.getBucketReplication({ Bucket }), "ReplicationConfigurationNotFoundError", 404);
    });

    byId(room);
  });
}

/** The configurations that a bucket may have several of, by id. */
function byId(room: Room): void {
  const { s3 } = room;
  room.capability("analytics", async () => {
    const [Bucket, Id] = [await room.bucket(), "a1"];
    const AnalyticsConfiguration = { Id, StorageClassAnalysis: {}, Filter: { Prefix: "p/" } };
    await s3.putBucketAnalyticsConfiguration({ Bucket, Id, AnalyticsConfiguration });
    expect(await s3.getBucketAnalyticsConfiguration({ Bucket, Id })).toMatchObject({ AnalyticsConfiguration: { Id } });
    expect((await s3.listBucketAnalyticsConfigurations({ Bucket })).AnalyticsConfigurationList).toHaveLength(1);
    await s3.deleteBucketAnalyticsConfiguration({ Bucket, Id });
  });

  room.capability("inventory", async () => {
    const [Bucket, Id] = [await room.bucket(), "i1"];
    const InventoryConfiguration = {
      Id,
      IsEnabled: true,
      IncludedObjectVersions: "All" as const,
      Schedule: { Frequency: "Daily" as const },
      Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Bucket}`, Format: "CSV" as const } },
      OptionalFields: ["Size", "ETag"] as const,
    };
    await s3.putBucketInventoryConfiguration({
      Bucket,
      Id,
      InventoryConfiguration: { ...InventoryConfiguration, OptionalFields: ["Size", "ETag"] },
    });
    expect(await s3.getBucketInventoryConfiguration({ Bucket, Id })).toMatchObject({ InventoryConfiguration });
    await s3.deleteBucketInventoryConfiguration({ Bucket, Id });
  });

  room.capability("metrics", async () => {
    const [Bucket, Id] = [await room.bucket(), "m1"];
    await s3.putBucketMetricsConfiguration({ Bucket, Id, MetricsConfiguration: { Id, Filter: { Prefix: "p/" } } });
    const answer = await s3.getBucketMetricsConfiguration({ Bucket, Id });
    expect(answer.MetricsConfiguration).toMatchObject({ Id, Filter: { Prefix: "p/" } });
    await s3.deleteBucketMetricsConfiguration({ Bucket, Id });
  });

  room.capability("intelligent tiering", async () => {
    const [Bucket, Id] = [await room.bucket(), "t1"];
    const Tierings = [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" as const }];
    const IntelligentTieringConfiguration = { Id, Status: "Enabled" as const, Tierings };
    await s3.putBucketIntelligentTieringConfiguration({ Bucket, Id, IntelligentTieringConfiguration });
    const answer = await s3.getBucketIntelligentTieringConfiguration({ Bucket, Id });
    expect(answer).toMatchObject({ IntelligentTieringConfiguration });
    await s3.deleteBucketIntelligentTieringConfiguration({ Bucket, Id });
  });
}

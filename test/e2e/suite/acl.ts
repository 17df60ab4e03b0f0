import { expect } from "vitest";
import { refuses, room, text } from "../room.js";
import type { Target } from "../target.js";

const everybody = "http://acs.amazonaws.com/groups/global/AllUsers";

/** Access control lists, and that they do what they say. */
export function acl(target: Target): void {
  room(target, "acl", (room) => {
    const { s3 } = room;
    // Since 2023 a bucket of S3 has no ACLs unless it is made so.
    const owned = { ObjectOwnership: "ObjectWriter" } as const;
    let shared: Promise<string> | undefined;
    const bucket = () => {
      shared ??= room.bucket(owned);
      return shared;
    };

    room.capability("an object's owner has full control", async () => {
      const Bucket = await bucket();
      await s3.putObject({ Bucket, Key: "k", Body: "x" });
      const answer = await s3.getObjectAcl({ Bucket, Key: "k" });
      expect(answer.Owner?.ID).toEqual(expect.any(String));
      expect(answer.Grants).toHaveLength(1);
      expect(answer.Grants?.[0]).toMatchObject({
        Grantee: { Type: "CanonicalUser", ID: answer.Owner?.ID },
        Permission: "FULL_CONTROL",
      });
    });

    room.capability("public-read opens an object to strangers", async () => {
      const Bucket = await bucket();
      const anonymous = room.client({ credentials: "anonymous" });
      await s3.putObject({ Bucket, Key: "open", Body: "for all", ACL: "public-read" });
      expect(await text(anonymous.getObject({ Bucket, Key: "open" }))).toBe("for all");
      await s3.putObjectAcl({ Bucket, Key: "open", ACL: "private" });
      await refuses(anonymous.getObject({ Bucket, Key: "open" }), "AccessDenied", 403);
    });

    room.capability("grants written and read back", async () => {
      const Bucket = await bucket();
      await s3.putObject({ Bucket, Key: "grants", Body: "x" });
      const { Owner } = await s3.getObjectAcl({ Bucket, Key: "grants" });
      const ID = Owner?.ID ?? "";
      await s3.putObjectAcl({
        Bucket,
        Key: "grants",
        AccessControlPolicy: {
          Owner: { ID },
          Grants: [
            { Grantee: { Type: "CanonicalUser", ID }, Permission: "FULL_CONTROL" },
            { Grantee: { Type: "Group", URI: everybody }, Permission: "READ" },
          ],
        },
      });
      const { Grants } = await s3.getObjectAcl({ Bucket, Key: "grants" });
      expect(Grants).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            Grantee: expect.objectContaining({ Type: "CanonicalUser", ID }),
            Permission: "FULL_CONTROL",
          }),
          expect.objectContaining({
            Grantee: expect.objectContaining({ Type: "Group", URI: everybody }),
            Permission: "READ",
          }),
        ]),
      );
      expect(Grants).toHaveLength(2);
    });

    room.capability("a bucket's", async () => {
      const Bucket = await room.bucket(owned);
      const anonymous = room.client({ credentials: "anonymous" });
      await refuses(anonymous.listObjectsV2({ Bucket }), "AccessDenied", 403);
      await s3.putBucketAcl({ Bucket, ACL: "public-read" });
      const { Grants } = await s3.getBucketAcl({ Bucket });
      expect(Grants?.filter(({ Grantee }) => Grantee?.URI === everybody).map(({ Permission }) => Permission)).toEqual([
        "READ",
      ]);
      expect((await anonymous.listObjectsV2({ Bucket })).Contents).toEqual([]);
    });
  });
}

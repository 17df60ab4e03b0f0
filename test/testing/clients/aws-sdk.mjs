import assert from "node:assert/strict";
import { bytes, installHint, keys, packaged } from "./support.mjs";

const found = packaged("@aws-sdk/client-s3");
const storage = packaged("@aws-sdk/lib-storage");
const presigner = packaged("@aws-sdk/s3-request-presigner");

export const available = () => (found && storage && presigner ? { version: found.version } : { missing: installHint });

export async function run(server, check) {
  const sdk = found.module;
  const { url: endpoint, region, credentials } = server;
  const s3 = new sdk.S3({ endpoint, region, credentials, forcePathStyle: true });
  const Bucket = "river";

  await check("takes keys with anything in them", async () => {
    // Its own URL parser takes dots out of paths.
    const good = keys.filter((key) => !key.includes(".."));
    for (const Key of good) {
      await s3.putObject({ Bucket, Key, Body: Key });
      assert.equal(await (await s3.getObject({ Bucket, Key })).Body.transformToString(), Key);
    }
    const listed = [];
    for await (const page of sdk.paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket }))
      listed.push(...page.Contents.map((object) => object.Key));
    assert.deepEqual(listed.sort(), [...good].sort());
    const { Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects: good.map((Key) => ({ Key })) } });
    assert.equal(Errors, undefined);
  });
  await check("uploads a stream in parts, with every checksum", async () => {
    const Body = bytes(11 * 1024 * 1024 + 1);
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
      const params = { Bucket, Key: "large", Body, ChecksumAlgorithm };
      const done = await new storage.module.Upload({ client: s3, params, partSize: 5 * 1024 * 1024 }).done();
      assert.ok(done[`Checksum${ChecksumAlgorithm}`], `${ChecksumAlgorithm}: ${JSON.stringify(done)}`);
      const got = await s3.getObject({ Bucket, Key: "large", ChecksumMode: "ENABLED" });
      assert.ok(Buffer.from(await got.Body.transformToByteArray()).equals(Body));
    }
  });
  await check("reads errors", async () => {
    await assert.rejects(s3.getObject({ Bucket, Key: "not there" }), sdk.NoSuchKey);
    await assert.rejects(s3.headObject({ Bucket, Key: "not there" }), sdk.NotFound);
    await assert.rejects(
      s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }),
      sdk.BucketAlreadyOwnedByYou,
    );
    await assert.rejects(s3.getBucketPolicy({ Bucket }), { name: "NoSuchBucketPolicy" });
    const stranger = new sdk.S3({ endpoint, region, credentials: { ...credentials, secretAccessKey: "x" } });
    await assert.rejects(stranger.listBuckets({}), { name: "SignatureDoesNotMatch" });
    stranger.destroy();
  });
  await check("presigns", async () => {
    const { getSignedUrl } = presigner.module;
    const put = await getSignedUrl(s3, new sdk.PutObjectCommand({ Bucket, Key: "signed" }));
    assert.equal((await fetch(put, { method: "PUT", body: "presigned" })).status, 200);
    const get = await getSignedUrl(s3, new sdk.GetObjectCommand({ Bucket, Key: "signed" }));
    assert.equal(await (await fetch(get)).text(), "presigned");
  });
  await check("copies, tags, keeps versions", async () => {
    await s3.copyObject({
      Bucket,
      Key: "copy",
      CopySource: "river/signed",
      TaggingDirective: "REPLACE",
      Tagging: "a=b",
    });
    assert.deepEqual((await s3.getObjectTagging({ Bucket, Key: "copy" })).TagSet, [{ Key: "a", Value: "b" }]);
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId } = await s3.putObject({ Bucket, Key: "copy", Body: "new" });
    assert.equal((await s3.deleteObject({ Bucket, Key: "copy" })).DeleteMarker, true);
    const old = await s3.getObject({ Bucket, Key: "copy", VersionId });
    assert.equal(await old.Body.transformToString(), "new");
  });
  await check("waits out what goes wrong", async () => {
    const slow = server.fault({ operation: "HeadBucket", times: 2, status: 429 });
    await s3.headBucket({ Bucket });
    assert.equal(slow.hits, 2);
  });
  s3.destroy();
}

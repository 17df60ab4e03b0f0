import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { bytes, installHint, keys, packaged } from "./support.mjs";

const found = packaged("minio");

export const available = () => (found ? { version: found.version } : { missing: installHint });

const collect = async (stream) => Buffer.concat(await stream.toArray());

export async function run(server, check) {
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = server.credentials;
  const { hostname: endPoint, port } = new URL(server.url);
  const { Client } = found.module;
  const minio = new Client({
    endPoint,
    port: Number(port),
    useSSL: false,
    accessKey,
    secretKey,
    region: server.region,
  });

  await check("makes, lists and removes buckets", async () => {
    await minio.makeBucket("made-by-minio", server.region);
    assert.equal(await minio.bucketExists("made-by-minio"), true);
    assert.deepEqual(
      (await minio.listBuckets()).map(({ name }) => name),
      ["made-by-minio", "river"],
    );
    await minio.removeBucket("made-by-minio");
    assert.equal(await minio.bucketExists("made-by-minio"), false);
  });
  await check("takes keys with anything in them", async () => {
    // It sends the key as it stands in the header of a copy, and takes no dots.
    const good = keys.filter((key) => !key.includes(".."));
    for (const key of good) {
      await minio.putObject("river", key, key);
      assert.equal((await collect(await minio.getObject("river", key))).toString(), key);
    }
    const listed = (await minio.listObjectsV2("river", "", true).toArray()).map(({ name }) => name);
    assert.deepEqual(listed.sort(), [...good].sort());
    await minio.removeObjects("river", good);
    assert.deepEqual(await minio.listObjectsV2("river", "", true).toArray(), []);
  });
  await check("puts a stream in parts, with metadata", async () => {
    const data = bytes(11 * 1024 * 1024 + 1);
    minio.partSize = 5 * 1024 * 1024;
    await minio.putObject("river", "large", Readable.from([data]), undefined, { colour: "pink" });
    const stat = await minio.statObject("river", "large");
    assert.deepEqual([stat.size, stat.metaData.colour], [data.length, "pink"]);
    assert.ok((await collect(await minio.getObject("river", "large"))).equals(data));
    assert.ok((await collect(await minio.getPartialObject("river", "large", 5, 7))).equals(data.subarray(5, 12)));
  });
  await check("presigns, for forms too", async () => {
    const put = await minio.presignedPutObject("river", "signed");
    assert.equal((await fetch(put, { method: "PUT", body: "presigned" })).status, 200);
    assert.equal(await (await fetch(await minio.presignedGetObject("river", "signed"))).text(), "presigned");
    const policy = minio.newPostPolicy();
    policy.setBucket("river");
    policy.setKey("form");
    policy.setExpires(new Date(Date.now() + 60_000));
    const { postURL, formData } = await minio.presignedPostPolicy(policy);
    const form = new FormData();
    for (const [name, value] of Object.entries(formData)) form.append(name, value);
    form.append("file", new Blob(["by form"]));
    assert.equal((await fetch(postURL, { method: "POST", body: form })).status, 204);
    assert.equal((await collect(await minio.getObject("river", "form"))).toString(), "by form");
  });
  await check("tags objects, keeps policies and versions", async () => {
    await minio.setObjectTagging("river", "signed", { a: "b" });
    assert.deepEqual(await minio.getObjectTagging("river", "signed"), [{ Key: "a", Value: "b" }]);
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::river/*" }],
    });
    await minio.setBucketPolicy("river", policy);
    assert.equal(await minio.getBucketPolicy("river"), policy);
    assert.equal(await (await fetch(`${server.url}/river/signed`)).text(), "presigned");
    await minio.setBucketVersioning("river", { Status: "Enabled" });
    assert.deepEqual(await minio.getBucketVersioning("river"), { Status: "Enabled" });
  });
  await check("takes S3's 204 for the tags of a bucket for an error, though they are there", async () => {
    await assert.rejects(minio.setBucketTagging("river", { a: "b" }));
    assert.equal(server.requests.at(-1).statusCode, 204);
    assert.deepEqual(await minio.getBucketTagging("river"), [{ Key: "a", Value: "b" }]);
  });
}

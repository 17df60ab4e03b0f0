// S3Proxy over its store in memory, from Maven Central: one jar with all that it needs. Its stores on file systems take keys for paths,
// and by deleting the key `a/..` lose the bucket.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isKept, keep } from "./cache.mjs";
import { answers, credentials, freePort, onStage, run, which } from "./support.mjs";

export const name = "s3proxy";
const version = "3.1.0";
const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy";

export async function available() {
  const missing = (isKept(name, version) ? ["java"] : ["java", "mvn"]).filter(
    (command) => which(command) === undefined,
  );
  return missing.length === 0 ? undefined : `no ${missing.join(", ")}`;
}

function build(folder) {
  const artifact = `-Dartifact=org.gaul:s3proxy:${version}:jar:jar-with-dependencies`;
  // With --update-snapshots it asks again for what it could not get the last time.
  const quietly = ["--batch-mode", "--quiet", "--update-snapshots"];
  run("mvn", [...quietly, plugin, artifact, `-DoutputDirectory=${folder}`], { cwd: folder });
}

const jar = (folder) => join(folder, readdirSync(folder)[0]);

const properties = (port) => `
s3proxy.endpoint=http://127.0.0.1:${port}
s3proxy.virtual-host=localhost
s3proxy.authorization=aws-v4
s3proxy.identity=${credentials.accessKeyId}
s3proxy.credential=${credentials.secretAccessKey}
jclouds.provider=transient
`;

export async function start() {
  const home = keep(name, version, build, (folder) => run("java", ["-jar", jar(folder), "--version"]));
  return onStage(name, async (stage) => {
    const port = await freePort();
    const file = stage.path("s3proxy.conf");
    writeFileSync(file, properties(port));
    stage.spawn("java", ["-Xmx2g", "-jar", jar(home), "--properties", file]);
    // A host that is not beneath the virtual host is a bucket's name to it, so it is never called by its address.
    const endpoint = `http://localhost:${port}`;
    await stage.waitFor("the proxy answers", () => answers(endpoint));
    return { endpoint, virtualHostEndpoint: endpoint, region: "us-east-1", credentials, notes: version };
  });
}

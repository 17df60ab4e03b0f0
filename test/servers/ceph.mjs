// Ceph RADOS Gateway, from Debian's packages: one monitor, one OSD that keeps its objects in memory, one gateway, all on loopback.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { answers, aptInstall, canApt, credentials, freePort, onStage, runAsync, step, which } from "./support.mjs";

export const name = "ceph";
const packages = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"];
const commands = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool"];
const installed = () => commands.every((command) => which(command) !== undefined);

/** Undefined where the gateway can be started, else why not. */
export async function available() {
  if (installed() || canApt()) return undefined;
  return `no ${commands.filter((command) => which(command) === undefined).join(", ")}, and no root with apt-get to install ${packages.join(" ")}`;
}

export async function start() {
  if (!installed()) aptInstall(name, packages);
  return onStage(name, cluster);
}

const config = (folder, fsid, monitor, gateway) => `
[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitor}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = ${folder}/keyring
run dir = ${folder}
admin socket = ${folder}/$name.asok
log file = ${folder}/$name.log
crash dir = ${folder}
mon cluster log file = ${folder}/cluster.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon max pg per osd = 2000

[mon]
mon data = ${folder}/mon
mon initial members = a
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 1

[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *

[client]
rgw rados pool pg num min = 1
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw dns name = localhost
rgw crypt require ssl = false
rgw enable static website = true
rgw enable usage log = false
rgw enable ops log = false
rgw enable gc threads = true
rgw thread pool size = 64
rgw multipart min part size = 5242880
`;

async function cluster(stage) {
  const { folder } = stage;
  const [monitor, gateway] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const conf = stage.path("ceph.conf");
  writeFileSync(conf, config(folder, fsid, monitor, gateway));
  const ceph = (...args) => runAsync("ceph", ["-c", conf, "--connect-timeout", "20", ...args]);

  step(name, `monitor on 127.0.0.1:${monitor}`);
  stage.makeFolder("mon");
  const every = ["mon", "osd", "mgr", "mds"].flatMap((daemon) => ["--cap", daemon, "allow *"]);
  for (const entity of ["mon.", "osd.0", "client.admin", "client.rgw"]) {
    await runAsync("ceph-authtool", [
      stage.path("keyring"),
      ...(entity === "mon." ? ["--create-keyring"] : []),
      "--gen-key",
      "-n",
      entity,
      ...every,
    ]);
  }
  await runAsync("monmaptool", [
    "--create",
    "--clobber",
    "--fsid",
    fsid,
    "--addv",
    "a",
    `[v2:127.0.0.1:${monitor}]`,
    stage.path("monmap"),
  ]);
  await runAsync("ceph-mon", [
    "-c",
    conf,
    "--mkfs",
    "-i",
    "a",
    "--monmap",
    stage.path("monmap"),
    "--keyring",
    stage.path("keyring"),
  ]);
  stage.spawn("ceph-mon", ["-c", conf, "-i", "a", "-f"]);

  step(name, "object store in memory");
  const osd = randomUUID();
  const id = (await ceph("osd", "new", osd)).trim();
  stage.makeFolder("osd");
  await runAsync("ceph-osd", ["-c", conf, "-i", id, "--mkfs", "--osd-uuid", osd]);
  stage.spawn("ceph-osd", ["-c", conf, "-i", id, "-f"]);
  await stage.waitFor(
    "the object store is up",
    async () => JSON.parse(await ceph("osd", "stat", "-f", "json")).num_up_osds === 1,
  );

  step(name, `user and gateway on 127.0.0.1:${gateway}`);
  const { accessKeyId, secretAccessKey } = credentials;
  await runAsync("radosgw-admin", [
    "-c",
    conf,
    "user",
    "create",
    "--uid=tucuxi",
    "--display-name=Tucuxi",
    `--access-key=${accessKeyId}`,
    `--secret-key=${secretAccessKey}`,
  ]);
  stage.spawn("radosgw", ["-c", conf, "-n", "client.rgw", "-f"]);
  await stage.waitFor("the gateway answers", () => answers(`http://127.0.0.1:${gateway}/`));

  return {
    endpoint: `http://127.0.0.1:${gateway}`,
    virtualHostEndpoint: `http://localhost:${gateway}`,
    region: "default",
    credentials,
    notes: (await runAsync("radosgw", ["--version"])).trim().split(" ")[2],
  };
}

import { connect } from "node:net";
import { Agent, type buildConnector } from "undici";
import { expect } from "vitest";
import { room, text } from "../room.js";
import type { Target } from "../target.js";

/** The bucket in the path, and in the host name. */
export function addressing(target: Target): void {
  room(target, "addressing", (room) => {
    room.capability("the bucket in the path", async () => {
      const Bucket = await room.shared();
      const url = await room.s3.presign("getObject", { Bucket, Key: "a b" });
      expect(url.startsWith(`${target.options.endpoint}/${Bucket}/a%20b?`)).toBe(true);
    });

    const endpoint = target.virtualHostEndpoint;
    if (endpoint === undefined) return;
    room.capability("the bucket in the host name", async () => {
      const Bucket = await room.shared();
      const dispatcher = new Agent({ connect: loopback });
      const s3 = room.client({ endpoint, forcePathStyle: false, dispatcher });
      try {
        const url = await s3.presign("getObject", { Bucket, Key: "a b ü" });
        expect(url).toContain(`://${Bucket}.${new URL(endpoint).host}/a%20b%20%C3%BC?`);
        await s3.putObject({ Bucket, Key: "a b ü", Body: "by host" });
        expect(await text(s3.getObject({ Bucket, Key: "a b ü" }))).toBe("by host");
        expect((await s3.listObjectsV2({ Bucket })).Contents.map(({ Key }) => Key)).toEqual(["a b ü"]);
        expect(await text(room.s3.getObject({ Bucket, Key: "a b ü" }))).toBe("by host");
      } finally {
        await dispatcher.close();
      }
    });
  });
}

/** Connects to loopback whatever the name: not every resolver knows names beneath `localhost`. */
const loopback: buildConnector.connector = (options, callback) => {
  const socket = connect(Number(options.port), "127.0.0.1");
  socket.once("connect", () => callback(null, socket));
  socket.once("error", (error) => callback(error, null));
};

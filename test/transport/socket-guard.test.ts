import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { type Guarded, guardSocket } from "../../src/transport/socket-guard.js";

const lane = (): Guarded => ({
  awaiting: false,
  exchange: {},
  writeFailure: undefined,
  unsent: false,
  headPending() {},
  barren: 0,
  flooded() {},
});

describe("a guarded socket", () => {
  it("may write by way of its own _write: once the connection stands, or a list piece by piece", async () => {
    const arrived: string[] = [];
    let connected = false;
    // As Bun's socket does it.
    class Late extends Duplex {
      override _read(): void {}
      override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
        if (!connected) {
          this.once("connect", () => this._write(chunk, encoding, callback));
          return;
        }
        arrived.push(chunk.toString());
        setImmediate(callback);
      }
      override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
        this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "binary", callback);
      }
    }
    const socket = new Late();
    const guarded = lane();
    guardSocket(socket as unknown as Socket, guarded);
    socket.write("head ");
    socket.write("body ");
    socket.write("more");
    expect(guarded.unsent).toBe(true);
    connected = true;
    socket.emit("connect");
    await new Promise<void>((resolve) => socket.end(resolve));
    expect(arrived.join("")).toBe("head body more");
    expect(guarded.unsent).toBe(false);
  });
});

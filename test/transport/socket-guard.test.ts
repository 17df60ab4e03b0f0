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
  inBody: false,
  sendsPieces: false,
  lent: false,
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

  it("sends the pieces of a source together that are there together, and everything else at once", async () => {
    const sent: string[] = [];
    class Plain extends Duplex {
      override _read(): void {}
      override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
        sent.push(chunk.toString());
        callback();
      }
      override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
        sent.push(chunks.map(({ chunk }) => chunk).join("+"));
        callback();
      }
    }
    const socket = new Plain();
    const guarded = { ...lane(), sendsPieces: true };
    guardSocket(socket as unknown as Socket, guarded);
    // As undici writes each piece.
    const put = (piece: string): void => {
      socket.cork();
      socket.write(piece);
      socket.uncork();
    };
    put("line");
    await Promise.resolve();
    put("data");
    expect(sent).toEqual([]);
    await new Promise(setImmediate);
    expect(sent).toEqual(["line+data"]);
    put("last");
    guarded.sendsPieces = false;
    put("next");
    await new Promise(setImmediate);
    expect(sent).toEqual(["line+data", "last+next"]);
    put("alone");
    expect(sent.at(-1)).toBe("alone");
  });

  it("sends a head and a small body in one piece, a large one as it is", async () => {
    const sent: (string | Buffer)[][] = [];
    class Plain extends Duplex {
      constructor() {
        super({ decodeStrings: false });
      }
      override _read(): void {}
      override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
        sent.push([chunk]);
        callback();
      }
      override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
        sent.push(chunks.map(({ chunk }) => chunk));
        callback();
      }
    }
    const socket = new Plain();
    guardSocket(socket as unknown as Socket, lane());
    for (const size of [3, 20_000]) {
      socket.cork();
      socket.write("h\u00e9ad\r\n\r\n", "latin1");
      socket.write(Buffer.alloc(size, "b"));
      socket.uncork();
      await new Promise(setImmediate);
    }
    expect(sent[0]).toEqual([Buffer.from("h\u00e9ad\r\n\r\nbbb", "latin1")]);
    expect(sent[1]).toEqual(["h\u00e9ad\r\n\r\n", Buffer.alloc(20_000, "b")]);
  });

  it("may give as much as it likes at once, if there is something in it", () => {
    const chunks: Buffer[] = [];
    const socket = { _write() {}, read: () => chunks.shift() ?? null } as unknown as Socket;
    let floods = 0;
    const guarded: Guarded = { ...lane(), flooded: () => floods++ };
    guardSocket(socket, guarded);
    for (let turn = 0; turn < 3; turn += 1) {
      chunks.push(Buffer.alloc(1 << 20));
      expect(socket.read()).toHaveLength(1 << 20);
      // A byte of a body was found in it.
      guarded.barren = 0;
    }
    expect(floods).toBe(0);
    chunks.push(Buffer.alloc(1 << 20), Buffer.alloc(1));
    socket.read();
    expect(socket.read()).toBe(null);
    expect(floods).toBe(1);
  });
});

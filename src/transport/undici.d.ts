// The parts of undici we load by path, typed as far as we use them; undici's own types don't cover its inner files.
declare module "undici/lib/dispatcher/client.js" {
  interface Handler {
    onConnect(abort: (reason?: Error) => void): void;
    onResponseStarted(): void;
    onHeaders(status: number, headers: Buffer[] | string[], resume: () => void): boolean;
    onData(chunk: Buffer): boolean;
    onComplete(trailers: unknown): void;
    onError(error: Error): void;
    onBodySent(chunk: Uint8Array): void;
    onRequestSent(): void;
  }

  interface Target {
    protocol: string;
    hostname: string;
    port: string;
    servername: string | null;
  }

  interface Options {
    pipelining: number;
    headersTimeout: number;
    bodyTimeout: number;
    keepAliveTimeout: number;
    keepAliveMaxTimeout: number;
    keepAliveTimeoutThreshold: number;
    maxHeaderSize: number;
    connect(target: Target, callback: (error: Error | null, socket?: import("node:net").Socket) => void): void;
  }

  interface Request {
    path: string;
    method: string;
    headers: string[];
    body: string | Uint8Array | AsyncIterable<Uint8Array> | null | undefined;
    reset: boolean | undefined;
  }

  class Client {
    constructor(origin: string, options: Options);
    dispatch(request: Request, handler: Handler): boolean;
    destroy(error: Error | null, callback: () => void): void;
  }
  export default Client;
}

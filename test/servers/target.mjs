// What a long run goes against: the S3 in the box, a server of this folder, or an endpoint that is up already.
import { startServer } from "../runtimes/box.mjs";

/**
 * Starts the server called `name` ("box" where none is given), or takes `flags.endpoint` in `flags.region` with the environment's
 * keys. Gives its name, a client's options for it, and how to stop it; says why and ends the process where it can't be had.
 */
export async function startTarget(name = "box", { endpoint, region } = {}) {
  if (endpoint !== undefined) {
    return { name: "endpoint", options: { endpoint, ...(region ? { region } : {}) }, stop: async () => {} };
  }
  if (name === "box") {
    const { server, about } = await startServer();
    return { name, options: about, stop: async () => server.stdin.end() };
  }
  const module = await import(`./${name}.mjs`);
  const reason = await module.available();
  if (reason !== undefined) {
    console.error(`${name}: NOT RUN: ${reason}`);
    process.exit(1);
  }
  const { stop, ...started } = await module.start();
  const { endpoint: at, region: where, credentials } = started;
  return { name: `${name} ${started.notes}`, options: { endpoint: at, region: where, credentials }, stop };
}

// The end-to-end suite against the S3 in the box.
import { S3Server } from "tucuxi/testing";
import { afterAll } from "vitest";
import { suite } from "./suite/index.js";

const server = await S3Server.start({ region: "eu-central-1" });
afterAll(() => server.stop());

suite({
  name: "box",
  options: { endpoint: server.url, region: "eu-central-1", credentials: server.credentials },
  known: {},
});

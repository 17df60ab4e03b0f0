// An S3Server under Node, for clients in other processes. Says on its output where it is; ends when its input does.
import { S3Server } from "tucuxi/testing";

const server = await S3Server.start({ region: "eu-central-1" });
const { url: endpoint, region, credentials } = server;
console.log(JSON.stringify({ endpoint, region, credentials }));
process.stdin.resume().on("end", () => server.stop());

import { fileURLToPath } from "node:url";
import { environment, run as execute, version, withFolder } from "./support.mjs";

const program = fileURLToPath(new URL("boto3_suite.py", import.meta.url));

export const available = () =>
  version(
    "python3",
    ["-c", "import boto3; print(boto3.__version__)"],
    "python3 -m pip install boto3, or apt-get install python3-boto3",
  );

export async function run(server, _check, say) {
  await withFolder(async (folder) => {
    const out = await execute("python3", [program], { cwd: folder, env: environment(server, folder) });
    for (const line of out.trim().split("\n")) {
      const { name, error } = JSON.parse(line);
      say(name, error);
    }
  });
}

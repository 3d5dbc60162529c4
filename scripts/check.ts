// `npm run check`: formatting and lint, types, import boundaries. Runs them all and fails if one fails.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./dist.js";

const folders = ["src", "test", "scripts", "examples", "bench"].filter((folder) => existsSync(join(root, folder)));
const colors = process.stdout.isTTY ? [] : ["--colors=off"];
const steps: { name: string; args: string[] }[] = [
  { name: "format and lint", args: ["@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ...colors, "."] },
  { name: "types", args: ["typescript/bin/tsc", "-p", "tsconfig.json"] },
  { name: "boundaries", args: ["dependency-cruiser/bin/dependency-cruise.mjs", ...folders] },
];

const failed = steps.filter(({ name, args: [tool = "", ...args] }) => {
  console.log(`check: ${name}`);
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", tool), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return status !== 0;
});
if (failed.length > 0) {
  console.error(`check failed: ${failed.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
} else {
  console.log("check passed");
}

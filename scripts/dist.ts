// The build of dist/ from src/, shared by the build command and by tests that need the published form.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "src");
const dist = join(root, "dist");
const stamp = join(dist, ".built");
const settings = ["package.json", "tsconfig.json", "tsconfig.build.json"];
const outputSuffixes = /\.(d\.ts|js)$/;

/** Compiles and copies; false when TypeScript found errors (it has printed them). */
export function buildDist(): boolean {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const compiled = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  if (compiled.status !== 0) return false;
  const sources = listFiles(source);
  for (const file of sources) if (file.endsWith(".mjs")) copy(file);
  removeOrphans(new Set(sources));
  writeFileSync(stamp, "");
  return true;
}

/** Whether a source or a setting changed, or a source vanished, since the last successful build. */
export function isDistStale(): boolean {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const sources = listFiles(source);
  const inputs = [...settings.map((file) => join(root, file)), ...sources.map((file) => join(source, file))];
  return inputs.some((file) => statSync(file).mtimeMs > built) || findOrphans(new Set(sources)).length > 0;
}

function copy(file: string): void {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  copyFileSync(join(source, file), join(dist, file));
}

function findOrphans(sources: ReadonlySet<string>): string[] {
  return listFiles(dist).filter((file) => {
    if (file.endsWith(".mjs")) return !sources.has(file);
    return outputSuffixes.test(file) && !sources.has(file.replace(outputSuffixes, ".ts"));
  });
}

function removeOrphans(sources: ReadonlySet<string>): void {
  for (const file of findOrphans(sources)) rmSync(join(dist, file));
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

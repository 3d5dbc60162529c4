// What the example programs share: options of the command line and paths of files.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** True for the file that Node was started with, so that its functions can also be imported. */
export function isMain(url: string): boolean {
  return process.argv[1] === fileURLToPath(url);
}

/** Options of the command line, `--epochs 5`, with their defaults: numbers stay numbers. */
export function options<T extends Record<string, string | number>>(defaults: T): T {
  const names = Object.keys(defaults);
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
  const given = Object.entries(values).map(([name, value]) => {
    if (typeof defaults[name] !== "number") return [name, value];
    if (Number.isNaN(Number(value))) throw new Error(`--${name} takes a number, got ${value}`);
    return [name, Number(value)];
  });
  return { ...defaults, ...Object.fromEntries(given) };
}

/** The path of a file of `examples/data`. */
export function dataFile(name: string): string {
  return fileURLToPath(new URL(`data/${name}`, import.meta.url));
}

/** The text of a file of `examples/data`. */
export function readData(name: string): string {
  return readFileSync(dataFile(name), "utf8");
}

/** The path of a file in a folder for results, which is made. */
export function resultFile(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true });
  console.log(`${name} is in ${folder}`);
  return join(folder, name);
}

/** The path of a file that fetch-weights.sh fetched. */
export function weightsFile(name: string): string {
  const file = fileURLToPath(new URL(`weights/${name}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`${file} is not there: run bash examples/fetch-weights.sh first`);
  return file;
}

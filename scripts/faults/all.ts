// All faults, and the sources with one of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../dist.js";
import { compilerFaults } from "./compiler.js";
import type { Fault } from "./fault.js";
import { modellingFaults } from "./modelling.js";
import { operationFaults } from "./operations.js";
import { tensorFaults } from "./tensors.js";

export const faults: readonly Fault[] = [...compilerFaults, ...operationFaults, ...tensorFaults, ...modellingFaults];

/** The text of the file with the fault in it. */
export function withFault({ name, file, find, replace }: Fault): string {
  const text = readFileSync(join(root, file), "utf8");
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`fault "${name}": its text occurs ${count} times in ${file}, must occur once`);
  return text.replace(find, () => replace);
}

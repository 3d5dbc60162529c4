// `gradus info`: what Gradus finds on this machine.
import { availableParallelism, cpus } from "node:os";
import { fashionMnist, mnist } from "../data/index.js";
import { gpu, targetName, targetStatus, threadCount } from "../index.js";
import { describeError } from "./errors.js";
import { type DataName, dataSets } from "./train-options.js";

export async function printInfo(version: string): Promise<void> {
  const target = targetName();
  const status = targetStatus();
  const lack = status.find(({ name }) => name === target)?.reason;
  const rows: [name: string, value: string][] = [
    ["gradus", version],
    ["node", `${process.versions.node} on ${process.platform}-${process.arch}`],
    ["cpu", `${cpus()[0]?.model.trim() || "unknown"}, ${availableParallelism()} cores`],
    ["gpu", (await gpu.isAvailable()) ? "available" : `not available: ${await gpu.unavailableReason()}`],
    [
      "target",
      `${target} (${chosenBy("GRADUS_TARGET", "the best there is")})${lack ? `, not available: ${lack}` : ""}`,
    ],
    ...status.map(({ name, reason }): [string, string] => [
      `  ${name}`,
      reason === null ? "available" : `not available: ${reason}`,
    ]),
    ["threads", `${threadCount()} (${chosenBy("GRADUS_THREADS", "the cores")})`],
  ];
  for (const name of dataSets) rows.push([name, await locate(name)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

/** Why a setting is what it is. */
function chosenBy(variable: string, otherwise: string): string {
  return process.env[variable] ? variable : otherwise;
}

/** Where a data set's files are; never downloads them. */
async function locate(name: DataName): Promise<string> {
  try {
    const { location } = await (name === "mnist" ? mnist : fashionMnist)({ train: false, download: false });
    return location;
  } catch (error) {
    return describeError(error).replace(/^error: (\w+: )?/, "");
  }
}

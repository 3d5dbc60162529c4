// Names the machine that numbers were measured on.
import { availableParallelism, cpus } from "node:os";

/** `AMD EPYC 9R14, 2 cores, Node 20.20.2`. */
export function describeMachine(): string {
  const model =
    cpus()[0]
      ?.model.replace(/\((R|TM)\)|\bProcessor\b/g, "")
      .replace(/\s+/g, " ")
      .trim() || "unknown CPU";
  const cores = availableParallelism();
  return `${model}, ${cores} ${cores === 1 ? "core" : "cores"}, Node ${process.versions.node}`;
}

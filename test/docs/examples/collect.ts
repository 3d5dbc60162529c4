// All examples that users read: those of the public docstrings, and the blocks of code in README.md and docs/.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type ts from "typescript";
import { root } from "../../../scripts/dist.js";
import { entryPoints, fencedBlocks, publicSymbols } from "../../../scripts/docs/public-symbols.js";

export interface Example {
  /** Where it stands: `src/nn/linear.ts:25`, `README.md, block 2`. */
  readonly place: string;
  /** The entry point whose names it means where several have a name. */
  readonly entry: string;
  readonly code: string;
}

export function docstringExamples(program: ts.Program): Example[] {
  return publicSymbols(entryPoints(), program).flatMap(({ name, place, examples }) =>
    examples.map((code) => ({ place, entry: name.split(" ")[0] as string, code })),
  );
}

/** The README's first program is examples/mnist.ts to the letter, which test/package runs. */
export function pageExamples(): Example[] {
  const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => join("docs", name))];
  return pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) =>
      fencedBlocks(readFileSync(join(root, page), "utf8")).map((code, i) => ({
        place: `${basename(page)}, block ${i + 1}`,
        entry: "gradus",
        code,
      })),
    )
    .filter(({ code }) => code !== readFileSync(join(root, "examples/mnist.ts"), "utf8"));
}

// Docstrings name what wrong values of right types draw, for every function of tensors.
import * as gradus from "gradus";
import * as linalg from "gradus/linalg";
import * as functional from "gradus/nn/functional";
import type ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentedErrors } from "../../scripts/docs/contracts.js";
import { entryPoints, programOf } from "../../scripts/docs/public-symbols.js";
import { quietly } from "../../src/tensor/pending.js";
import { Draws, Undrawable } from "./wrong-calls.js";

type Call = (...args: unknown[]) => unknown;

/** Most wrong values turn up in so few; more make the test slow. */
const CALLS = 30;

/** Functions that change how all others compute, and those that throw later. */
const leftOut = ["setTarget", "setThreads", "manualSeed", "seed", "setGradEnabled", "ready"];

const spaces: Record<string, Readonly<Record<string, unknown>>> = {
  gradus: { ...gradus },
  "gradus/nn/functional": { ...functional },
  "gradus/linalg": { ...linalg },
};

/** What calls draw that the docstring does not say. */
class Findings {
  readonly list: string[] = [];
  calls = 0;

  constructor(readonly checker: ts.TypeChecker) {}

  add(name: string, symbol: ts.Symbol, at: ts.Node, call: (args: unknown[], draws: Draws) => unknown, own: string[]) {
    const signatures = this.checker.getTypeOfSymbolAtLocation(symbol, at).getCallSignatures();
    const documented = documentedErrors(symbol, this.checker);
    const draws = new Draws(
      this.checker,
      [...name].reduce((hash, c) => Math.imul(hash, 31) + c.charCodeAt(0), 7),
    );
    for (let i = 0; i < CALLS && signatures.length > 0; i++) {
      try {
        const args = draws.call(signatures, at);
        quietly(() => call(args, draws)); // nothing stays pending, whose errors later calls would throw
        this.calls++;
      } catch (error) {
        if (error instanceof Undrawable) return;
        this.calls++;
        const problem = problemOf(error as Error, documented, own);
        if (problem) this.list.push(`${name}: ${problem}`);
      }
    }
  }
}

function problemOf(error: Error, documented: readonly string[], own: readonly string[]): string | null {
  if (!(error instanceof gradus.GradusError) || error instanceof gradus.InternalError) return `throws ${error}`;
  // Composed of others and not renamed: these say it themselves.
  if (error.op !== undefined && !own.includes(error.op)) return null;
  return documented.includes(error.name) ? null : `throws ${error.name}: ${error.message}, and does not say so`;
}

describe("wrong calls", () => {
  let before: string;
  beforeAll(() => {
    before = gradus.setTarget("reference");
  });
  afterAll(() => void gradus.setTarget(before));

  it("given wrong values of right types, functions throw what their docstrings say", { timeout: 120_000 }, () => {
    const program = programOf(entryPoints());
    const findings = new Findings(program.getTypeChecker());
    const { checker } = findings;
    const seen = new Set<unknown>();
    for (const [entry, space] of Object.entries(spaces)) {
      const source = program.getSourceFile(entryPoints()[entry] as string) as ts.SourceFile;
      for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol)) {
        const call = space[exported.name];
        const symbol = checker.getAliasedSymbol(exported);
        const at = symbol.valueDeclaration;
        if (typeof call !== "function" || !at || leftOut.includes(exported.name) || seen.has(call)) continue;
        seen.add(call);
        const own = [symbol.name, ...Object.keys(space).filter((name) => space[name] === call)];
        findings.add(`${entry} ${exported.name}`, symbol, at, (args) => (call as Call)(...args), own);
      }
    }

    expect(findings.calls).toBeGreaterThan(10_000);
    expect(findings.list).toEqual([]);
  });

  it("given wrong values of right types, in-place methods throw what their docstrings say", {
    timeout: 120_000,
  }, () => {
    const program = programOf(entryPoints());
    const findings = new Findings(program.getTypeChecker());
    const { checker } = findings;
    const source = program.getSourceFile(entryPoints().gradus as string) as ts.SourceFile;
    const exports = checker.getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol);
    const exported = exports.find(({ name }) => name === "Tensor") as ts.Symbol;
    const type = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(exported));
    for (const method of checker.getPropertiesOfType(type)) {
      if (!method.name.endsWith("_")) continue;
      const call = (args: unknown[], draws: Draws) => {
        const x = draws.tensor().clone() as unknown as Record<string, Call>;
        return (x[method.name] as Call).call(x, ...args);
      };
      const at = method.declarations?.[0] as ts.Declaration;
      findings.add(`Tensor.${method.name}`, method, at, call, [method.name]);
    }

    expect(findings.calls).toBeGreaterThan(3000);
    expect(findings.list).toEqual([]);
  });
});

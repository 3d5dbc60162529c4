// Runs the module of an example, and compares what its lines give with the values that their comments say.
import { createRequire } from "node:module";
import { Tensor } from "gradus";
import ts from "typescript";

/** Modules by the names that examples import them under. */
export type Modules = Readonly<Record<string, unknown>>;

export interface Outcome {
  /** Values that comments say and that were compared. */
  readonly compared: number;
  readonly problems: readonly string[];
}

export async function run(text: string, modules: Modules, url: string): Promise<Outcome> {
  const problems: string[] = [];
  let compared = 0;
  const said = (value: unknown, comment: string): unknown => {
    const expected = parsed(comment);
    compared++;
    const shown = plain(value);
    if (!isClose(shown, expected)) problems.push(`gives ${JSON.stringify(shown)}, not ${comment}`);
    return value;
  };
  const { outputText } = ts.transpileModule(withComparisons(text).replaceAll("import.meta", "importMeta"), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  const find = (name: string) => modules[name] ?? createRequire(import.meta.url)(name);
  const exports: { example?: () => Promise<void> } = {};
  const silent = { log: () => {} };
  try {
    new Function("require", "exports", "importMeta", "console", "said", outputText)(
      find,
      exports,
      { url },
      silent,
      said,
    );
    await exports.example?.();
  } catch (error) {
    problems.push(`throws ${error}`);
  }
  return { compared, problems };
}

/** `f(x); // 3` becomes `said(f(x), "3");`, `console.log(f(x)); // 3` likewise. */
function withComparisons(text: string): string {
  const source = ts.createSourceFile("example.ts", text, ts.ScriptTarget.Latest, true);
  const edits: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node)) {
      const comment = /^[ \t]*;?[ \t]*\/\/ *(.*)/.exec(text.slice(node.end))?.[1];
      const value = comment === undefined ? null : valueIn(comment);
      const expression = shownBy(node.expression);
      if (value !== null) {
        edits.push({ at: expression.getStart(), text: "said(" });
        edits.push({ at: expression.end, text: `, ${JSON.stringify(value)})` });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return edits.sort((a, b) => b.at - a.at).reduce((all, { at, text }) => all.slice(0, at) + text + all.slice(at), text);
}

function shownBy(expression: ts.Expression): ts.Expression {
  const isLog = ts.isCallExpression(expression) && expression.expression.getText() === "console.log";
  return isLog ? (expression.arguments[0] as ts.Expression) : expression;
}

/** The value that a comment begins with, before words; null if it says none. */
export function valueIn(comment: string): string | null {
  for (let end = comment.length; end > 0; end--) {
    const part = comment.slice(0, end).trim();
    const isWhole = end === comment.length || /^[,;:]? /.test(comment.slice(end));
    if (isWhole && parsed(part) !== undefined) return part;
  }
  return null;
}

/** JSON, with `tensor([1])` for `[1]`; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replaceAll(/tensor\((\[.*?\])\)/g, "$1"));
  } catch {
    return undefined;
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Tensor) return plain(value.toArray());
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "bigint" ? Number(value) : value;
}

function isClose(actual: unknown, expected: unknown): boolean {
  if (typeof actual === "number" && typeof expected === "number")
    return Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)); // float32 of short numbers
  if (!Array.isArray(actual) || !Array.isArray(expected)) return actual === expected;
  return actual.length === expected.length && actual.every((item, i) => isClose(item, expected[i]));
}

// An example shows the lines that matter: names of the package stand without their imports, and `model` or `images` are whatever the
// reader has. Here it becomes a module, with imports and values of test/docs/examples/given.ts for those names.
import { join } from "node:path";
import ts from "typescript";
import { root } from "../../../scripts/dist.js";
import { entryPoints } from "../../../scripts/docs/public-symbols.js";
import type { Example } from "./collect.js";

/** Where the modules would lie if they were files. */
export const folder = join(root, "test/docs/examples");

/** Modules that examples call by a name of their own. */
const namespaces: Readonly<Record<string, string>> = {
  func: "gradus/func",
  nn: "gradus/nn",
  optim: "gradus/optim",
  readline: "node:readline",
};
const ofNode: Readonly<Record<string, string>> = { createReadStream: "node:fs", writeFileSync: "node:fs" };

/** What the entry points export: name → entry → whether it is a value too. */
export type Exports = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

export function exportsOf(program: ts.Program): Exports {
  const checker = program.getTypeChecker();
  const found = new Map<string, Map<string, boolean>>();
  for (const [entry, file] of Object.entries(entryPoints())) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile) as ts.Symbol;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const entries = found.get(exported.name) ?? new Map<string, boolean>();
      found.set(exported.name, entries.set(entry, (symbol.flags & ts.SymbolFlags.Value) !== 0));
    }
  }
  return found;
}

/** The example as the body of a function of a module that has all it names. Its own declarations hide what is not meant. */
export function moduleOf({ code, entry }: Example, exports: Exports, given: readonly string[]): string {
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  const imports = source.statements.filter(ts.isImportDeclaration);
  const isImported = (name: string) =>
    imports.some((statement) => new RegExp(`\\b${name}\\b`).test(statement.getText()));
  const header = [...namesIn(source)]
    .filter((name) => !isImported(name))
    .flatMap((name) => declared(name, entry, exports, given));
  const body = code.slice(imports.at(-1)?.end ?? 0);
  return [
    ...imports.map((statement) => statement.getText()),
    `import { given } from "./given.js";`,
    ...header,
    "export async function example() {",
    body,
    "}",
  ].join("\n");
}

function declared(name: string, entry: string, exports: Exports, given: readonly string[]): string[] {
  if (name in namespaces) return [`import * as ${name} from "${namespaces[name]}";`];
  if (name in ofNode) return [`import { ${name} } from "${ofNode[name]}";`];
  if (given.includes(name)) return [`const ${name} = given.${name}();`];
  const entries = exports.get(name);
  if (!entries) return [];
  const from = entries.has(entry) ? entry : ([...entries.keys()][0] as string);
  return [`import { ${entries.get(from) ? "" : "type "}${name} } from "${from}";`];
}

/** Names that stand alone: no member's and no key's. */
function namesIn(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
      const isKey = (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node;
      if (!isMember && !isKey) names.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** What the compiler says against the modules, by their place. */
export function typeErrors(modules: ReadonlyMap<string, string>, before: ts.Program): string[] {
  const files = new Map([...modules].map(([place, text], i) => [join(folder, `example-${i}.ts`), { place, text }]));
  // Users' projects need not check indices.
  const options: ts.CompilerOptions = { ...before.getCompilerOptions(), noUncheckedIndexedAccess: false };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file)?.text ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(file)?.text;
    if (text !== undefined) return ts.createSourceFile(file, text, version, true);
    return before.getSourceFile(file) ?? getSourceFile(file, version, ...rest);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([file, { place }]) => {
    const source = program.getSourceFile(file) as ts.SourceFile;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
  });
}

// What the package shows to its users, found with the TypeScript compiler: every export of every entry point with its
// members, whether an editor has a text to show for it, and whether its type has holes (`any`).
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import ts from "typescript";
import { root } from "../dist.js";
import { contractGaps, documentedErrors } from "./contracts.js";

/** A name users can write: `gradus/nn Linear.weight`. */
export interface PublicSymbol {
  readonly name: string;
  /** `src/nn/linear.ts:12`. */
  readonly place: string;
  readonly isDocumented: boolean;
  /** The type has an `any` in it that users would meet. */
  readonly hasAny: boolean;
  /** What its docstring does not say of shapes and errors. */
  readonly gaps: readonly string[];
  /** The error classes its own docstring names, without those it inherits. */
  readonly errors: readonly string[];
  /** The code that its own docstring shows: of `@example`, and blocks between fences. */
  readonly examples: readonly string[];
}

/** Source files of the entry points, by the name they are imported under. */
export function entryPoints(): Record<string, string> {
  const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
    name: string;
    exports: Record<string, string | { default: string }>;
  };
  const entries: Record<string, string> = {};
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target === "string") continue; // package.json itself
    entries[name + path.slice(1)] = root + target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts");
  }
  return entries;
}

/** The compiler's view of the given entry points, with the settings of tsconfig.json. */
export function programOf(entries: Record<string, string>): ts.Program {
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
  return ts.createProgram(Object.values(entries), ts.parseJsonConfigFileContent(config, ts.sys, root).options);
}

/** All public symbols, each once, under the first entry that has it. */
export function publicSymbols(entries: Record<string, string>, program = programOf(entries)): PublicSymbol[] {
  const walker = new Walker(program.getTypeChecker());
  for (const [entry, file] of Object.entries(entries)) {
    const source = program.getSourceFile(file);
    const module = source && walker.checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${entry}: ${file} is no module`);
    walker.exportsOf(module, `${entry} `);
  }
  walker.referredTypes();
  return walker.found;
}

class Walker {
  readonly found: PublicSymbol[] = [];
  readonly #seen = new Set<ts.Symbol>();
  /** Types of our own that public signatures name. */
  readonly #referred = new Set<ts.Symbol>();

  constructor(readonly checker: ts.TypeChecker) {}

  exportsOf(module: ts.Symbol, prefix: string): void {
    for (const exported of this.checker.getExportsOfModule(module)) {
      const isAlias = exported.flags & ts.SymbolFlags.Alias;
      const symbol = isAlias ? this.checker.getAliasedSymbol(exported) : exported;
      if (this.#seen.has(symbol)) continue;
      this.#seen.add(symbol);
      if (symbol.flags & ts.SymbolFlags.ValueModule) this.exportsOf(symbol, `${prefix}${exported.name}.`);
      else this.#visit(symbol, prefix + exported.name);
    }
  }

  /** Options and results that are not exported themselves: users see their members all the same. */
  referredTypes(): void {
    for (const symbol of this.#referred) {
      if (this.#seen.has(symbol) || symbol.declarations?.every((d) => isOutside(d) || isBelow(d))) continue;
      this.#seen.add(symbol);
      for (const member of this.#members(symbol)) this.#note(member, `(type) ${symbol.name}.${member.name}`);
    }
  }

  #visit(symbol: ts.Symbol, name: string): void {
    this.#note(symbol, name);
    for (const member of this.#members(symbol)) this.#note(member, `${name}.${member.name}`);
  }

  #note(symbol: ts.Symbol, name: string): void {
    const declaration = symbol.declarations?.find((d) => !isOutside(d));
    if (!declaration) return;
    const source = declaration.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(declaration.getStart());
    this.found.push({
      name,
      place: `${relative(root, source.fileName)}:${line + 1}`,
      // What an editor shows: members without a text of their own have that of what they override.
      isDocumented: symbol.getDocumentationComment(this.checker).length > 0,
      hasAny: this.#typesOf(symbol, declaration).filter((type) => this.#hasAny(type)).length > 0,
      gaps: contractGaps(symbol, declaration, this.checker),
      errors: hasOwnText(symbol) ? documentedErrors(symbol, this.checker) : [],
      examples: hasOwnText(symbol) ? examplesOf(symbol, this.checker) : [],
    });
  }

  /**
   * Looks through unions, type arguments, functions and literal object types. Named types are looked at where they are declared:
   * those that are not exported are noted for `referredTypes`.
   */
  #hasAny(type: ts.Type, above: readonly ts.Type[] = []): boolean {
    if (type.flags & ts.TypeFlags.Any) return true;
    if (above.includes(type)) return false;
    const some = (parts: readonly ts.Type[]) => parts.filter((part) => this.#hasAny(part, [...above, type])).length > 0;
    if (type.isUnionOrIntersection()) return some(type.types);
    if (!(type.flags & ts.TypeFlags.Object)) return false;
    if ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) {
      if (type.symbol?.flags & ts.SymbolFlags.Interface) this.#referred.add(type.symbol);
      return some(givenArguments(type as ts.TypeReference, this.checker));
    }
    if (type.symbol?.flags & ts.SymbolFlags.Interface) this.#referred.add(type.symbol);
    if (!isAnonymous(type)) return false;
    const signatures = [...type.getCallSignatures(), ...type.getConstructSignatures()];
    const inSignatures = signatures.flatMap((s) => [...parameterTypes(s, this.checker), s.getReturnType()]);
    return some([
      ...inSignatures,
      ...this.checker.getPropertiesOfType(type).map((p) => this.checker.getTypeOfSymbol(p)),
    ]);
  }

  #typesOf(symbol: ts.Symbol, declaration: ts.Declaration): ts.Type[] {
    if (symbol.flags & ts.SymbolFlags.Class) {
      // The class itself is a value: its constructors. What it inherits is checked where it is declared.
      const type = this.checker.getTypeOfSymbolAtLocation(symbol, declaration);
      const signatures = type.getConstructSignatures().filter((s) => !s.declaration || !isInternal(s.declaration));
      return signatures.flatMap((s) => parameterTypes(s, this.checker));
    }
    const types: ts.Type[] = [];
    if (symbol.flags & ts.SymbolFlags.TypeAlias) types.push(this.checker.getDeclaredTypeOfSymbol(symbol));
    if (symbol.flags & ts.SymbolFlags.Value) types.push(this.checker.getTypeOfSymbolAtLocation(symbol, declaration));
    return types;
  }

  /** Members that are the symbol's own, or that come to it by a mapped type (as Tensor's methods do). */
  #members(symbol: ts.Symbol): ts.Symbol[] {
    const { flags } = symbol;
    if (flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) {
      const instance = this.checker.getDeclaredTypeOfSymbol(symbol);
      const base = this.checker
        .getBaseTypes(instance as ts.InterfaceType)
        .filter((type) => type.symbol?.flags & ts.SymbolFlags.Class);
      const isInherited = (p: ts.Symbol) =>
        base.some((type) => isSame(this.checker.getPropertyOfType(type, p.name), p));
      const own = this.checker.getPropertiesOfType(instance).filter((p) => !isInherited(p));
      const statics = [...(symbol.exports?.values() ?? [])].filter((s) => s.name !== "prototype");
      return [...own, ...statics].filter(isPublic);
    }
    if (flags & ts.SymbolFlags.TypeAlias) {
      const type = this.checker.getDeclaredTypeOfSymbol(symbol);
      return isAnonymous(type) ? this.checker.getPropertiesOfType(type).filter(isPublic) : [];
    }
    const declaration = symbol.valueDeclaration;
    if (flags & ts.SymbolFlags.Variable && declaration) {
      const type = this.checker.getTypeOfSymbolAtLocation(symbol, declaration);
      return isAnonymous(type) ? this.checker.getPropertiesOfType(type).filter(isPublic) : [];
    }
    return [];
  }
}

/** A docstring of its own, not that of what it overrides. */
function hasOwnText(symbol: ts.Symbol): boolean {
  return symbol.declarations?.some((d) => ts.getJSDocCommentsAndTags(d).length > 0) ?? false;
}

function examplesOf(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === "example");
  return [...fencedBlocks(text), ...tags.map((tag) => ts.displayPartsToString(tag.text))];
}

/** The code between fences of a page or docstring, where it is TypeScript or JavaScript. */
export function fencedBlocks(text: string): string[] {
  return [...text.matchAll(/^```(?:ts|js|typescript|javascript)\n(.*?)^```/gms)].map((match) => match[1] as string);
}

function isOutside(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.includes("/node_modules/");
}

/** Of the layers below the API, which a profile's kernels lead to. */
function isBelow(declaration: ts.Declaration): boolean {
  return /\/src\/(graph|compiler|ir|targets)\//.test(declaration.getSourceFile().fileName);
}

/** Mapped types make symbols of their own, so members are the same when they are declared at one place. */
function isSame(a: ts.Symbol | undefined, b: ts.Symbol): boolean {
  return a?.declarations?.[0] === b.declarations?.[0];
}

function isPublic(member: ts.Symbol): boolean {
  // The compiler's names for members named by symbols, and private fields.
  if (/^(__[@#]|#)/.test(member.name)) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const declarations = member.declarations ?? [];
  return declarations.some((d) => !isOutside(d) && !(ts.getCombinedModifierFlags(d) & hidden) && !isInternal(d));
}

function isInternal(declaration: ts.Node): boolean {
  return ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === "internal");
}

/** An object type that is spelled out in place, so that its members are nobody else's. */
function isAnonymous(type: ts.Type): boolean {
  const isObject = type.flags & ts.TypeFlags.Object;
  return Boolean(isObject && (type as ts.ObjectType).objectFlags & ts.ObjectFlags.Anonymous);
}

function parameterTypes(signature: ts.Signature, checker: ts.TypeChecker): ts.Type[] {
  return signature.parameters.map((p) => checker.getTypeOfSymbol(p));
}

/** Type arguments without those that are their parameter's default: `Iterable<T>` of the standard library has an `any` there. */
function givenArguments(type: ts.TypeReference, checker: ts.TypeChecker): ts.Type[] {
  const parameters = type.target.typeParameters ?? [];
  return checker.getTypeArguments(type).filter((argument, i) => argument !== parameters[i]?.getDefault());
}

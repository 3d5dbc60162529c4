// Values drawn for the types of a function's parameters: most calls with them are wrong in some way, and what they throw is compared
// with the function's docstring.
import { type Tensor, tensor } from "gradus";
import ts from "typescript";

/** The type has parts that no value is made for here: functions, generators. */
export class Undrawable extends Error {}

const shapes = [[], [3], [2, 3], [3, 3], [2, 3, 4], [1, 2, 4, 4], [2, 2, 3, 3, 3], [0, 3], [4]];
const numbers = [-7, -1, -1, 0, 0, 1, 1, 2, 3, 7, 1.5, 0.5];
const texts = ["abc", "ij,jk->ik", "ii->i"];
const lengths = [0, 1, 2, 2, 3, 4];

const shared = new Map<string, Tensor>();

/** Whole numbers from -1 to 3, and a half more for floats; kind 0 is bool, 1 to 3 integers and float64, the others float32. */
function made(shape: readonly number[], kind: number): Tensor {
  const size = shape.reduce((n, length) => n * length, 1);
  const values = Array.from({ length: size }, (_, i) => ((i * 7) % 5) - 1);
  if (kind === 0) return tensor(values.map((x) => x > 0)).reshape([...shape]);
  const dtype = (["int32", "int64", "float64"] as const)[kind - 1] ?? "float32";
  return tensor(dtype.startsWith("int") ? values : values.map((x) => x + 0.5), { dtype }).reshape([...shape]);
}

/** Draws arguments, the same ones for the same seed. */
export class Draws {
  #state: number;
  /** The shape that most tensors of a call have. */
  #shape: readonly number[] = [];

  constructor(
    readonly checker: ts.TypeChecker,
    seed: number,
  ) {
    this.#state = seed >>> 0;
  }

  /** Arguments for one of the signatures; optional ones are left out now and then. */
  call(signatures: readonly ts.Signature[], at: ts.Node): unknown[] {
    this.#shape = this.#pick(shapes);
    const args: unknown[] = [];
    for (const parameter of this.#pick(signatures).parameters) {
      const declaration = parameter.valueDeclaration as ts.ParameterDeclaration | undefined;
      if (parameter.name === "surplus") continue;
      const isOptional = declaration?.questionToken !== undefined || declaration?.initializer !== undefined;
      if (isOptional && this.#below(3) === 0) break;
      const value = this.#value(this.checker.getTypeOfSymbolAtLocation(parameter, at), 0);
      if (declaration?.dotDotDotToken) args.push(...(value as unknown[]));
      else args.push(value);
    }
    return args;
  }

  #below(n: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * n);
  }

  #pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Undrawable("a choice of nothing");
    return list[this.#below(list.length)] as T;
  }

  /** One of the tensors that all calls share. */
  tensor(): Tensor {
    const shape = this.#below(3) > 0 ? this.#shape : this.#pick(shapes);
    const kind = this.#below(8);
    const key = `${shape} ${Math.min(kind, 4)}`;
    const known = shared.get(key) ?? made(shape, kind);
    shared.set(key, known);
    return known;
  }

  #value(type: ts.Type, depth: number): unknown {
    if (depth > 6) throw new Undrawable("too deep");
    const inner = (part: ts.Type) => this.#value(part, depth + 1);
    if (type.isUnion()) return inner(this.#pick(type.types.filter(isDrawable)));
    if (type.isStringLiteral() || type.isNumberLiteral()) return type.value;
    if (type.flags & ts.TypeFlags.BooleanLiteral) return this.checker.typeToString(type) === "true";
    if (type.flags & ts.TypeFlags.Undefined) return undefined;
    if (type.flags & ts.TypeFlags.Null) return null;
    if (type.flags & ts.TypeFlags.Number) return this.#pick(numbers);
    if (type.flags & ts.TypeFlags.String) return this.#pick(texts);
    if (type.isIntersection()) return Object.assign({}, ...type.types.map(inner));
    if (!(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) {
      throw new Undrawable(this.checker.typeToString(type));
    }
    return this.#object(type, inner);
  }

  #object(type: ts.Type, inner: (part: ts.Type) => unknown): unknown {
    const name = type.symbol?.name;
    if (name === "Tensor") return this.tensor();
    if (name === "Generator") return undefined;
    const parts = () => this.checker.getTypeArguments(type as ts.TypeReference);
    if (this.checker.isTupleType(type)) return parts().map(inner);
    if (name === "Array" || name === "ReadonlyArray") {
      return Array.from({ length: this.#pick(lengths) }, () => inner(parts()[0] as ts.Type));
    }
    const isForeign = type.symbol?.declarations?.[0]?.getSourceFile().fileName.includes("/node_modules/");
    if (isForeign && name !== "__type") throw new Undrawable(String(name));
    const options: Record<string, unknown> = {};
    for (const property of this.checker.getPropertiesOfType(type)) {
      if (property.flags & ts.SymbolFlags.Optional && this.#below(2) === 0) continue;
      const value = inner(this.checker.getTypeOfSymbol(property));
      if (value !== undefined) options[property.name] = value;
    }
    return options;
  }
}

/** bigint, typed arrays and generators have siblings in their unions that are drawn. */
function isDrawable(type: ts.Type): boolean {
  const name = type.symbol?.name ?? "";
  if (type.flags & ts.TypeFlags.BigIntLike || name === "Generator") return false;
  return !/Array$/.test(name) || name === "Array" || name === "ReadonlyArray";
}

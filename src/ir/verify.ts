// Checks that a kernel is well formed. A pass that breaks the IR is found here, not as wrong code.
import { InternalError, isHalf, itemSize } from "../base/index.js";
import { actualBuffer } from "./arguments.js";
import { children, scalarOf } from "./expr.js";
import { isMathFunction } from "./math/index.js";
import { describeBuffer, describeType, printExpr, printStmt } from "./print.js";
import type { Binary, BinaryOp, Buffer, Const, Expr, Kernel, Load, Scalar, Stmt, Unary, Var } from "./types.js";

export interface VerifyOptions {
  /** The kernel is what targets take: no hints, no `linear`, elementary functions spelled out. Default false. */
  readonly final?: boolean;
}

/** Throws InternalError with the offending statement unless `kernel` is well formed. */
export function verifyKernel(kernel: Kernel, { final = false }: VerifyOptions = {}): void {
  new KernelVerifier(kernel, final).run();
}

const integerOps: ReadonlySet<BinaryOp> = new Set(["and", "or", "xor", "shl", "shr", "shru"]);
const comparisons: ReadonlySet<BinaryOp> = new Set(["eq", "ne", "lt", "le"]);
const boolOps: ReadonlySet<BinaryOp> = new Set(["and", "or", "xor", "add", "mul", "min", "max"]);
const arithmetic: ReadonlySet<string> = new Set(["neg", "abs", "floor", "ceil", "trunc", "nearest"]);

function isFloat(type: Scalar): boolean {
  return type === "f32" || type === "f64";
}

class KernelVerifier {
  readonly #buffers: ReadonlySet<Buffer>;
  readonly #checked = new Set<Expr>();
  /** Variables in scope. */
  readonly #scope = new Set<Var>();
  #stmt: Stmt | null = null;

  constructor(
    private readonly kernel: Kernel,
    private readonly final: boolean,
  ) {
    this.#buffers = new Set(kernel.buffers);
  }

  run(): void {
    const { tiles, tile, buffers, body } = this.kernel;
    if (!Number.isInteger(tiles) || tiles < 0) this.#fail(`${tiles} tiles`);
    if (!isIndex(tile) || tile.mutable) this.#fail("the tile variable is not a constant i32");
    for (const buffer of buffers) if (!isCount(buffer.size)) this.#fail(`buffer ${describeBuffer(buffer)} has no size`);
    this.#scope.add(tile);
    this.#block(body);
  }

  /** What a block declares ends with it. */
  #block(body: readonly Stmt[]): void {
    const declared: Var[] = [];
    for (const stmt of body) {
      this.#stmt = stmt;
      this.#statement(stmt, declared);
    }
    for (const v of declared) this.#scope.delete(v);
  }

  #statement(stmt: Stmt, declared: Var[]): void {
    switch (stmt.kind) {
      case "let":
        this.#expr(stmt.value);
        this.#sameType(stmt.v, stmt.value, "variable", "value");
        this.#declare(stmt.v, declared);
        return;
      case "assign":
        this.#expr(stmt.value);
        if (!this.#scope.has(stmt.v)) this.#fail(`assignment to ${stmt.v.name}, which is not in scope`);
        if (!stmt.v.mutable) this.#fail(`assignment to ${stmt.v.name}, which is not mutable`);
        this.#sameType(stmt.v, stmt.value, "variable", "value");
        return;
      case "store":
        this.#store(stmt);
        return;
      case "prefetch":
        this.#expr(stmt.index);
        if (!isIndex(stmt.index))
          this.#fail(`prefetch index ${printExpr(stmt.index)} is ${describeType(stmt.index)}, not i32`);
        return;
      case "for":
        this.#for(stmt);
        return;
      case "if":
        this.#condition(stmt.cond, "condition");
        this.#block(stmt.then);
        this.#block(stmt.else);
        return;
      case "while":
        this.#condition(stmt.cond, "condition");
        this.#block(stmt.body);
        return;
    }
  }

  #declare(v: Var, declared: Var[]): void {
    if (this.#scope.has(v)) this.#fail(`${v.name} is declared twice`);
    this.#scope.add(v);
    declared.push(v);
  }

  #store({ buffer, index, value, guard }: Extract<Stmt, { kind: "store" }>): void {
    for (const x of [index, value]) this.#expr(x);
    if (guard) this.#expr(guard);
    this.#access(buffer, index, value.lanes, guard);
    if (isHalf(buffer.dtype) && value.type === "i32") return; // bits
    const expected = scalarOf(buffer.dtype);
    if (value.type !== expected || (this.final && isHalf(buffer.dtype)))
      this.#fail(`a ${value.type} does not fit ${describeBuffer(buffer)} of ${expected}`);
  }

  #for(stmt: Extract<Stmt, { kind: "for" }>): void {
    for (const x of [stmt.from, stmt.to]) {
      this.#expr(x);
      if (!isIndex(x)) this.#fail(`loop bound ${printExpr(x)} is ${describeType(x)}, not i32`);
    }
    if (!isIndex(stmt.v) || stmt.v.mutable) this.#fail("the loop variable is not a constant i32");
    if (!(isCount(stmt.step) && stmt.step > 0)) this.#fail(`loop step ${stmt.step} is not a positive integer`);
    if (this.final && stmt.hint) this.#fail(`hint ${stmt.hint} is left`);
    const declared: Var[] = [];
    this.#declare(stmt.v, declared);
    this.#block(stmt.body);
    for (const v of declared) this.#scope.delete(v);
  }

  #condition(x: Expr, what: string): void {
    this.#expr(x);
    if (x.type !== "bool" || x.lanes !== 1) this.#fail(`${what} is ${describeType(x)}, not a bool`);
  }

  /** Checks `x` and all below it; variables anew each time, since scopes differ. */
  #expr(x: Expr): void {
    const visited = new Set<Expr>();
    const visit = (node: Expr): void => {
      if (visited.has(node)) return;
      visited.add(node);
      for (const child of children(node)) visit(child);
      if (node.kind === "var" && !this.#scope.has(node)) this.#fail(`${node.name} is not in scope`);
      if (this.#checked.has(node)) return;
      this.#checked.add(node);
      this.#node(node);
    };
    visit(x);
  }

  #node(x: Expr): void {
    switch (x.kind) {
      case "const":
        this.#const(x);
        return;
      case "var":
        return;
      case "param":
        if (!isCount(x.slot) || x.lanes !== 1) this.#fail(`param ${x.slot} is not a scalar`);
        return;
      case "linear":
        if (this.final) this.#fail(`linear ${printExpr(x)} is left`);
        if (!isIndex(x) || !x.terms.every(isIndex)) this.#fail(`linear ${printExpr(x)} is not of i32 scalars`);
        if (x.terms.length !== x.coefficients.length) this.#fail("linear has terms without coefficients");
        if (![...x.coefficients, x.constant].every(isInt32)) this.#fail(`a number in ${printExpr(x)} is no int32`);
        return;
      case "unary":
        this.#unary(x);
        return;
      case "binary":
        this.#binary(x);
        return;
      case "select":
        this.#operandType(x, "condition", x.cond, "bool", x.lanes);
        this.#operandType(x, "first side", x.a, x.type, x.lanes);
        this.#operandType(x, "second side", x.b, x.type, x.lanes);
        return;
      case "cast":
        this.#operandType(x, "operand", x.x, x.x.type, x.lanes);
        return;
      case "bitcast": {
        const partner = ({ f32: "i32", i32: "f32", f64: "i64", i64: "f64", bool: "" } as const)[x.type];
        if (x.x.type !== partner) this.#fail(`bitcast from ${x.x.type} to ${x.type}`);
        this.#operandType(x, "operand", x.x, x.x.type, x.lanes);
        return;
      }
      case "load":
        this.#loadType(x);
        this.#access(x.buffer, x.index, x.lanes, x.guard);
        return;
      case "fma":
        if (!isFloat(x.type)) this.#fail(`fma of ${x.type}`);
        for (const operand of [x.a, x.b, x.c]) this.#operandType(x, "operand", operand, x.type, x.lanes);
        return;
      case "splat":
        if (x.lanes < 2) this.#fail(`splat to ${x.lanes} lanes`);
        this.#operandType(x, "operand", x.x, x.type, 1);
        return;
      case "lanes":
        if (x.elements.length !== x.lanes || x.lanes < 2)
          this.#fail(`${x.elements.length} elements in ${x.lanes} lanes`);
        for (const element of x.elements) this.#operandType(x, "element", element, x.type, 1);
        return;
      case "extract":
        this.#operandType(x, "operand", x.x, x.type, x.x.lanes);
        if (!(isCount(x.lane) && x.lane < x.x.lanes)) this.#fail(`lane ${x.lane} of ${x.x.lanes}`);
        return;
      case "shuffle":
        this.#operandType(x, "first operand", x.a, x.type, x.lanes);
        this.#operandType(x, "second operand", x.b, x.type, x.lanes);
        if (x.pattern.length !== x.lanes || !x.pattern.every((lane) => isCount(lane) && lane < 2 * x.lanes)) {
          this.#fail(`shuffle pattern ${x.pattern.join(" ")} for ${x.lanes} lanes`);
        }
    }
  }

  /** Halves are loaded as f32, or by their bits as i32, which is all that is left in the end. */
  #loadType({ buffer, type }: Load): void {
    const isBits = isHalf(buffer.dtype) && type === "i32";
    if (isBits || (type === scalarOf(buffer.dtype) && !(this.final && isHalf(buffer.dtype)))) return;
    this.#fail(`load of ${describeBuffer(buffer)} as ${type}`);
  }

  #const({ type, value }: Const): void {
    const kind = type === "bool" ? "boolean" : type === "i64" ? "bigint" : "number";
    const fits =
      typeof value !== kind ||
      (type === "i32" && !isInt32(value as number)) ||
      (type === "f32" && !Object.is(Math.fround(value as number), value)) ||
      (type === "i64" && BigInt.asIntN(64, value as bigint) !== value);
    if (fits) this.#fail(`constant ${value} is no ${type}`);
  }

  #unary(x: Unary): void {
    if (x.op === "fromHalf" || x.op === "toHalf") {
      const [from, to] = x.op === "fromHalf" ? (["i32", "f32"] as const) : (["f32", "i32"] as const);
      this.#operandType(x, "operand", x.x, from, x.lanes);
      if (x.type !== to) this.#fail(`${x.op} gives ${x.type}`);
      return;
    }
    this.#operandType(x, "operand", x.x, x.type, x.lanes);
    if (x.op === "roundHalf" || x.op === "roundBfloat") {
      if (this.final || x.type !== "f32") this.#fail(`${x.op} of ${x.type} is left`);
      return;
    }
    if (this.final && isMathFunction(x.op)) this.#fail(`${x.op} is left`);
    if (x.op === "not" ? isFloat(x.type) : x.type === "bool") this.#fail(`${x.op} of ${x.type}`);
    if (!isFloat(x.type) && x.op !== "not" && !arithmetic.has(x.op)) this.#fail(`${x.op} of ${x.type}`);
  }

  #binary(x: Binary): void {
    const { op, a, b } = x;
    this.#sameType(a, b, "first operand", "second operand");
    if (a.lanes !== x.lanes) this.#fail(`${op} of ${a.lanes} lanes gives ${x.lanes}`);
    const result = comparisons.has(op) ? "bool" : a.type;
    if (x.type !== result) this.#fail(`${op} of ${a.type} gives ${x.type}`);
    if (op === "pow" && (this.final || !isFloat(a.type))) this.#fail(`pow of ${a.type} is left`);
    if (op === "mulhu" && a.type !== "i32") this.#fail(`mulhu of ${a.type}`);
    if (integerOps.has(op) && isFloat(a.type)) this.#fail(`${op} of ${a.type}`);
    if (a.type === "bool" && !boolOps.has(op) && !comparisons.has(op)) this.#fail(`${op} of bool`);
  }

  #access(named: Buffer, index: Expr, lanes: number, guard: Expr | null): void {
    const buffer = actualBuffer(this.kernel, named);
    if (guard && (guard.type !== "bool" || (guard.lanes !== 1 && guard.lanes !== lanes))) {
      const wanted = lanes === 1 ? "a bool" : `a bool or v${lanes} bool`;
      this.#fail(`guard is ${describeType(guard)}, not ${wanted}`);
    }
    if (!this.#buffers.has(buffer)) this.#fail(`buffer ${buffer.name} is not declared`);
    if (!isIndex(index)) this.#fail(`index of ${buffer.name} is ${describeType(index)}, not i32`);
    if (index.kind !== "const" || (guard && guard.lanes > 1)) return;
    const last = (index.value as number) + lanes;
    const padded = lanes === 1 ? buffer.size : paddedBytes(buffer) / itemSize(buffer.dtype);
    if ((index.value as number) < 0 || last > padded) {
      this.#fail(`index ${index.value} is outside ${describeBuffer(buffer)}`);
    }
  }

  #operandType(x: Expr, what: string, operand: Expr, type: Scalar, lanes: number): void {
    if (operand.type === type && operand.lanes === lanes) return;
    const wanted = lanes === 1 ? type : `v${lanes} ${type}`;
    this.#fail(`${what} of ${x.kind} is ${describeType(operand)}, not ${wanted}: ${printExpr(x)}`);
  }

  #sameType(a: Expr, b: Expr, first: string, second: string): void {
    if (a.type === b.type && a.lanes === b.lanes) return;
    this.#fail(`${first} is ${describeType(a)} but ${second} is ${describeType(b)}`);
  }

  #fail(what: string): never {
    const where = this.#stmt ? `\n${printStmt(headOf(this.#stmt))}` : "";
    throw new InternalError(`kernel "${this.kernel.name}": ${what}${where}`);
  }
}

/** The statement without what is nested in it. */
function headOf(stmt: Stmt): Stmt {
  if (stmt.kind === "for" || stmt.kind === "while") return { ...stmt, body: [] };
  return stmt.kind === "if" ? { ...stmt, then: [], else: [] } : stmt;
}

function isIndex(x: Expr): boolean {
  return x.type === "i32" && x.lanes === 1;
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isInt32(n: number): boolean {
  return (n | 0) === n;
}

/** Bytes of a buffer with the padding that vectors may touch. */
export function paddedBytes(buffer: Buffer): number {
  return Math.max(64, Math.ceil((buffer.size * itemSize(buffer.dtype)) / 64) * 64);
}

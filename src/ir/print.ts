// Kernel IR as compact, C-like text, for debug output, error messages and snapshots. What a statement uses more than once
// stands as `%1 = …` above it, so that the text of a shared graph stays as small as the graph.
import { actualBuffer, actualSlot } from "./arguments.js";
import { children } from "./expr.js";
import { expressionsOf } from "./statements.js";
import type { BinaryOp, Buffer, Const, Expr, Kernel, Linear, Load, Program, Stmt, Var } from "./types.js";

const symbols: Partial<Record<BinaryOp, readonly [text: string, precedence: number]>> = {
  mul: ["*", 9],
  div: ["/", 9],
  rem: ["%", 9],
  add: ["+", 8],
  sub: ["-", 8],
  shl: ["<<", 7],
  shr: [">>", 7],
  shru: [">>>", 7],
  lt: ["<", 6],
  le: ["<=", 6],
  eq: ["==", 5],
  ne: ["!=", 5],
  and: ["&", 4],
  xor: ["^", 3],
  or: ["|", 2],
};
const unaryPrecedence = 10;
const selectPrecedence = 1;

/** One expression, shared parts written out each time. */
export function printExpr(x: Expr): string {
  return new Printer().expr(x);
}

/** One statement with what is nested in it. */
export function printStmt(stmt: Stmt): string {
  return new Printer().stmt(stmt, "").join("\n");
}

export function printKernel(kernel: Kernel): string {
  const printer = new Printer(kernel);
  const tile = printer.name(kernel.tile);
  const head = `kernel ${kernel.name}(${kernel.buffers.map(describeBuffer).join(", ")})`;
  const body = printer.block(kernel.body, "  ");
  return [`${head} for ${tile} < ${kernel.tiles} {`, ...body, "}"].join("\n");
}

export function printProgram(program: Program): string {
  const lines = [
    `program ${program.name}: ${program.bindings.length} bound, arena ${program.arenaBytes} B, local ${program.localBytes} B, ${program.scalarCount} scalars`,
  ];
  for (const [buffer, placement] of program.placements) {
    const place =
      placement.kind === "bound"
        ? `bound ${placement.slot}${placement.offset ? ` +${placement.offset}` : ""}`
        : `arena +${placement.offset}`;
    lines.push(`  ${describeBuffer(buffer)} at ${place}`);
  }
  program.stages.forEach((stage, index) => {
    const commit = program.status !== null && index === program.commitStage ? " (after the status test)" : "";
    lines.push(`stage ${index}${commit}:`, ...stage.map(printKernel));
  });
  return lines.join("\n");
}

export function describeBuffer(buffer: Buffer): string {
  return `${buffer.name}: ${buffer.space === "local" ? "local " : ""}${buffer.dtype}[${buffer.size}]`;
}

/** `f32`, or `v4 f32` for a vector. */
export function describeType(x: Expr): string {
  return x.lanes === 1 ? x.type : `v${x.lanes} ${x.type}`;
}

class Printer {
  readonly #names = new Map<Var, string>();
  readonly #taken = new Set<string>();
  #shared = new Map<Expr, string>();
  #sharedCount = 0;

  constructor(private readonly kernel: Pick<Kernel, "args"> = {}) {}

  #buffer(named: Buffer): string {
    return actualBuffer(this.kernel, named).name;
  }

  /** A name of its own for each variable. */
  name(v: Var): string {
    const known = this.#names.get(v);
    if (known) return known;
    let name = v.name;
    for (let n = 1; this.#taken.has(name); n++) name = `${v.name}_${n}`;
    this.#taken.add(name);
    this.#names.set(v, name);
    return name;
  }

  block(body: readonly Stmt[], indent: string): string[] {
    return body.flatMap((stmt) => this.stmt(stmt, indent));
  }

  stmt(stmt: Stmt, indent: string): string[] {
    const outer = this.#shared;
    const definitions = this.#defineShared(expressionsOf(stmt), indent);
    const lines = this.#lines(stmt, indent);
    this.#shared = outer;
    return [...definitions, ...lines];
  }

  #lines(stmt: Stmt, indent: string): string[] {
    const inner = `${indent}  `;
    switch (stmt.kind) {
      case "let": {
        const keyword = stmt.v.mutable ? "var" : "let";
        return [`${indent}${keyword} ${this.name(stmt.v)}: ${describeType(stmt.v)} = ${this.expr(stmt.value)}`];
      }
      case "assign":
        return [`${indent}${this.name(stmt.v)} = ${this.expr(stmt.value)}`];
      case "store": {
        const guard = stmt.guard ? `if (${this.expr(stmt.guard)}) ` : "";
        const place = `${this.#buffer(stmt.buffer)}[${this.expr(stmt.index)}${lanesSuffix(stmt.value.lanes)}]`;
        return [`${indent}${guard}${place} = ${this.expr(stmt.value)}`];
      }
      case "prefetch":
        return [`${indent}prefetch ${this.#buffer(stmt.buffer)}[${this.expr(stmt.index)}] to ${stmt.use}`];
      case "for": {
        const [from, to] = [this.expr(stmt.from), this.expr(stmt.to)];
        const v = this.name(stmt.v);
        const step = stmt.step === 1 ? "" : ` step ${stmt.step}`;
        const hint = stmt.hint ? ` ${stmt.hint}` : "";
        return [`${indent}for ${v} in ${from} .. ${to}${step}${hint} {`, ...this.block(stmt.body, inner), `${indent}}`];
      }
      case "if": {
        const lines = [`${indent}if (${this.expr(stmt.cond)}) {`, ...this.block(stmt.then, inner)];
        if (stmt.else.length > 0) lines.push(`${indent}} else {`, ...this.block(stmt.else, inner));
        return [...lines, `${indent}}`];
      }
      case "while":
        return [`${indent}while (${this.expr(stmt.cond)}) {`, ...this.block(stmt.body, inner), `${indent}}`];
    }
  }

  /** Names what is used more than once and worth a name; gives the lines that define the names. */
  #defineShared(roots: readonly Expr[], indent: string): string[] {
    const uses = new Map<Expr, number>();
    const order: Expr[] = [];
    const visit = (x: Expr): void => {
      const n = uses.get(x) ?? 0;
      uses.set(x, n + 1);
      if (n > 0) return;
      children(x).forEach(visit);
      order.push(x);
    };
    roots.forEach(visit);
    this.#shared = new Map();
    return order.flatMap((x) => {
      if ((uses.get(x) ?? 0) < 2 || children(x).length === 0 || x.kind === "splat") return [];
      const line = `${indent}%${this.#sharedCount + 1} = ${this.expr(x)}`;
      this.#shared.set(x, `%${++this.#sharedCount}`);
      return [line];
    });
  }

  /** `x` as text, in brackets if it binds less than `precedence`. */
  expr(x: Expr, precedence = 0): string {
    const shared = this.#shared.get(x);
    if (shared) return shared;
    const own = precedenceOf(x);
    const text = this.#text(x, own);
    return own < precedence ? `(${text})` : text;
  }

  #text(x: Expr, own: number): string {
    const list = (...xs: readonly Expr[]) => xs.map((part) => this.expr(part)).join(", ");
    switch (x.kind) {
      case "const":
        return constant(x);
      case "var":
        return this.name(x);
      case "param":
        return `${x.type}($${actualSlot(this.kernel, x.slot)})`;
      case "linear":
        return this.#linear(x);
      case "unary":
        if (x.op === "neg" || x.op === "not") return `${x.op === "neg" ? "-" : "!"}${this.expr(x.x, own)}`;
        return `${x.op}(${list(x.x)})`;
      case "binary": {
        const symbol = symbols[x.op];
        if (!symbol) return `${x.op}(${list(x.a, x.b)})`;
        return `${this.expr(x.a, own)} ${symbol[0]} ${this.expr(x.b, own + 1)}`;
      }
      case "select":
        return `${this.expr(x.cond, own + 1)} ? ${this.expr(x.a, own + 1)} : ${this.expr(x.b, own)}`;
      case "cast":
        return `${x.type}(${list(x.x)})`;
      case "bitcast":
        return `bits_${x.type}(${list(x.x)})`;
      case "load":
        return this.#load(x);
      case "fma":
        return `fma(${list(x.a, x.b, x.c)})`;
      case "splat":
        return `splat${x.lanes}(${list(x.x)})`;
      case "lanes":
        return `<${list(...x.elements)}>`;
      case "extract":
        return `${this.expr(x.x, unaryPrecedence + 1)}.${x.lane}`;
      case "shuffle":
        return `shuffle(${list(x.a, x.b)}; ${x.pattern.join(" ")})`;
    }
  }

  #load(x: Load): string {
    const guard = x.guard ? ` if ${this.expr(x.guard)}` : "";
    return `${this.#buffer(x.buffer)}[${this.expr(x.index)}${lanesSuffix(x.lanes)}${guard}]`;
  }

  #linear(x: Linear): string {
    let text = "";
    x.terms.forEach((term, i) => {
      const c = x.coefficients[i] as number;
      const size = Math.abs(c) === 1 ? "" : `${Math.abs(c)}*`;
      text += `${c < 0 ? (text ? " - " : "-") : text ? " + " : ""}${size}${this.expr(term, 9)}`;
    });
    if (x.constant === 0) return text;
    return `${text} ${x.constant < 0 ? "-" : "+"} ${Math.abs(x.constant)}`;
  }
}

function constant({ type, value }: Const): string {
  if (type === "i64") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (type !== "f32" || typeof value !== "number") return String(value);
  // The shortest digits that stand for this float32.
  const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9].find((d) => Math.fround(Number(value.toPrecision(d))) === value);
  return digits ? String(Number(value.toPrecision(digits))) : String(value);
}

function lanesSuffix(lanes: number): string {
  return lanes === 1 ? "" : `; ${lanes}`;
}

function precedenceOf(x: Expr): number {
  switch (x.kind) {
    case "binary":
      return symbols[x.op]?.[1] ?? unaryPrecedence + 1;
    case "linear":
      return 8;
    case "select":
      return selectPrecedence;
    case "unary":
      return x.op === "neg" || x.op === "not" ? unaryPrecedence : unaryPrecedence + 1;
    default:
      return unaryPrecedence + 1;
  }
}

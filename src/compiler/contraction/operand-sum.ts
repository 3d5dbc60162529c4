// Sums of an operand over all that its contraction sums: the gradient of a bias beside that of its weights. Tiles that pack the
// operand pass all of it through registers anyhow. The order is that of a kernel of its own, one summed element after the
// other, as whether tiles pack may follow the number of threads.
import { attr, type Node } from "../../graph/index.js";
import type { Buffer, Expr, Stmt } from "../../ir/index.js";
import { isView } from "../views.js";
import type { Depth } from "./depth.js";
import { affineView } from "./form.js";
import { firstPanel, type Problem, panelsOf, type Side } from "./operand.js";
import { loop } from "./statements.js";
import { isTiled, sizesOf } from "./views.js";

/** Elements of an operand that is worth not to be read again. */
const LEAST_ELEMENTS = 1 << 17;
/** Sums side by side: fewer are taken in parts by a kernel of their own, in another order. */
const LEAST_SUMS = 16;

/** An operand in memory as a matrix: `sums` neighbours in each of `terms` lines that are `pitch` elements apart. */
interface Matrix {
  readonly base: Node;
  readonly offset: number;
  readonly sums: number;
  readonly terms: number;
  readonly pitch: number;
}

/** True if `sum` adds up the same lines of one matrix as contraction `node` does, whose operands are long enough for it to matter. */
export function isOperandSum(node: Node, sum: Node, hasMemory: (node: Node) => boolean): boolean {
  if (sum.primitive.name !== "sum" || sum.dtype !== node.dtype || !isTiled(node)) return false;
  const input = sum.inputs[0] as Node;
  if (input.size < LEAST_ELEMENTS || sum.size < LEAST_SUMS || hasBatches(node)) return false;
  const dims = attr<readonly number[]>(sum, "dims");
  const wanted = matrixOf(input, (d) => dims.includes(d), hasMemory);
  return wanted !== null && ([0, 1] as const).some((which) => isSame(wanted, operandMatrix(node, which, hasMemory)));
}

/** True for products of batches, whose tiles have more to do with one another (batch-chain.ts). */
function hasBatches(node: Node): boolean {
  const { m, n } = sizesOf(node);
  return node.size > m * n;
}

/** The operand of the problem that `sum` adds up, if its tiles pack it. */
export function packedSum(p: Problem, sum: Node): Side | null {
  if (p.parts > 1) return null;
  const hasMemory = (x: Node): boolean => p.env.bufferOf(x) !== null;
  const dims = attr<readonly number[]>(sum, "dims");
  const wanted = matrixOf(sum.inputs[0] as Node, (d) => dims.includes(d), hasMemory);
  const isSide = ({ key, base, offset, axes, count, packing }: Side): boolean => {
    const [own, ...others] = axes;
    const [line, ...more] = p.form.summed;
    if (!own || !line || others.length > 0 || more.length > 0 || packing !== "tile") return false;
    return isSame(wanted, { base, offset, sums: own[key] === 1 ? count : 0, terms: line.extent, pitch: line[key] });
  };
  return [p.a, p.b].find(isSide) ?? null;
}

function operandMatrix(node: Node, which: 0 | 1, hasMemory: (node: Node) => boolean): Matrix | null {
  const labels = attr<readonly number[]>(node, which === 0 ? "a" : "b");
  const out = attr<readonly number[]>(node, "out");
  return matrixOf(node.inputs[which] as Node, (d) => !out.includes(labels[d] as number), hasMemory);
}

/** `node` as a matrix whose lines are summed, if it is one in memory. */
function matrixOf(node: Node, isSummed: (dim: number) => boolean, hasMemory: (node: Node) => boolean): Matrix | null {
  const view = affineView(node, isView, hasMemory);
  if (!view || !hasMemory(view.base)) return null;
  const one = (wanted: boolean) => {
    let [extent, stride] = [1, 0];
    for (let d = node.shape.length - 1; d >= 0; d--) {
      const [size, step] = [node.shape[d] as number, view.strides[d] as number];
      if (size === 1 || isSummed(d) !== wanted) continue;
      if (extent > 1 && step !== stride * extent) return null;
      if (extent === 1) stride = step;
      extent *= size;
    }
    return { extent, stride };
  };
  const [own, lines] = [one(false), one(true)];
  if (!own || !lines || own.stride !== 1) return null;
  const { base, offset } = view;
  return { base, offset, sums: own.extent, terms: lines.extent, pitch: lines.stride };
}

function isSame(x: Matrix | null, y: Matrix | null): boolean {
  return (
    x !== null &&
    y !== null &&
    x.base === y.base &&
    x.offset === y.offset &&
    x.sums === y.sums &&
    x.terms === y.terms &&
    x.pitch === y.pitch
  );
}

/** The sums of a tile's rows or columns, laid out as a line of its packed panels. */
export class OperandSum {
  readonly #sums: Buffer;

  constructor(
    private readonly p: Problem,
    readonly side: Side,
    private readonly result: Buffer,
  ) {
    this.#sums = p.env.f.buffer("sums", p.node.dtype, side.tilePanels * side.pitch, "local");
  }

  begin(): Stmt[] {
    const { f } = this.p.env;
    const i = f.variable("i", "i32", { min: 0, max: this.#sums.size - 1 });
    const zero: Stmt = { kind: "store", buffer: this.#sums, index: i, value: f.const(this.p.type, 0), guard: null };
    return [loop(f, i, f.int(this.#sums.size), [zero], "vectorize")];
  }

  /** Adds vector `v` of a line of panel `panel`. */
  add(panel: Expr, v: number, value: Expr): Stmt {
    const { f } = this.p.env;
    const { lanes } = this.p;
    const index = f.add(f.mul(panel, f.int(this.side.pitch)), f.int(v * lanes));
    const sum = f.add(f.freshLoad(this.#sums, index, lanes), value);
    return { kind: "store", buffer: this.#sums, index, value: sum, guard: null };
  }

  /** Adds all lines of panel `panel`, which has been packed to `to`; `lines` makes the loop over them. */
  addPacked(panel: Expr, from: Buffer, to: Expr, lines: (body: (at: Depth) => Stmt[]) => Stmt[]): Stmt[] {
    const { f } = this.p.env;
    const { lanes } = this.p;
    const { pitch } = this.side;
    return lines(({ flat }) =>
      Array.from({ length: pitch / lanes }, (_, v) => {
        const at = f.add(f.add(to, f.mul(flat, f.int(pitch))), f.int(v * lanes));
        return this.add(panel, v, f.freshLoad(from, at, lanes));
      }),
    );
  }

  /** Stores the sums of tile `tile` of the side. */
  finish(tile: Expr): Stmt[] {
    const { f } = this.p.env;
    const { side } = this;
    const panel = f.variable("p", "i32", { min: 0, max: side.tilePanels - 1 });
    const j = f.variable("j", "i32", { min: 0, max: side.unit - 1 });
    const first = f.mul(f.add(firstPanel(this.p, side, tile), panel), f.int(side.unit));
    const value = f.freshLoad(this.#sums, f.add(f.mul(panel, f.int(side.pitch)), j));
    const store: Stmt = { kind: "store", buffer: this.result, index: f.add(first, j), value, guard: null };
    const count = f.min(f.int(side.unit), f.sub(f.int(side.count), first));
    return [loop(f, panel, panelsOf(this.p, side, tile), [loop(f, j, count, [store], "vectorize")])];
  }
}

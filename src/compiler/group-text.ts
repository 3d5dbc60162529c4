// What lowering sees of a group, as a text: groups with equal texts are lowered alike, up to the buffers and slots they name.
// It has two parts. The nodes: what decides how the group is computed, with members, shapes and attributes. The values: each
// member's value as an expression of what it reads. Where a movement takes its elements from stands in the values alone, and
// there the part of a buffer that is read is cut off (`partsOf`), so that the steps of an unrolled recurrent layer are equal.
import { itemSize } from "../base/index.js";
import type { AttrValue, Node, Primitive } from "../graph/index.js";
import { type Buffer, type Expr, ExprFactory, type Stmt } from "../ir/index.js";
import { isPosition, readsWindows } from "./costs.js";
import { Evaluator } from "./evaluate.js";
import type { Group, Member } from "./group.js";
import { KernelText, partsOf } from "./kernel-cache.js";
import type { KernelEnv } from "./kernel-env.js";
import { longSum } from "./long-sum.js";
import { indexVariables, isView } from "./views.js";

export interface GroupText {
  readonly text: string;
  /** What the values read and the members are stored to: buffers, or the parts that are touched. */
  readonly buffers: readonly Buffer[];
  readonly slots: readonly number[];
}

/** Writes the texts of one program's groups. */
export class GroupTexts {
  readonly #windows = new Map<Node, boolean>();

  constructor(private readonly env: KernelEnv) {}

  /** The text of groups that are lowered together. `more` is what else decides how. */
  of(groups: readonly Group[], more: string): GroupText {
    return groupText(this.env, groups, more, this.#windows);
  }
}

function groupText(env: KernelEnv, groups: readonly Group[], more: string, windows: Map<Node, boolean>): GroupText {
  const nodes = new NodesText(env, groups, windows);
  const f = new ExprFactory({ next: 0, hasHalves: env.f.hasHalves });
  const evaluator = new Evaluator(f, env);
  const body = groups.flatMap((group) => [
    ...group.members.flatMap((member) => valuesOf(env, evaluator, member)),
    ...group.rowSums.flatMap((node) =>
      stores(env, f, node, [evaluator.value(node.inputs[0] as Node, variables(f, node))]),
    ),
  ]);
  const tile = f.variable("tile", "i32", { min: 0, max: 0 });
  const values = new KernelText({ tile, body }, partsOf(f, { body }));
  return { text: `${more}\n${nodes.text}\n${values.text}`, buffers: values.buffers, slots: values.slots };
}

/** The positions of a reduction's input. */
function variables(f: ExprFactory, node: Node): Expr[] {
  return indexVariables(f, (node.inputs[0] as Node).shape);
}

/** What a member is computed of, at any position, stored to its memory. */
function valuesOf(env: KernelEnv, evaluator: Evaluator, { node, space, isReduction }: Member): Stmt[] {
  const { f } = evaluator;
  const { kind } = node.primitive;
  const isOneValue = (kind === "pointwise" || kind === "reduction") && !isReduction;
  if (isOneValue) return stores(env, f, node, [evaluator.compute(node, indexVariables(f, space))]);
  const values = node.inputs.map((input) => evaluator.value(input, indexVariables(f, input.shape)));
  return stores(env, f, node, values);
}

function stores(env: KernelEnv, f: ExprFactory, node: Node, values: readonly Expr[]): Stmt[] {
  const part = env.parts.of(node);
  const buffer = env.bufferOf(part?.whole ?? node) as Buffer;
  const start = part?.start ?? 0;
  return values.map((value, i) => ({ kind: "store", buffer, index: f.int(start + i), value, guard: null }));
}

const primitives = new WeakMap<Primitive, number>();
let nextPrimitive = 0;

/** Names may repeat. */
function primitiveNumber(primitive: Primitive): number {
  let number = primitives.get(primitive);
  if (number === undefined) {
    number = nextPrimitive++;
    primitives.set(primitive, number);
  }
  return number;
}

/**
 * Which movements are described with their attributes: all; those that an operand of a contraction is reached through, since
 * contractions look at the places their operands lie at; none.
 */
type Detail = "all" | "operand" | "none";

class NodesText {
  readonly #lines: string[] = [];
  /** Numbers of the nodes that are described, by detail. */
  readonly #numbers = { all: new Map<Node, number>(), operand: new Map<Node, number>(), none: new Map<Node, number>() };
  readonly #own = new Set<Node>();

  constructor(
    private readonly env: KernelEnv,
    groups: readonly Group[],
    private readonly windows: Map<Node, boolean>,
  ) {
    for (const { members, rowSums } of groups)
      for (const node of [...members.map((m) => m.node), ...rowSums]) this.#own.add(node);
    for (const group of groups) this.#group(group);
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  #group({ kind, outer, members, rowSums }: Group): void {
    // Long sums and routines look at all there is.
    const isAll = kind === "routine" || rowSums.length > 0 || members.some(({ node }) => longSum(node) !== null);
    const detail = isAll ? "all" : "none";
    const described = members.map(({ node, space, roles, inner, isReduction, phase }) => {
      const places = roles.map((role) => (role === null ? "-" : `${role.loop}${role.at}`));
      return `${this.#node(node, detail)} ${space.join()} ${places.join()} ${inner.join()} ${isReduction} ${phase}`;
    });
    const sums = rowSums.map((node) => this.#node(node, "all"));
    this.#lines.push(`${kind} ${outer.join()} | ${described.join(" | ")} | ${sums.join()}`);
  }

  #node(node: Node, detail: Detail): string {
    const numbers = this.#numbers[detail];
    let number = numbers.get(node);
    if (number === undefined) {
      const text = this.#describe(node, detail);
      number = numbers.size;
      numbers.set(node, number);
      this.#lines.push(`${node.dtype}[${node.shape.join()}] ${text}`);
    }
    return `${detail}${number}`;
  }

  #describe(node: Node, detail: Detail): string {
    const { env } = this;
    const { primitive } = node;
    if (primitive.kind === "constant" && env.slotOf(node) < 0) return attributeText(node.value as AttrValue);
    if (primitive.kind === "constant" || primitive.kind === "scalar") return "scalar";
    const isOwn = this.#own.has(node);
    const buffer = env.bufferOf(node);
    if (buffer && !isOwn) return `${memoryText(buffer)} ${this.#below(node)}`;
    const isMovement = primitive.kind === "pointwise" && primitive.cost === 0 && !primitive.isElementwise;
    const isReached = primitive.kind === "contraction" || (isMovement && detail === "operand");
    const below = detail === "all" ? "all" : isReached ? "operand" : "none";
    const inputs = node.inputs.map((input) => this.#node(input, below)).join();
    const attributes = isMovement && detail === "none" ? "" : attributesText(node);
    const place = isOwn && buffer ? `${memoryText(buffer)} ${env.targetOf(node) !== null} ${env.isPassing(node)}` : "";
    return `${primitiveNumber(primitive)}${attributes}(${inputs}) ${place}`;
  }

  /** What can be seen below a value in memory: whether it is made of windows, or a position, and of what it is a view. */
  #below(node: Node): string {
    let text = `${readsWindows(node, this.windows)} ${isPosition(node)}`;
    for (let at = node; !at.isRealized && isView(at); ) {
      const input = at.inputs[0] as Node;
      text += ` ${primitiveNumber(at.primitive)}${attributesText(at)} ${input.dtype}[${input.shape.join()}]`;
      at = input;
      if (at.isRealized) text += " leaf";
    }
    return text;
  }
}

/** Sizes of buffers decide nothing but where they end. */
function memoryText({ dtype, size }: Buffer): string {
  return `${dtype} ${size * itemSize(dtype)}`;
}

function attributesText({ attrs }: Node): string {
  return Object.entries(attrs)
    .map(([key, value]) => ` ${key}=${attributeText(value)}`)
    .join("");
}

function attributeText(value: AttrValue | bigint): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(attributeText).join()}]`;
  return Object.is(value, -0) ? "-0" : String(value);
}

// What a contraction's kernel does with a finished sum: stores it, or first works out the elementwise nodes fused with it.
import type { Node } from "../../graph/index.js";
import { type Buffer, type Expr, type Stmt, scalarOf } from "../../ir/index.js";
import { Evaluator, linearIndex } from "../evaluate.js";
import { type Group, iterationIndex, type Member } from "../group.js";
import type { KernelEnv } from "../kernel-env.js";
import { digitsOf } from "./axes.js";

export interface Finish {
  /** The kernel's name. */
  readonly name: string;
  /** Set if sums are stored unchanged: vectors of them may be stored at once. */
  readonly plain: { readonly buffer: Buffer; readonly base: Expr } | null;
  /** Stores one finished element: `at` is its place in the result, `value` the sum. */
  element(at: Expr, value: Expr): Stmt[];
}

/** Sums stored as they are, in `buffer` from `base`. */
export function plainFinish(env: KernelEnv, buffer: Buffer, base: Expr): Finish {
  const { f } = env;
  return {
    name: "contract",
    plain: { buffer, base },
    element: (at, value) => [{ kind: "store", buffer, index: f.add(base, at), value, guard: null }],
  };
}

/** The contraction's own value, if anybody needs it in memory, and the members that are computed from it. */
export function groupFinish(env: KernelEnv, group: Group): Finish {
  const { f } = env;
  const [head, ...others] = group.members as [Member, ...Member[]];
  if (others.length === 0) return plainFinish(env, env.targetOf(head.node) as Buffer, f.int(0));
  const loops = group.outer.map((extent) => ({ extent, a: 0, b: 0, out: 0 }));
  const element = (at: Expr, value: Expr): Stmt[] => {
    const sum = f.variable("sum", scalarOf(head.node.dtype));
    const known = new Map<Node, Expr>([[head.node, sum]]);
    const evaluator = new Evaluator(f, {
      bufferOf: (x) => env.bufferOf(x),
      slotOf: (x) => env.slotOf(x),
      local: (x) => known.get(x), // members read each other at their own index only
    });
    const outer = digitsOf(f, loops, at);
    const store = (m: Member, index: readonly Expr[], x: Expr): Stmt[] => {
      const buffer = env.targetOf(m.node);
      if (!buffer) return [];
      return [{ kind: "store", buffer, index: linearIndex(f, m.node.shape, index), value: x, guard: null }];
    };
    const stores = group.members.flatMap((m): Stmt[] => {
      const index = iterationIndex(f, m, outer, []);
      const x = m === head ? sum : evaluator.compute(m.node, index);
      known.set(m.node, x);
      return store(m, index, x);
    });
    return [{ kind: "let", v: sum, value }, ...stores];
  };
  return { name: group.members.map((m) => m.node.primitive.name).join("_"), plain: null, element };
}

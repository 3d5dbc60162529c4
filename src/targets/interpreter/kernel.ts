// A kernel as a function that runs one tile.
import type { Kernel, Program, ScalarValue, Stmt } from "../../ir/index.js";
import { ExpressionCompiler, Frame } from "./expressions.js";
import type { ProgramMemory } from "./memory.js";

type Run = () => void;
type Store = Extract<Stmt, { kind: "store" }>;
type For = Extract<Stmt, { kind: "for" }>;

/** Runs all tiles of `kernel` with the given run-time scalars. */
export function compileKernel(kernel: Kernel, memory: ProgramMemory): (scalars: Float64Array) => void {
  const frame = new Frame(kernel, memory);
  const tile = frame.slot(kernel.tile);
  const body = new KernelCompiler(frame).block(kernel.body);
  const usesScratch = kernel.buffers.some((buffer) => buffer.space === "local");
  return (scalars) => {
    frame.scalars = scalars;
    memory.position.kernel = kernel.name;
    for (let i = 0; i < kernel.tiles; i++) {
      memory.startTile(usesScratch);
      frame.values[tile] = i;
      body();
    }
  };
}

class KernelCompiler {
  readonly #expressions: ExpressionCompiler;

  constructor(private readonly frame: Frame) {
    this.#expressions = new ExpressionCompiler(frame);
  }

  block(body: readonly Stmt[]): Run {
    const steps = body.map((stmt) => this.#statement(stmt));
    return () => {
      for (const step of steps) step();
    };
  }

  #statement(stmt: Stmt): Run {
    const { frame } = this;
    switch (stmt.kind) {
      case "let":
      case "assign": {
        const slot = frame.slot(stmt.v);
        const value = this.#expressions.compile(stmt.value);
        return () => {
          frame.epoch++;
          frame.values[slot] = value();
        };
      }
      case "store":
        return this.#store(stmt);
      case "prefetch":
        return () => {};
      case "for":
        return this.#for(stmt);
      case "if": {
        const cond = this.#expressions.compile(stmt.cond);
        const [then, otherwise] = [this.block(stmt.then), this.block(stmt.else)];
        return () => {
          frame.epoch++;
          if (cond()) then();
          else otherwise();
        };
      }
      case "while": {
        const cond = this.#expressions.compile(stmt.cond);
        const body = this.block(stmt.body);
        const holds = () => {
          frame.epoch++;
          return cond();
        };
        return () => {
          while (holds()) body();
        };
      }
    }
  }

  #store({ buffer, index, value, guard }: Store): Run {
    const { frame } = this;
    const memory = frame.memoryOf(buffer);
    const at = this.#expressions.compile(index) as () => number;
    const compute = this.#expressions.compile(value);
    const condition = guard && this.#expressions.compile(guard);
    const { lanes } = value;
    return () => {
      frame.epoch++;
      const takes = condition ? condition() : true;
      if (takes === false) return;
      const first = at();
      const result = compute();
      const mask = takes === true ? null : (takes as readonly ScalarValue[]);
      if (!mask) memory.check("store", first, lanes);
      const values = lanes === 1 ? [result as ScalarValue] : (result as readonly ScalarValue[]);
      values.forEach((v, lane) => {
        if (mask && !mask[lane]) return;
        if (mask) memory.check("store", first + lane, 1);
        // The verifier has matched the value's type and the view's; bools become 0 and 1, uint8 wraps.
        memory.view[first + lane] = (typeof v === "boolean" ? Number(v) : v) as never;
      });
    };
  }

  #for(stmt: For): Run {
    const { frame } = this;
    const slot = frame.slot(stmt.v);
    const from = this.#expressions.compile(stmt.from) as () => number;
    const to = this.#expressions.compile(stmt.to) as () => number;
    const body = this.block(stmt.body);
    return () => {
      frame.epoch++;
      const end = to();
      for (let i = from(); i < end; i += stmt.step) {
        frame.values[slot] = i;
        body();
      }
    };
  }
}

export interface CompiledKernel {
  readonly kernel: Kernel;
  readonly run: (scalars: Float64Array) => void;
}

/** One function a stage that runs its kernels one after the other. */
export function compileStages(program: Program, memory: ProgramMemory): CompiledKernel[][] {
  return program.stages.map((stage) => stage.map((kernel) => ({ kernel, run: compileKernel(kernel, memory) })));
}

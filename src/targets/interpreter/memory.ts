// Where a run's buffers are: views of bound storages, of the arena and of a tile's scratch, with bounds and race checks.
import { InternalError, itemSize, type Storage, type TypedArray, typedArray } from "../../base/index.js";
import type { Buffer, Program } from "../../ir/index.js";

/** NaN as float32 and float64, -1 as an integer: what nobody wrote shows in results or as an index. */
const garbage = 0xff;

/** What is running, for messages and race checks. */
export interface Position {
  kernel: string;
  /** Different for each tile of each kernel of a run. */
  task: number;
  stage: number;
}

/** For each element, the task that accessed it last, and in which stage. */
interface Accesses {
  readonly tasks: Float64Array;
  readonly stages: Int32Array;
}
interface Ledger {
  readonly writes: Accesses;
  readonly reads: Accesses;
}
/** Stands for more than one task. */
const several = -1;

/** One buffer's memory during a run. */
export class BufferMemory {
  /** Elements up to the end of the buffer's last 64 bytes, which vectors may touch. */
  readonly paddedSize: number;
  view: TypedArray = new Uint8Array(0);
  #accesses: Ledger | null = null;

  constructor(
    readonly buffer: Buffer,
    private readonly position: Position,
    private readonly detectRaces: boolean,
  ) {
    const bytes = buffer.size * itemSize(buffer.dtype);
    this.paddedSize = (Math.max(1, Math.ceil(bytes / 64)) * 64) / itemSize(buffer.dtype);
  }

  bind(bytes: ArrayBufferLike, offset: number): void {
    const room = Math.floor((bytes.byteLength - offset) / itemSize(this.buffer.dtype));
    if (room < this.buffer.size) throw this.#error(`has room for ${room} elements only`);
    this.view = typedArray(this.buffer.dtype, bytes, offset, Math.min(room, this.paddedSize));
    this.#accesses = null;
  }

  /** Throws unless `lanes` elements from `index` are in bounds; vectors may reach into the padding. */
  check(action: "load" | "store", index: number, lanes: number): void {
    const size = lanes === 1 ? this.buffer.size : this.view.length;
    if (!(index >= 0 && index + lanes <= size)) {
      const vector = lanes === 1 ? "" : ` of ${lanes} lanes`;
      throw this.#error(`${action}${vector} at index ${index} is out of bounds`);
    }
    if (this.detectRaces && this.buffer.space === "global") this.#checkRace(action, index, lanes);
  }

  #checkRace(action: "load" | "store", index: number, lanes: number): void {
    const { writes, reads } = this.#ledger();
    for (let i = index; i < Math.min(index + lanes, this.buffer.size); i++) {
      this.#expectOwn(action, i, writes, "wrote");
      if (action === "store") this.#expectOwn(action, i, reads, "read");
      this.#note(action === "store" ? writes : reads, i);
    }
  }

  #expectOwn(action: "load" | "store", i: number, { tasks, stages }: Accesses, did: string): void {
    const { task, stage } = this.position;
    if (stages[i] !== stage || tasks[i] === task) return;
    throw this.#error(`${action} at index ${i} races: another tile of stage ${stage} ${did} it`);
  }

  #note({ tasks, stages }: Accesses, i: number): void {
    const { task, stage } = this.position;
    tasks[i] = stages[i] === stage && tasks[i] !== task ? several : task;
    stages[i] = stage;
  }

  #ledger(): Ledger {
    if (!this.#accesses) {
      const { length } = this.view;
      const none = () => ({ tasks: new Float64Array(length), stages: new Int32Array(length).fill(-1) });
      this.#accesses = { writes: none(), reads: none() };
    }
    return this.#accesses;
  }

  #error(what: string): InternalError {
    const { name, dtype, size } = this.buffer;
    return new InternalError(
      `interpreter: kernel "${this.position.kernel}": buffer "${name}" (${dtype}[${size}]) ${what}`,
    );
  }
}

/** All memory of one program. */
export class ProgramMemory {
  readonly position: Position = { kernel: "", task: 0, stage: 0 };
  readonly #buffers = new Map<Buffer, BufferMemory>();
  readonly #arena: Uint8Array<ArrayBuffer>;
  readonly #scratch: Uint8Array<ArrayBuffer>;

  constructor(
    private readonly program: Program,
    private readonly detectRaces: boolean,
  ) {
    this.#arena = new Uint8Array(program.arenaBytes);
    this.#scratch = new Uint8Array(program.localBytes);
  }

  of(buffer: Buffer): BufferMemory {
    let memory = this.#buffers.get(buffer);
    if (!memory) {
      const mayRace = this.detectRaces && buffer !== this.program.status; // which tile reports first is free
      memory = new BufferMemory(buffer, this.position, mayRace);
      this.#buffers.set(buffer, memory);
    }
    return memory;
  }

  /** Binds everything for a run; the arena starts as garbage, the status word as 0. */
  bind(bindings: readonly Storage[]): void {
    this.#arena.fill(garbage);
    for (const [buffer, memory] of this.#buffers) {
      if (buffer.space === "local") memory.bind(this.#scratch.buffer, this.#localOffset(buffer));
      else this.#bindGlobal(buffer, memory, bindings);
    }
    this.status?.view.fill(0 as never);
  }

  /** The status word; null if no kernel reports to it. */
  get status(): BufferMemory | null {
    const { status, placements } = this.program;
    return status && placements.has(status) ? this.of(status) : null;
  }

  startTile(usesScratch: boolean): void {
    this.position.task++;
    if (usesScratch) this.#scratch.fill(garbage);
  }

  #bindGlobal(buffer: Buffer, memory: BufferMemory, bindings: readonly Storage[]): void {
    const placement = this.program.placements.get(buffer);
    if (!placement) throw new InternalError(`interpreter: program ${this.program.name} does not place ${buffer.name}`);
    if (placement.kind === "arena") memory.bind(this.#arena.buffer, placement.offset);
    else {
      const storage = bindings[placement.slot] as Storage;
      memory.bind(storage.hostBuffer(), storage.byteOffset + (placement.offset ?? 0));
    }
  }

  #localOffset(buffer: Buffer): number {
    const offset = this.program.localOffsets.get(buffer);
    if (offset !== undefined) return offset;
    throw new InternalError(`interpreter: program ${this.program.name} has no place for local buffer ${buffer.name}`);
  }
}

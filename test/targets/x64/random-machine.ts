// Random machine functions for tests of register allocation: nested loops and branches, all register classes, fixed registers.
import {
  broadcast,
  type Features,
  type Instr,
  imm,
  type Mem,
  mem,
  physical,
  type Reg,
  rax,
  rcx,
  rdi,
  rdx,
  rsi,
} from "../../../src/targets/x64/asm/operands.js";
import { MachineFunction } from "../../../src/targets/x64/machine.js";

export interface Shape {
  readonly features: Features;
  /** How many values are kept of each class: above the number of registers, some have to be spilled. */
  readonly values: number;
  readonly statements: number;
  readonly calls: boolean;
}

/** Numbers in [0, n), the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

export function randomMachine(seed: number, { features, values, statements, calls }: Shape): MachineFunction {
  const random = randomNumbers(seed);
  const fn = new MachineFunction(`random_${seed}`);
  const base = fn.copyOf(rdi);
  const size = features === "avx512" ? 512 : 256;
  const constants = [fn.pool.f32(1.5), fn.pool.f32(-2), fn.pool.vector(new Float32Array(16).fill(3))] as const;
  const gps: Reg[] = [base, fn.copyOf(rsi)];
  const vecs: Reg[] = [];
  const masks: Reg[] = [];
  const pick = (list: readonly Reg[]) => list[random(list.length)] as Reg;
  let offset = 0;
  const place = (): Mem => {
    offset += 64;
    return random(3) === 0 ? mem(base, offset, pick(gps), 4) : mem(base, offset);
  };
  /** A value that stays, or takes the place of another. */
  const keep = (list: Reg[], reg: Reg, most: number) => {
    if (list.length < most) list.push(reg);
    else if (random(2) === 0) list[(list === gps ? 1 : 0) + random(list.length - (list === gps ? 1 : 0))] = reg;
  };
  for (let at = 0; at < 3; at++) {
    const vec = fn.vec();
    fn.emit(at === 1 ? "vbroadcastss" : "vmovaps", size, [vec, constants[at === 1 ? 0 : 2]]);
    vecs.push(vec);
  }
  if (features === "avx512") {
    const mask = fn.mask();
    fn.emit("kxnorw", 64, [mask, mask, mask]);
    masks.push(mask);
  }
  const emit = (op: Instr["op"], width: Instr["size"], operands: Instr["operands"], extra: Partial<Instr> = {}) =>
    fn.emit(op, width, operands, extra);

  const statement = (): void => {
    switch (random(calls ? 19 : 18)) {
      case 0: {
        const sum = fn.copyOf(pick(gps));
        emit("add", 64, [sum, random(2) === 0 ? pick(gps) : imm(random(100))]);
        keep(gps, sum, values);
        return;
      }
      case 1: {
        const constant = fn.gp();
        emit("mov", 32, [constant, imm(random(1000))]);
        keep(gps, constant, values);
        return;
      }
      case 2: {
        const [dividend, divisor] = [pick(gps), pick(gps)];
        fn.copy(rax, dividend);
        emit("cqo", 64, []);
        emit("idiv", 64, [divisor]);
        keep(gps, fn.copyOf(random(2) === 0 ? rax : rdx), values);
        return;
      }
      case 3: {
        const shifted = fn.copyOf(pick(gps));
        fn.copy(rcx, pick(gps));
        emit("shl", 64, [shifted, rcx]);
        keep(gps, shifted, values);
        return;
      }
      case 4:
        emit("add", 64, [pick(gps.slice(1)), pick(gps)]);
        return;
      case 5:
        emit("mov", 64, [place(), pick(gps)]);
        return;
      case 6: {
        const loaded = fn.gp();
        emit("mov", 64, [loaded, place()]);
        keep(gps, loaded, values);
        return;
      }
      case 7:
      case 8:
        emit("vfmadd231ps", size, [pick(vecs), pick(vecs), pick(vecs)]);
        return;
      case 9:
      case 10: {
        const sum = fn.vec();
        emit("vaddps", size, [sum, pick(vecs), random(3) === 0 ? place() : pick(vecs)]);
        keep(vecs, sum, values);
        return;
      }
      case 11: {
        const zero = fn.vec();
        emit("vxorps", size, [zero, zero, zero]);
        keep(vecs, zero, values);
        return;
      }
      case 12: {
        const constant = fn.vec();
        emit("vbroadcastss", size, [constant, constants[random(2)] as Mem]);
        keep(vecs, constant, values);
        return;
      }
      case 13:
        emit("vmovups", size, [place(), pick(vecs)]);
        return;
      case 14: {
        const copy = fn.copyOf(pick(vecs));
        emit("vsubps", size, [copy, copy, pick(vecs)]);
        keep(vecs, copy, values);
        return;
      }
      case 15: {
        if (features === "avx2") {
          const chosen = fn.vec();
          emit("vblendvps", size, [chosen, pick(vecs), pick(vecs), pick(vecs)]);
          keep(vecs, chosen, values);
          return;
        }
        const mask = fn.mask();
        emit("vcmpps", size, [mask, pick(vecs), pick(vecs), imm(1)]);
        keep(masks, mask, 12);
        return;
      }
      case 16: {
        if (features === "avx2") {
          const permuted = fn.vec();
          emit("vperm2f128", 256, [permuted, pick(vecs), pick(vecs), imm(1)]);
          keep(vecs, permuted, values);
          return;
        }
        emit("vaddps", size, [pick(vecs), pick(vecs), broadcast(place())], {
          mask: pick(masks),
          zeroing: random(2) === 0,
        });
        return;
      }
      case 17: {
        if (features === "avx2") {
          const [gathered, index, lanes] = [fn.copyOf(pick(vecs)), pick(vecs), fn.copyOf(pick(vecs))];
          emit("vgatherdps", size, [gathered, { ...mem(base, 0), index, scale: 4 }, lanes]);
          keep(vecs, gathered, values);
          return;
        }
        const [gathered, lanes] = [fn.copyOf(pick(vecs)), fn.copyOf(pick(masks))];
        emit("vgatherdps", size, [gathered, { ...mem(base, 0), index: pick(vecs), scale: 4 }], { mask: lanes });
        keep(vecs, gathered, values);
        return;
      }
      default: {
        fn.copy(rdi, pick(gps));
        fn.copy(rsi, pick(gps));
        emit("call", 64, [pick(gps)], { uses: [rdi, rsi], defs: CLOBBERED });
        keep(gps, fn.copyOf(rax), values);
        return;
      }
    }
  };

  const block = (count: number, depth: number): void => {
    for (let at = 0; at < count; at++) {
      const choice = depth < 3 ? random(12) : 12;
      if (choice > 1) {
        statement();
        continue;
      }
      // Values made inside are not known outside: the path around does not have them.
      const outside = [[...gps], [...vecs], [...masks]] as const;
      const label = fn.label();
      if (choice === 0) fn.bind(label, 32);
      emit("cmp", 64, [pick(gps), pick(gps)]);
      if (choice === 1) emit("jl", 64, [label]);
      block(3 + random(6), depth + 1);
      if (choice === 0) {
        emit("cmp", 64, [pick(gps), imm(3)]);
        emit("jne", 64, [label]);
      } else {
        gps.splice(0, gps.length, ...outside[0]);
        vecs.splice(0, vecs.length, ...outside[1]);
        masks.splice(0, masks.length, ...outside[2]);
        fn.bind(label);
      }
    }
  };
  block(statements, 0);
  const end = offset + 64;
  for (const [at, vec] of vecs.entries()) emit("vmovups", size, [mem(base, end + 64 * at), vec]);
  for (const [at, gp] of gps.entries()) emit("mov", 64, [mem(base, end + 8192 + 64 * at), gp]);
  for (const [at, mask] of masks.entries()) emit("kmovw", 64, [mem(base, end + 16384 + 64 * at), mask]);
  fn.copy(rax, pick(gps));
  fn.return([rax]);
  return fn;
}

/** What a called function need not preserve. */
const CLOBBERED: readonly Reg[] = [
  ...[0, 1, 2, 6, 7, 8, 9, 10, 11].map((id) => physical("gp", id)),
  ...Array.from({ length: 32 }, (_, id) => physical("vec", id)),
  ...Array.from({ length: 8 }, (_, id) => physical("mask", id)),
];

// Instructions on general registers: moves, integer arithmetic, control flow, atomics, system. Notation: `../form.ts`.
// Opcodes and operands: Intel® 64 and IA-32 Architectures Software Developer's Manual, volume 2.

/** `add` and its seven siblings differ in three bits of the opcode; `digit` is the same bits in ModRM. */
function alu(digit: number, role = "+", attribute = ""): readonly string[] {
  const opcode = (low: number) => (digit * 8 + low).toString(16).padStart(2, "0");
  return [
    `g ${opcode(1)} Mg${role} Rg b${attribute}`,
    `g ${opcode(3)} Rg${role} mg b`,
    `g ${opcode(4)} Ag${role} i8 s8`,
    `g 80/${digit} Mg${role} i8 s8`,
    `g 83/${digit} Mg${role} i8`,
    `g ${opcode(5)} Ag${role} i32`,
    `g 81/${digit} Mg${role} i32`,
  ];
}

function shift(digit: number): readonly string[] {
  return [`g d1/${digit} Mg+ one b`, `g c1/${digit} Mg+ u8 b`, `g d3/${digit} Mg+ Cb b`];
}

export const GENERAL = {
  mov: [
    "g 89 Mg= Rg b",
    "g 8b Rg= mg b",
    "g b0 Og= i8 s8",
    "g b8 Og= i32 s16.32",
    "g c7/0 Mg= i32 b",
    "g b8 Og= i64 s64",
  ],
  movzxb: ["g 0fb6 Rg= Mb s16.32.64 n1"],
  movzxw: ["g 0fb7 Rg= Mw s32.64 n2"],
  movsxb: ["g 0fbe Rg= Mb s16.32.64 n1"],
  movsxw: ["g 0fbf Rg= Mw s32.64 n2"],
  movsxd: ["g 63 Rg= Md s64 n4"],
  lea: ["g 8d Rg= mg s32.64"],
  add: alu(0),
  or: alu(1),
  adc: alu(2),
  sbb: alu(3),
  and: alu(4),
  sub: alu(5, "+", " idiom"),
  xor: alu(6, "+", " idiom"),
  cmp: alu(7, ""),
  test: ["g 85 Mg Rg b", "g a8 Ag i8 s8", "g a9 Ag i32", "g f7/0 Mg i32 b"],
  imul: ["g 0faf Rg+ Mg", "g 6b Rg= Mg i8", "g 69 Rg= Mg i32", "g f7/5 Mg use=rax def=rax,rdx"],
  mul: ["g f7/4 Mg use=rax def=rax,rdx"],
  div: ["g f7/6 Mg use=rax,rdx def=rax,rdx"],
  idiv: ["g f7/7 Mg use=rax,rdx def=rax,rdx"],
  neg: ["g f7/3 Mg+ b"],
  not: ["g f7/2 Mg+ b"],
  inc: ["g ff/0 Mg+ b"],
  dec: ["g ff/1 Mg+ b"],
  shl: shift(4),
  shr: shift(5),
  sar: shift(7),
  rol: shift(0),
  ror: shift(1),
  shlx: ["v 66.38.wg f7 Rg= Mg Hg"],
  sarx: ["v f3.38.wg f7 Rg= Mg Hg"],
  shrx: ["v f2.38.wg f7 Rg= Mg Hg"],
  rorx: ["v f2.3a.wg f0 Rg= Mg I"],
  andn: ["v np.38.wg f2 Rg= Hg Mg"],
  bzhi: ["v np.38.wg f5 Rg= Mg Hg"],
  bt: ["g 0fa3 Mg Rg", "g 0fba/4 Mg u8"],
  bts: ["g 0fab Mg+ Rg", "g 0fba/5 Mg+ u8"],
  popcnt: ["g f3.0fb8 Rg= Mg"],
  lzcnt: ["g f3.0fbd Rg= Mg"],
  tzcnt: ["g f3.0fbc Rg= Mg"],
  bswap: ["g 0fc8 Og+ s32.64"],
  cdq: ["g 99 s32 use=rax def=rdx"],
  cqo: ["g 99 s64 use=rax def=rdx"],
  cdqe: ["g 98 s64 use=rax def=rax"],

  xchg: ["g 87 Mg+ Rg+ b"],
  xadd: ["g 0fc1 Mg+ Rg+ b"],
  cmpxchg: ["g 0fb1 Mg+ Rg b use=rax def=rax"],
  "lock add": ["g 01 mg+ Rg b", "g 80/0 mg+ i8 s8", "g 83/0 mg+ i8", "g 81/0 mg+ i32"],
  "lock or": ["g 09 mg+ Rg b", "g 80/1 mg+ i8 s8", "g 83/1 mg+ i8", "g 81/1 mg+ i32"],
  "lock and": ["g 21 mg+ Rg b", "g 80/4 mg+ i8 s8", "g 83/4 mg+ i8", "g 81/4 mg+ i32"],
  "lock sub": ["g 29 mg+ Rg b", "g 80/5 mg+ i8 s8", "g 83/5 mg+ i8", "g 81/5 mg+ i32"],
  "lock inc": ["g ff/0 mg+ b"],
  "lock dec": ["g ff/1 mg+ b"],
  "lock xadd": ["g 0fc1 mg+ Rg+ b"],
  "lock cmpxchg": ["g 0fb1 mg+ Rg b use=rax def=rax"],

  jmp: ["g e9 J s64", "g ff/4 MD s64 d64"],
  call: ["g e8 J s64", "g ff/2 MD s64 d64"],
  ret: ["g c3 s64 d64"],
  push: ["g 50 OD s64 d64", "g 6a i8 s64 d64", "g 68 i32 s64 d64", "g ff/6 MD s64 d64"],
  pop: ["g 58 OD= s64 d64", "g 8f/0 MD= s64 d64"],

  nop: ["g 90 s64 d64"],
  pause: ["g f3.90 s64 d64"],
  lfence: ["g 0faee8 s64 d64"],
  mfence: ["g 0faef0 s64 d64"],
  sfence: ["g 0faef8 s64 d64"],
  syscall: ["g 0f05 s64 d64 use=rax def=rax,rcx,r11"],
  ud2: ["g 0f0b s64 d64"],
  int3: ["g cc s64 d64"],
  rdtsc: ["g 0f31 s64 d64 def=rax,rdx"],
  cpuid: ["g 0fa2 s64 d64 use=rax,rcx def=rax,rbx,rcx,rdx"],
  xgetbv: ["g 0f01d0 s64 d64 use=rcx def=rax,rdx"],
  "rep movsb": ["g f3.a4 s64 d64 use=rcx,rsi,rdi def=rcx,rsi,rdi"],
  "rep stosb": ["g f3.aa s64 d64 use=rax,rcx,rdi def=rcx,rdi"],
  prefetchnta: ["g 0f18/0 m_ s64 d64"],
  prefetcht0: ["g 0f18/1 m_ s64 d64"],
  prefetcht1: ["g 0f18/2 m_ s64 d64"],
  prefetcht2: ["g 0f18/3 m_ s64 d64"],
  prefetchw: ["g 0f0d/1 m_ s64 d64"],
} as const satisfies Record<string, readonly string[]>;

/** Conditions by their number in the opcode, each with the spellings that mean it (the first is what listings print). */
export const CONDITIONS = {
  o: 0,
  no: 1,
  b: 2,
  c: 2,
  ae: 3,
  nc: 3,
  e: 4,
  z: 4,
  ne: 5,
  nz: 5,
  be: 6,
  a: 7,
  s: 8,
  ns: 9,
  p: 10,
  np: 11,
  l: 12,
  ge: 13,
  le: 14,
  g: 15,
} as const;

export type Condition = keyof typeof CONDITIONS;

/** Forms of `j…`, `set…` and `cmov…` of a condition. */
export function conditional(kind: "j" | "set" | "cmov", condition: Condition): readonly string[] {
  const number = CONDITIONS[condition].toString(16);
  if (kind === "j") return [`g 0f8${number} J s64`];
  return kind === "set" ? [`g 0f9${number} Mb= s8`] : [`g 0f4${number} Rg+ Mg`];
}

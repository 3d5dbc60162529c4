// AVX-512 masks: moves, logic, shifts, tests, and between masks and vectors. Notation: `../form.ts`.

const logic = (prefix: string, opcode: string) => [`k ${prefix} ${opcode} Rk= Hk rk l1`] as const;
/** Exclusive forms of one register with itself are constants and read nothing. */
const idiom = (prefix: string, opcode: string) => [`k ${prefix} ${opcode} Rk= Hk rk l1 idiom`] as const;
const unary = (prefix: string, opcode: string) => [`k ${prefix} ${opcode} Rk= rk`] as const;
const test = (prefix: string, opcode: string) => [`k ${prefix} ${opcode} Rk rk`] as const;
const shift = (w: string, opcode: string) => [`k 66.3a.${w} ${opcode} Rk= rk I`] as const;
const move = (memory: string, general: string, register: "d" | "D", bytes: number) =>
  [
    `k ${memory} 90 Rk= Mk n${bytes}`,
    `k ${memory} 91 mk= Rk n${bytes}`,
    `k ${general} 92 Rk= r${register}`,
    `k ${general} 93 R${register}= rk`,
  ] as const;
// Byte, word, doubleword and quadword masks differ in prefix and W.
const B = "66.0f.w0";
const W = "np.0f.w0";
const D = "66.0f.w1";
const Q = "np.0f.w1";

export const MASKS = {
  kmovb: move(B, B, "d", 1),
  kmovw: move(W, W, "d", 2),
  kmovd: move(D, "f2.0f.w0", "d", 4),
  kmovq: move(Q, "f2.0f.w1", "D", 8),
  kandb: logic(B, "41"),
  kandw: logic(W, "41"),
  kandd: logic(D, "41"),
  kandq: logic(Q, "41"),
  kandnb: logic(B, "42"),
  kandnw: logic(W, "42"),
  kandnd: logic(D, "42"),
  kandnq: logic(Q, "42"),
  korb: logic(B, "45"),
  korw: logic(W, "45"),
  kord: logic(D, "45"),
  korq: logic(Q, "45"),
  kxnorb: idiom(B, "46"),
  kxnorw: idiom(W, "46"),
  kxnord: idiom(D, "46"),
  kxnorq: idiom(Q, "46"),
  kxorb: idiom(B, "47"),
  kxorw: idiom(W, "47"),
  kxord: idiom(D, "47"),
  kxorq: idiom(Q, "47"),
  kunpckbw: logic(B, "4b"),
  kunpckwd: logic(W, "4b"),
  kunpckdq: logic(Q, "4b"),
  knotb: unary(B, "44"),
  knotw: unary(W, "44"),
  knotd: unary(D, "44"),
  knotq: unary(Q, "44"),
  kortestb: test(B, "98"),
  kortestw: test(W, "98"),
  kortestd: test(D, "98"),
  kortestq: test(Q, "98"),
  ktestb: test(B, "99"),
  ktestw: test(W, "99"),
  ktestd: test(D, "99"),
  ktestq: test(Q, "99"),
  kshiftlb: shift("w0", "32"),
  kshiftlw: shift("w1", "32"),
  kshiftld: shift("w0", "33"),
  kshiftlq: shift("w1", "33"),
  kshiftrb: shift("w0", "30"),
  kshiftrw: shift("w1", "30"),
  kshiftrd: shift("w0", "31"),
  kshiftrq: shift("w1", "31"),

  vpmovm2b: ["e f3.38.w0 28 Rv= rk nk"],
  vpmovm2w: ["e f3.38.w1 28 Rv= rk nk"],
  vpmovm2d: ["e f3.38.w0 38 Rv= rk nk"],
  vpmovm2q: ["e f3.38.w1 38 Rv= rk nk"],
  vpmovb2m: ["e f3.38.w0 29 Rk= rv nk"],
  vpmovw2m: ["e f3.38.w1 29 Rk= rv nk"],
  vpmovd2m: ["e f3.38.w0 39 Rk= rv nk"],
  vpmovq2m: ["e f3.38.w1 39 Rk= rv nk"],
} as const satisfies Record<string, readonly string[]>;

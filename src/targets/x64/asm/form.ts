// One encodable form of an instruction, and the notation in which the tables write it.
//
//   kind prefix.map.W opcode[/digit] operands… attributes…        ve 66.0f.w01 58 Rv= Hv Mv fv64
//   g    [prefix.]opcode[/digit]     operands… attributes…        g 0faf Rg+ Mg
//
// kind: `v` VEX, `e` EVEX, `ve` both, `k` VEX on masks, `g` legacy.  W: w0, w1, w01 (0 in VEX, 1 in EVEX), wg (1 for 64-bit general registers).
// operand: where it is encoded, what it is, and `=` written, `+` read and written, nothing: read.
//   where: R ModRM.reg, M ModRM.rm, r its register form only, m its memory form only, S memory with a vector as index, H vvvv,
//          L upper half of the immediate, O low bits of the opcode, A rax, C rcx (encoded nowhere)
//   what:  v vector of the instruction's size, h half, q quarter, e eighth of it, x 128 bits; k mask;
//          g general register of the instruction's size, b 8, w 16, d 32, D 64 bits; _ memory of no size
//   others: I u8 immediate byte, i8 sign-extended byte, i32 (16 bits in 16-bit instructions), i64, J jump target, one the number 1
// memory: fv32 fv64 whole vector or one repeated element; hv32 half of it, likewise; fvm hvm qvm evm whole … eighth, never
//   repeated; nBYTES; ng as general register. EVEX scales byte displacements by this.
// attributes: s8.16… sizes; b there is a form on 8 bits, whose opcode is one less; d64 no REX.W for 64 bits; l1 VEX.L = 1 whatever
//   the size; nk takes no mask, km needs one and clears it; select: the mask chooses and does not keep lanes; alt: between
//   registers the next form is as good; use=, def= registers beyond the operands; idiom: with one and the same
//   register twice nothing is read; ones: likewise with 255 as immediate.

export type Place =
  | "R"
  | "M"
  | "r"
  | "m"
  | "S"
  | "H"
  | "L"
  | "O"
  | "A"
  | "C"
  | "I"
  | "i8"
  | "i32"
  | "i64"
  | "J"
  | "one";
export type Kind = "v" | "h" | "q" | "e" | "x" | "k" | "g" | "b" | "w" | "d" | "D" | "_";
export type Role = "r" | "w" | "rw";
export type Tuple = "fv32" | "fv64" | "hv32" | "fvm" | "hvm" | "qvm" | "evm" | "ng" | number;

export interface FormOperand {
  readonly place: Place;
  readonly kind: Kind;
  readonly role: Role;
}

export interface Form {
  readonly encoding: "legacy" | "vex" | "evex";
  readonly operands: readonly FormOperand[];
  /** Sets of sizes: bit `size / 8`, see `sizeBit`. */
  readonly sizes: number;
  /** 0 none, 1 66, 2 F3, 3 F2: as in VEX.pp. */
  readonly prefix: 0 | 1 | 2 | 3;
  /** 1 0F, 2 0F38, 3 0F3A: as in VEX.mmmmm; 0 in legacy forms, whose opcode bytes are written out. */
  readonly map: 0 | 1 | 2 | 3;
  readonly w: 0 | 1 | "size";
  readonly opcode: readonly number[];
  /** ModRM.reg where no operand sits there. */
  readonly digit: number | null;
  readonly longVex: boolean;
  readonly byteForm: boolean;
  readonly noRexW: boolean;
  readonly tuple: Tuple | null;
  readonly masking: "none" | "merge" | "zero" | "select" | "required";
  readonly alternative: boolean;
  readonly idiom: "same" | "ones" | null;
  readonly uses: readonly number[];
  readonly defs: readonly number[];
}

export const sizeBit = (size: number): number => size >> 3;

const GP_NAMES = [
  "rax",
  "rcx",
  "rdx",
  "rbx",
  "rsp",
  "rbp",
  "rsi",
  "rdi",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
];
const PREFIXES: Record<string, 0 | 1 | 2 | 3> = { np: 0, "66": 1, f3: 2, f2: 3 };
const MAPS: Record<string, 1 | 2 | 3> = { "0f": 1, "38": 2, "3a": 3 };
const OPERAND = /^(?:([RMrmSHLOAC])([vhqexkgbwdD_])([=+]?)|(I|u8|i8|i32|i64|J|one))$/;

export function parseForms(lines: readonly string[]): readonly Form[] {
  return lines.flatMap((line) =>
    line.startsWith("ve ") ? [parse(line, "v"), parse(line, "e")] : [parse(line, line[0] ?? "")],
  );
}

function parse(line: string, kind: string): Form {
  const [, encoding = "", ...rest] = line.split(" ");
  const legacy = kind === "g";
  const opcodeText = legacy ? (encoding.split(".").at(-1) ?? "") : (rest.shift() ?? "");
  const [prefix = "", map = "", w = ""] = legacy
    ? encoding.includes(".")
      ? encoding.split(".")
      : ["np"]
    : encoding.split(".");
  const [bytes = "", digit] = opcodeText.split("/");
  const operands: FormOperand[] = [];
  let attributes = rest.length;
  for (const [at, token] of rest.entries()) {
    const match = OPERAND.exec(token);
    if (match === null) {
      attributes = at;
      break;
    }
    operands.push(operand(match));
  }
  const attribute = attributesOf(rest.slice(attributes));
  const first = operands[0];
  const toVector = first !== undefined && first.role !== "r" && "vhqex".includes(first.kind);
  return {
    encoding: legacy ? "legacy" : kind === "e" ? "evex" : "vex",
    operands,
    sizes: (attribute.sizes ?? defaultSizes(kind, w, operands, attribute.flags)) & (kind === "v" ? ~sizeBit(512) : ~0),
    prefix: PREFIXES[prefix] ?? 0,
    map: legacy ? 0 : (MAPS[map] ?? 0),
    w: w === "wg" ? "size" : w === "w1" || (w === "w01" && kind === "e") ? 1 : 0,
    opcode: (bytes.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)),
    digit: digit === undefined ? null : Number(digit),
    longVex: attribute.flags.has("l1"),
    byteForm: attribute.flags.has("b"),
    noRexW: attribute.flags.has("d64"),
    tuple: attribute.tuple,
    masking: masking(kind, attribute.flags, toVector && first.place !== "m"),
    alternative: attribute.flags.has("alt"),
    idiom: attribute.flags.has("idiom") ? "same" : attribute.flags.has("ones") ? "ones" : null,
    uses: attribute.uses,
    defs: attribute.defs,
  };
}

function operand([, place, kind, role, other]: RegExpExecArray): FormOperand {
  // The pattern allows nothing else.
  if (other !== undefined) return { place: (other === "u8" ? "I" : other) as Place, kind: "_", role: "r" };
  return { place: place as Place, kind: kind as Kind, role: role === "=" ? "w" : role === "+" ? "rw" : "r" };
}

function attributesOf(tokens: readonly string[]) {
  const found = {
    sizes: null as number | null,
    tuple: null as Tuple | null,
    flags: new Set<string>(),
    uses: [] as number[],
    defs: [] as number[],
  };
  for (const token of tokens) {
    const numbers = /^([sn])([\d.]+)$/.exec(token);
    const registers = /^(use|def)=(.+)$/.exec(token);
    if (numbers?.[1] === "s")
      found.sizes = (numbers[2] ?? "").split(".").reduce((set, size) => set | sizeBit(Number(size)), 0);
    else if (numbers?.[1] === "n") found.tuple = Number(numbers[2]);
    else if (registers !== null)
      found[registers[1] === "use" ? "uses" : "defs"].push(
        ...(registers[2] ?? "").split(",").map((name) => GP_NAMES.indexOf(name)),
      );
    else if (/^(fv32|fv64|hv32|[fhqe]vm|ng)$/.test(token)) found.tuple = token as Tuple;
    else found.flags.add(token);
  }
  return found;
}

function defaultSizes(kind: string, w: string, operands: readonly FormOperand[], flags: ReadonlySet<string>): number {
  const sizes = (...list: number[]) => list.reduce((set, size) => set | sizeBit(size), 0);
  if (kind === "g") return flags.has("b") ? sizes(8, 16, 32, 64) : sizes(16, 32, 64);
  if (kind === "k") return sizes(8, 16, 32, 64, 128, 256, 512);
  if (w === "wg") return sizes(32, 64);
  // Scalars have no operand of the whole vector's length.
  if (operands.length > 0 && operands.every(({ kind: type }) => !"vhqe".includes(type))) return sizes(128);
  return kind === "v" ? sizes(128, 256) : sizes(128, 256, 512);
}

function masking(kind: string, flags: ReadonlySet<string>, toVectorRegister: boolean): Form["masking"] {
  if (kind !== "e" || flags.has("nk")) return "none";
  if (flags.has("km")) return "required";
  if (flags.has("select")) return "select";
  return toVectorRegister ? "zero" : "merge";
}

/** Bytes of the memory operand at a size. */
export function memoryBytes(tuple: Tuple | null, size: number, isBroadcast: boolean): number {
  switch (tuple) {
    case null:
    case "fvm":
      return size / 8;
    case "fv32":
      return isBroadcast ? 4 : size / 8;
    case "fv64":
      return isBroadcast ? 8 : size / 8;
    case "hv32":
      return isBroadcast ? 4 : size / 16;
    case "hvm":
      return size / 16;
    case "qvm":
      return size / 32;
    case "evm":
      return size / 64;
    case "ng":
      return size / 8;
    default:
      return tuple;
  }
}

/** Bytes of one repeated element, or null where memory is never repeated. */
export function broadcastBytes(tuple: Tuple | null): 4 | 8 | null {
  return tuple === "fv32" || tuple === "hv32" ? 4 : tuple === "fv64" ? 8 : null;
}

/** Bytes that an instruction reads or writes in memory, where that is operand number `at`. */
export function accessBytes(form: Form, at: number, size: number, isBroadcast: boolean): number {
  const element = isBroadcast ? broadcastBytes(form.tuple) : null;
  if (element !== null) return element;
  const { kind, place } = form.operands[at] as FormOperand;
  // Compressed and expanded vectors count displacements in elements, but are whole vectors at most.
  if (kind === "v" && place !== "S") return size / 8;
  if (form.tuple !== null) return memoryBytes(form.tuple, size, false);
  if (kind === "D") return 8;
  return kind === "b" ? 1 : size / 8;
}

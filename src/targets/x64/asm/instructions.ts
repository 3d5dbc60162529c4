// All instructions that can be written: names, and the forms each name has.
import { type Form, parseForms } from "./form.js";
import { FLOAT } from "./table/float.js";
import { CONDITIONS, type Condition, conditional, GENERAL } from "./table/general.js";
import { INTEGER } from "./table/integer.js";
import { MASKS } from "./table/masks.js";
import { MOVES } from "./table/moves.js";

const TABLE = { ...GENERAL, ...FLOAT, ...INTEGER, ...MOVES, ...MASKS } as const;

export type { Condition } from "./table/general.js";

type Plain = keyof typeof TABLE;
export type Mnemonic = Plain | `${"j" | "set" | "cmov"}${Condition}`;

const parsed = new Map<Mnemonic, readonly Form[]>();

/** The forms of an instruction, in the order in which they are tried. */
export function formsOf(op: Mnemonic): readonly Form[] {
  let forms = parsed.get(op);
  if (forms === undefined) {
    forms = parseForms(notation(op));
    parsed.set(op, forms);
  }
  return forms;
}

/** Every name, for tests and generators. */
export function mnemonics(): readonly Mnemonic[] {
  // Object.keys forgets the key type of a closed literal.
  const conditions = Object.keys(CONDITIONS) as Condition[];
  return [
    ...(Object.keys(TABLE) as Plain[]),
    ...conditions.flatMap((condition) => [`j${condition}`, `set${condition}`, `cmov${condition}`] as const),
  ];
}

function notation(op: Mnemonic): readonly string[] {
  if (isPlain(op)) return TABLE[op];
  const [, kind, condition] = /^(j|set|cmov)(.+)$/.exec(op) ?? [];
  // A mnemonic outside the table is one of the three kinds with a condition: that is its type.
  return conditional(kind as "j" | "set" | "cmov", condition as Condition);
}

function isPlain(op: Mnemonic): op is Plain {
  return Object.hasOwn(TABLE, op);
}

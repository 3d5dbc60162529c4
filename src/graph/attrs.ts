// Attributes of nodes: their types, structural hash and equality.
import { InternalError } from "../base/index.js";

export type AttrValue = number | string | boolean | null | readonly AttrValue[];
/** Compile-time arguments of a node: part of its identity. */
export type Attrs = Readonly<Record<string, AttrValue>>;

/** A 32-bit mixing step (MurmurHash3's). */
export function mix(h: number, value: number): number {
  let k = Math.imul(value | 0, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let x = h ^ Math.imul(k, 0x1b873593);
  x = (x << 13) | (x >>> 19);
  return (Math.imul(x, 5) + 0xe6546b64) | 0;
}

const textHashes = new Map<string, number>();

export function hashText(text: string): number {
  const known = textHashes.get(text);
  if (known !== undefined) return known;
  let h = 0;
  for (let i = 0; i < text.length; i++) h = mix(h, text.charCodeAt(i));
  if (textHashes.size < 4096) textHashes.set(text, h);
  return h;
}

/** Hash of names and values. */
export function hashAttrs(attrs: Attrs): number {
  let h = 0;
  for (const key in attrs) h = mix(mix(h, hashText(key)), hashValue(attrs[key] as AttrValue));
  return h;
}

function hashValue(value: AttrValue): number {
  if (typeof value === "number") return Number.isInteger(value) ? value : hashText(String(value));
  if (typeof value === "string") return hashText(value);
  if (value === null) return 7;
  if (typeof value === "boolean") return value ? 11 : 13;
  let h = 17;
  for (const item of value) h = mix(h, hashValue(item));
  return h;
}

/** Structural equality of attributes. */
export function attrsEqual(a: AttrValue | Attrs, b: AttrValue | Attrs): boolean {
  if (a === b) return true;
  if (typeof a === "number" && typeof b === "number") return Object.is(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && listsEqual(a, b);
  if (Array.isArray(b)) return false;
  const [left, right] = [a as Attrs, b as Attrs];
  let count = 0;
  for (const key in left) {
    if (!(key in right && attrsEqual(left[key] as AttrValue, right[key] as AttrValue))) return false;
    count++;
  }
  for (const _ in right) count--;
  return count === 0;
}

function listsEqual(a: readonly AttrValue[], b: readonly AttrValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!attrsEqual(a[i] as AttrValue, b[i] as AttrValue)) return false;
  return true;
}

/** The attribute `key` as the type the caller knows it to have. */
export function attr<T extends AttrValue>(node: { readonly attrs: Attrs }, key: string): T {
  const value = node.attrs[key];
  if (value === undefined) throw new InternalError(`attribute ${key} is missing`);
  return value as T;
}

// float16 and bfloat16 as numbers: conversions by bits, rounding half to even. JavaScript has no such arrays on Node 20, so
// memory holds the 16 bits and values are read as float32, which has all of them.

/** The floating-point formats of 16 bits. */
export type HalfType = "float16" | "bfloat16";

const word = new DataView(new ArrayBuffer(4));

function bitsOf(x: number): number {
  word.setFloat32(0, x);
  return word.getUint32(0);
}

function numberOf(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

/** The bits of the float32 with the value of float16 `half`; a NaN keeps its payload. */
function widenFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent === 0) return (sign | bitsOf(fraction * 2 ** -24)) >>> 0; // zero, or a subnormal: exact in float32
  return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
}

/** The float16 nearest to the float32 of these bits; NaN stays NaN, what is too large becomes infinite. */
function narrowToFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7c00 | 0x200 | ((size >> 13) & 0x3ff);
  if (size >= 0x477ff000) return sign | 0x7c00; // from 65520 on
  if (size < 0x38800000) return sign | Math.round(halfEven(numberOf(size) * 2 ** 24)); // below 2^-14: steps of 2^-24
  return sign | ((size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13);
}

function halfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

function narrowToBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40; // NaN: quiet, as rounding could make it infinite
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The number that 16 bits stand for. */
export function halfToNumber(dtype: HalfType, bits: number): number {
  return numberOf(dtype === "float16" ? widenFloat16(bits) : bits << 16);
}

/** The 16 bits of the value nearest to float32 `x`. */
export function numberToHalf(dtype: HalfType, x: number): number {
  const bits = bitsOf(x);
  return dtype === "float16" ? narrowToFloat16(bits) : narrowToBfloat16(bits);
}

/** `x`, rounded to float32 and then to the nearest value of `dtype`, as one operation in float32 and its conversion would. */
export function roundToHalf(dtype: HalfType, x: number): number {
  return halfToNumber(dtype, numberToHalf(dtype, x));
}

/** The values of 16-bit patterns, every NaN with its payload. */
export function widenHalves(dtype: HalfType, halves: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) {
    const half = halves[i] as number;
    bits[i] = dtype === "float16" ? widenFloat16(half) : half << 16;
  }
  return new Float32Array(bits.buffer);
}

/** The 16-bit patterns nearest to float32 values. What `widenHalves` gave becomes what it was. */
export function narrowToHalves(dtype: HalfType, values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < halves.length; i++) {
    const x = bits[i] as number;
    halves[i] = isExact(dtype, x)
      ? exactHalf(dtype, x)
      : dtype === "float16"
        ? narrowToFloat16(x)
        : narrowToBfloat16(x);
  }
  return halves;
}

/** A NaN that came from 16 bits goes back as it was, even if it is a signalling one. */
function isExact(dtype: HalfType, bits: number): boolean {
  return (bits & 0x7fffffff) > 0x7f800000 && (bits & (dtype === "float16" ? 0x1fff : 0xffff)) === 0;
}

function exactHalf(dtype: HalfType, bits: number): number {
  if (dtype === "bfloat16") return bits >>> 16;
  return ((bits >>> 16) & 0x8000) | 0x7c00 | ((bits >> 13) & 0x3ff);
}

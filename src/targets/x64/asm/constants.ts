// The constants of a piece of code: deduplicated, aligned, placed behind it and read relative to the instruction pointer.
import { type Label, type Mem, memAt, newLabel } from "./operands.js";

interface Constant {
  readonly label: Label;
  readonly data: Uint8Array;
  align: number;
}

export class ConstantPool {
  readonly #constants = new Map<string, Constant>();

  /** A place that holds these bytes, aligned to `align` (a power of two, at most 64). */
  bytes(data: Uint8Array, align = 1): Mem {
    const key = Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
    let constant = this.#constants.get(key);
    if (constant === undefined) {
      constant = {
        label: newLabel(`const_${key.length > 32 ? `${key.slice(0, 16)}_${data.length}` : key}`),
        data,
        align,
      };
      this.#constants.set(key, constant);
    }
    constant.align = Math.max(constant.align, align);
    return memAt(constant.label);
  }

  f32(value: number): Mem {
    return this.vector(new Float32Array([value]));
  }

  f64(value: number): Mem {
    return this.vector(new Float64Array([value]));
  }

  i32(value: number): Mem {
    return this.vector(new Int32Array([value]));
  }

  i64(value: bigint): Mem {
    return this.vector(new BigInt64Array([value]));
  }

  /** The elements of an array, aligned to the size of the whole. */
  vector(values: Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array): Mem {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    return this.bytes(data, Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(1, data.length)))));
  }

  /** All constants in an order that needs no gaps, most aligned first: offsets relative to a place aligned to 64 bytes. */
  layout(): { bytes: Uint8Array<ArrayBuffer>; places: { label: Label; offset: number; size: number }[] } {
    const ordered = [...this.#constants.values()].sort((a, b) => b.align - a.align);
    const places: { label: Label; offset: number; size: number }[] = [];
    let end = 0;
    for (const { label, data, align } of ordered) {
      const offset = Math.ceil(end / align) * align;
      places.push({ label, offset, size: data.length });
      end = offset + data.length;
    }
    const bytes = new Uint8Array(end);
    ordered.forEach(({ data }, at) => {
      bytes.set(data, places[at]?.offset);
    });
    return { bytes, places };
  }
}

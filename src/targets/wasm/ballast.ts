// What tells the engine how large a tensor is whose bytes lie in the wasm memory.

type ResizableBuffer = new (byteLength: number, options: { readonly maxByteLength: number }) => ArrayBuffer;

/** Smaller ones do not matter to the engine, and each is a mapping of its own. */
const leastBytes = 1 << 20;

/**
 * Engines weigh what was made since the last collection, from 64 MiB on, and a collection costs as much as some 100 MiB of
 * results: half of them are shown. Measured with products of 16 MiB each on 2 cores, which made more calls than with all of them shown.
 */
const shownShare = 0.5;

/**
 * A buffer nobody ever touches: address space, no memory. Held by whoever stands for `bytes` bytes elsewhere, it makes the engine
 * collect garbage though it does not see those bytes. Null for small ones, and where the host has no such buffer.
 *
 * It can be resized because engines map those afresh; others may be zeroed memory used before: 1.7 ms for 16 MiB, against 0.02.
 */
export function makeBallast(bytes: number): ArrayBuffer | null {
  if (bytes < leastBytes || !("resizable" in ArrayBuffer.prototype)) return null;
  const shown = Math.ceil(bytes * shownShare);
  try {
    // TypeScript's ES2023 does not know the second argument.
    return new (ArrayBuffer as ResizableBuffer)(shown, { maxByteLength: shown });
  } catch {
    return null; // address space is short: bytes stay out of the engine's sight
  }
}

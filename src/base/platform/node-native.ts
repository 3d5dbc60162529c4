// Native memory and calls for Node: Linux on x86-64, through koffi, which is optional.
import { createRequire } from "node:module";
import { gatedSource, throughGate } from "./node-gate.js";
import type { Native, NativeAccess } from "./platform.js";

/** The part of koffi that is used. Its own types would make it a must for whoever compiles against Gradus. */
interface Koffi {
  load(path: string | null): { func(definition: string): (...args: unknown[]) => number };
  proto(definition: string): object;
  decode(address: number, type: object): (...args: number[]) => number;
  address(memory: ArrayBuffer | Uint8Array): bigint;
  errno(): number;
  readonly os: { readonly errno: Readonly<Record<string, number>> };
}

/** `mmap` and friends, from the headers of Linux on x86-64. */
const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MADV_DONTNEED = 4;
const MADV_HUGEPAGE = 14;
/** Of glibc's `mallopt`. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
/** The largest that glibc takes. */
const mostMmapThreshold = 32 << 20;

const pageBytes = 4096;
const hugePageBytes = 2 << 20;

const prototype = (parameters: number): string => `int64_t (${new Array(parameters).fill("int64_t").join(", ")})`;

let known: NativeAccess | null = null;

/** What can be had, found out once. */
export function native(): NativeAccess {
  known ??= find();
  return known;
}

function find(): NativeAccess {
  if (process.platform !== "linux" || process.arch !== "x64") {
    const reason = `machine code is made for Linux on x86-64, this is ${process.platform} on ${process.arch}`;
    return { native: null, reason, isExpected: false };
  }
  // Bundles in CommonJS have no import.meta.url.
  const require = createRequire(import.meta.url ?? `${process.cwd()}/`);
  let path: string;
  try {
    path = require.resolve("koffi");
  } catch {
    return unavailable("koffi is not installed (an optional dependency: npm install koffi)");
  }
  try {
    return throughGate(() => ({
      native: new KoffiNative(require(path) as Koffi, path),
      reason: null,
      isExpected: true,
    }));
  } catch (error) {
    return unavailable(`koffi does not load: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unavailable(reason: string): NativeAccess {
  return { native: null, reason, isExpected: true };
}

/** The system maps whole pages, and at least one. */
function pagesFor(codeBytes: number): number {
  return roundUp(Math.max(codeBytes, 1), pageBytes);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Reads a double at any address: the system answers with an error where a load would end the process. */
class Peephole {
  readonly #value = new Float64Array(1);
  /** Two of the system's `iovec`: where to, and from where; address and size each. */
  readonly #vectors = new BigInt64Array(4);
  readonly #address: number;
  readonly #koffi: Koffi;
  readonly #read: (...args: number[]) => number;

  constructor(koffi: Koffi, read: (...args: number[]) => number) {
    this.#koffi = koffi;
    this.#read = read;
    this.#vectors.set([koffi.address(this.#value.buffer), 8n, 0n, 8n]);
    this.#address = Number(koffi.address(this.#vectors.buffer));
  }

  /** Null where no memory is; undefined where the system does not let us read. */
  doubleAt(address: number): number | null | undefined {
    this.#vectors[2] = BigInt(address);
    const bytes = this.#read(process.pid, this.#address, 1, this.#address + 16, 1, 0);
    if (bytes === 8) return this.#value[0] as number;
    return this.#koffi.errno() === this.#koffi.os.errno.EFAULT ? null : undefined;
  }
}

function countBits(byte: number): number {
  let count = 0;
  for (let left = byte; left !== 0; left &= left - 1) count++;
  return count;
}

/** Which processors threads may run on. */
class Affinity {
  readonly #processor: () => number;
  readonly #get: (thread: number, bytes: number, mask: Uint8Array) => number;
  readonly #set: (thread: number, bytes: number, mask: Uint8Array) => number;
  /** A bit for each processor, as many as the system's own type has. */
  readonly #mask = new Uint8Array(128);

  /** Throws where the C library lacks one of the calls. */
  constructor(libc: ReturnType<Koffi["load"]>) {
    this.#processor = libc.func("int sched_getcpu()");
    this.#get = libc.func("int sched_getaffinity(int, int64_t, _Out_ uint8_t *)");
    this.#set = libc.func("int sched_setaffinity(int, int64_t, const uint8_t *)");
  }

  processor(): number | undefined {
    const number = this.#processor();
    return number < 0 ? undefined : number;
  }

  keepOff(processor: number, threads: readonly number[]): void {
    const mask = this.#mask;
    if (processor >= mask.length * 8 || this.#get(0, mask.length, mask) !== 0) return;
    mask[processor >> 3] = (mask[processor >> 3] as number) & ~(1 << (processor & 7));
    if (mask.reduce((count, bits) => count + countBits(bits), 0) < threads.length) return;
    // A refusal costs speed only.
    for (const thread of threads) this.#set(thread, mask.length, mask);
  }
}

class KoffiNative implements Native {
  readonly workerFunctionAt: string;
  readonly #koffi: Koffi;
  readonly #libc: ReturnType<Koffi["load"]>;
  readonly #mmap: (address: number, bytes: number, prot: number, flags: number, fd: number, offset: number) => number;
  readonly #munmap: (address: number, bytes: number) => number;
  readonly #mprotect: (address: number, bytes: number, prot: number) => number;
  readonly #madvise: (address: number, bytes: number, advice: number) => number;
  readonly #memcpy: (to: number, from: Uint8Array, bytes: number) => number;
  readonly #affinity: Affinity | null;
  /** Null where the C library has no such call; undefined until somebody asks. */
  #peephole: Peephole | null | undefined;

  constructor(koffi: Koffi, path: string) {
    // Every thread has to load a library before its first call. The process itself has all of libc that is needed.
    const libc = koffi.load(null);
    this.#koffi = koffi;
    this.#libc = libc;
    this.#mmap = libc.func("int64_t mmap(int64_t, int64_t, int, int, int, int64_t)");
    this.#munmap = libc.func("int munmap(int64_t, int64_t)");
    this.#mprotect = libc.func("int mprotect(int64_t, int64_t, int)");
    this.#madvise = libc.func("int madvise(int64_t, int64_t, int)");
    this.#memcpy = libc.func("int64_t memcpy(int64_t, const void *, int64_t)");
    this.#affinity = this.#findAffinity();
    this.workerFunctionAt = `((address, parameters) => ${gatedSource(`
      const koffi = require(${JSON.stringify(path)});
      koffi.load(null);
      return koffi.decode(address, koffi.proto("int64_t (" + Array(parameters).fill("int64_t").join(", ") + ")"));
    `)})`;
  }

  mapCode(code: Uint8Array): number {
    const bytes = pagesFor(code.length);
    const address = this.#mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (address === -1) throw this.#refused("mmap");
    this.#memcpy(address, code, code.length);
    if (this.#mprotect(address, bytes, PROT_READ | PROT_EXEC) !== 0) {
      const error = this.#refused("mprotect");
      this.#munmap(address, bytes);
      throw error;
    }
    return address;
  }

  unmapCode(address: number, codeBytes: number): void {
    if (this.#munmap(address, pagesFor(codeBytes)) !== 0) throw this.#refused("munmap");
  }

  addressOf(buffer: ArrayBufferLike): number {
    // Shared buffers are only accepted as typed arrays; addresses of user space are below 2^47.
    return Number(this.#koffi.address(buffer instanceof ArrayBuffer ? buffer : new Uint8Array(buffer)));
  }

  wishHugePages(address: number, bytes: number): void {
    const from = roundUp(address, hugePageBytes);
    const to = Math.floor((address + bytes) / hugePageBytes) * hugePageBytes;
    // A system without them says no, which costs speed only.
    if (to > from) this.#madvise(from, to - from, MADV_HUGEPAGE);
  }

  giveBackPages(address: number, bytes: number): void {
    const from = roundUp(address, pageBytes);
    const to = Math.floor((address + bytes) / pageBytes) * pageBytes;
    if (to > from) this.#madvise(from, to - from, MADV_DONTNEED);
  }

  giveBackFreedMemory(): void {
    this.#find("int malloc_trim(int64_t)")?.(0);
  }

  doubleAt(address: number): number | null | undefined {
    if (this.#peephole === undefined) {
      const read = this.#find("int64_t process_vm_readv(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)");
      this.#peephole = read && new Peephole(this.#koffi, read);
    }
    return this.#peephole?.doubleAt(address);
  }

  keepFreedMemory(bytes: number): void {
    const mallopt = this.#find("int mallopt(int, int)");
    mallopt?.(M_MMAP_THRESHOLD, mostMmapThreshold);
    mallopt?.(M_TRIM_THRESHOLD, bytes);
  }

  processor(): number | undefined {
    return this.#affinity?.processor();
  }

  keepOff(processor: number, threads: readonly number[]): void {
    this.#affinity?.keepOff(processor, threads);
  }

  #findAffinity(): Affinity | null {
    try {
      return new Affinity(this.#libc);
    } catch {
      return null;
    }
  }

  /** Null where the C library has no such function. */
  #find(definition: string): ((...args: number[]) => number) | null {
    try {
      return throughGate(() => this.#libc.func(definition));
    } catch {
      return null;
    }
  }

  functionAt(address: number, parameters: number): (...args: number[]) => number {
    // Measured: 35 ns a call of a decoded function, 170 ns by koffi.call.
    return throughGate(() => this.#koffi.decode(address, this.#koffi.proto(prototype(parameters))));
  }

  #refused(call: string): Error {
    const { os } = this.#koffi;
    const number = this.#koffi.errno();
    const name = Object.keys(os.errno).find((key) => os.errno[key] === number) ?? `error ${number}`;
    return new Error(`the system refuses executable memory (${call}: ${name})`);
  }
}

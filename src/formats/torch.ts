// PyTorch's own files: zip archives since PyTorch 1.6, and the pickles before. Read without running code, and written.
import { checkBytes, checkText, FormatError, noMore } from "../base/index.js";
import { pickle } from "./pickle.js";
import { elementTypes, rebuildTensor, storageDTypes, TorchStorage } from "./torch-tensors.js";
import { type GlobalName, type UnpickleHandlers, unpickle } from "./unpickle.js";
import { isZip, readZip, writeZip } from "./zip.js";

/** What PyTorch's files hold besides tensors: nested dicts (as objects), lists and tuples (as arrays), numbers, texts. */
export type TorchValue = unknown;

function fail(name: string, text: string): FormatError {
  return new FormatError(`torch: ${name} ${text}`, { op: "torch" });
}

/** The classes and functions that stand for data. Whatever else a file names is refused. */
class Handlers implements UnpickleHandlers {
  constructor(
    private readonly name: string,
    private readonly storage: (key: string, dtype: string, elements: number, view: unknown) => TorchStorage,
  ) {}

  call({ module, name }: GlobalName, args: readonly unknown[]): unknown {
    const called = `${module}.${name}`;
    switch (called) {
      case "collections.OrderedDict":
        return fromPairs(this.name, args[0]);
      case "collections.Counter":
        return args[0] ?? {};
      case "collections.defaultdict":
      case "builtins.dict":
        return {};
      case "torch._utils._rebuild_tensor":
      case "torch._utils._rebuild_tensor_v2":
        return rebuildTensor(this.name, args[0], args[1], args[2], args[3]);
      case "torch._utils._rebuild_tensor_v3":
        return rebuildTensor(this.name, args[0], args[1], args[2], args[3], dtypeName(args[6]));
      case "torch._utils._rebuild_parameter":
      case "torch._utils._rebuild_parameter_with_state":
      case "torch.nn.parameter.Parameter":
      case "torch.nn.parameter.Buffer":
        return args[0] ?? null;
      case "torch.Size":
      case "builtins.tuple":
      case "builtins.list":
        return Array.isArray(args[0]) ? [...args[0]] : [];
      case "builtins.set":
      case "builtins.frozenset":
      case "__builtin__.set":
        return new Set(Array.isArray(args[0]) ? args[0] : []);
      case "torch.device":
        return args.join(":");
      case "_codecs.encode":
        return encoded(this.name, args);
      default:
        throw this.refused(called);
    }
  }

  value({ module, name }: GlobalName): unknown {
    if (module === "torch" || module === "torch.storage") {
      if (Object.hasOwn(storageDTypes, name) || /^(float|int|uint|bfloat|bool)\d*$/.test(name)) return `torch.${name}`;
    }
    throw this.refused(`${module}.${name}`);
  }

  persistent(id: unknown): TorchStorage {
    if (!Array.isArray(id) || id[0] !== "storage") throw fail(this.name, "refers to an object that is no storage");
    const [, type, key, , elements, view = null] = id as unknown[];
    const dtype = storageDTypes[String(type).replace("torch.", "")];
    if (dtype === undefined) throw fail(this.name, `has a storage of unknown type ${String(type)}`);
    if (typeof key !== "string" || !Number.isSafeInteger(elements)) throw fail(this.name, "has a damaged storage");
    return this.storage(key, dtype, elements as number, view);
  }

  private refused(what: string): FormatError {
    return fail(
      this.name,
      `names ${what}, which is not plain data, and no code of files is run; save model.state_dict() in PyTorch and load that`,
    );
  }
}

function fromPairs(name: string, pairs: unknown): object {
  const dict = {};
  if (pairs === undefined) return dict;
  if (!Array.isArray(pairs)) throw fail(name, "has a damaged ordered dict");
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || !["string", "number"].includes(typeof pair[0])) {
      throw fail(name, "has a damaged ordered dict");
    }
    Object.defineProperty(dict, String(pair[0]), {
      value: pair[1],
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return dict;
}

function dtypeName(value: unknown): string {
  return String(value).replace("torch.", "");
}

/** How protocol 2 writes bytes: as Latin-1 text. */
function encoded(name: string, [text, encoding]: readonly unknown[]): Uint8Array {
  if (typeof text === "string" && encoding === "latin1") return Uint8Array.from(text, (c) => c.charCodeAt(0));
  throw fail(name, "has bytes in an unknown encoding");
}

/**
 * Reads the bytes of a file that `torch.save` wrote (`.pt`, `.pth`, `.bin`): its tensors and plain data.
 *
 * Dicts become objects, lists and tuples arrays, sets Sets; parameters are tensors; dtypes and bits stay. Only plain data is read, as with PyTorch's `weights_only=True`: classes and functions that
 * a pickle names are refused, none is run.
 * @param name - the file, for error messages.
 * @throws FormatError if the file is truncated, damaged, or holds more than plain data.
 * @throws ArgumentError unless it is given a Uint8Array.
 * @example model.loadStateDict(decodeTorch(bytes) as Record<string, Tensor>)
 */
export function decodeTorch(bytes: Uint8Array, name = "bytes", ...surplus: []): TorchValue {
  noMore("decodeTorch", surplus);
  checkBytes("decodeTorch", "bytes", bytes);
  checkText("decodeTorch", "name", name);
  return isZip(bytes) ? decodeArchive(bytes, name) : decodeLegacy(bytes, name);
}

function decodeArchive(bytes: Uint8Array, name: string): TorchValue {
  const entries = readZip(bytes, name);
  const main = [...entries.keys()].find((entry) => /^[^/]+\/data\.pkl$/.test(entry));
  if (!main) throw fail(name, "is a zip archive but not one of torch.save");
  const root = main.slice(0, -"data.pkl".length);
  if (entries.has(`${root}constants.pkl`))
    throw fail(name, "is a TorchScript archive; save its state_dict() with torch.save");
  const order = entries.get(`${root}byteorder`);
  if (order && new TextDecoder().decode(order) !== "little") throw fail(name, "was written on a big-endian machine");
  const handlers = new Handlers(name, (key, dtype) => {
    const data = entries.get(`${root}data/${key}`);
    if (!data) throw fail(name, `lacks the storage ${key}`);
    return new TorchStorage(dtype, data);
  });
  return unpickle(entries.get(main) as Uint8Array, 0, name, handlers).value;
}

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** Four pickles (magic number, protocol, machine, data), then the storages' keys and their bytes in that order. */
function decodeLegacy(bytes: Uint8Array, name: string): TorchValue {
  const plain = new Handlers(name, () => {
    throw fail(name, "has a storage where none belongs");
  });
  let at = 0;
  const next = (handlers: UnpickleHandlers): unknown => {
    const { value, end } = unpickle(bytes, at, name, handlers);
    at = end;
    return value;
  };
  if (bytes.length === 0 || bytes[0] !== 0x80 || next(plain) !== LEGACY_MAGIC) {
    throw fail(name, "is not a file of torch.save");
  }
  if (next(plain) !== LEGACY_PROTOCOL) throw fail(name, "is of an unknown version of the legacy format");
  const machine = next(plain) as { little_endian?: unknown };
  if (machine?.little_endian !== true) throw fail(name, "was written on a big-endian machine");
  const start = at;
  // The bytes come after the pickle that refers to them: a first pass finds where it ends, and the storages' types.
  const dtypes = new Map<string, string>();
  next(
    new Handlers(name, (key, dtype, _elements, view) => {
      dtypes.set(key, dtype);
      return viewOf(name, new TorchStorage(dtype, null), view);
    }),
  );
  const keys = next(plain);
  const storages = readStorages(bytes, at, name, keys, dtypes);
  at = start;
  return next(
    new Handlers(name, (key, _dtype, _elements, view) => {
      const storage = storages.get(key);
      if (!storage) throw fail(name, `lacks the storage ${key}`);
      return viewOf(name, storage, view);
    }),
  );
}

/** A storage that begins later in another one: [key, offset, size]. */
function viewOf(name: string, storage: TorchStorage, view: unknown): TorchStorage {
  if (view === null) return storage;
  const offset = Array.isArray(view) ? view[1] : undefined;
  if (!Number.isSafeInteger(offset) || offset < 0) throw fail(name, "has a damaged view of a storage");
  return new TorchStorage(storage.dtype, storage.bytes, offset);
}

function readStorages(
  bytes: Uint8Array,
  start: number,
  name: string,
  keys: unknown,
  dtypes: ReadonlyMap<string, string>,
): Map<string, TorchStorage> {
  if (!Array.isArray(keys)) throw fail(name, "lacks the list of its storages");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, TorchStorage>();
  let at = start;
  for (const key of keys) {
    const dtype = dtypes.get(String(key));
    if (dtype === undefined) throw fail(name, `has the storage ${String(key)}, to which nothing refers`);
    const size = elementSize(name, dtype);
    if (at + 8 > bytes.length) throw fail(name, `is truncated before the storage ${String(key)}`);
    const length = Number(view.getBigInt64(at, true)) * size;
    at += 8;
    if (!(length >= 0 && at + length <= bytes.length)) throw fail(name, `is truncated in the storage ${String(key)}`);
    storages.set(String(key), new TorchStorage(dtype, bytes.subarray(at, at + length)));
    at += length;
  }
  return storages;
}

function elementSize(name: string, dtype: string): number {
  const type = elementTypes[dtype];
  if (type) return type.size;
  throw fail(name, `has a storage of dtype ${dtype || "unknown"}`);
}

/**
 * The bytes of a file that `torch.load(file, weights_only=True)` reads: tensors, and around them objects (dicts), arrays (lists),
 * Maps (dicts with the keys' own types), numbers (integers are ints), bigints, texts, booleans and null.
 * @throws FormatError if a value has no form in PyTorch, such as a function.
 * @example encodeTorch({ model: model.stateDict(), epoch: 3 })
 */
export function encodeTorch(value: TorchValue, ...surplus: []): Uint8Array {
  noMore("encodeTorch", surplus);
  const { bytes, storages } = pickle(value);
  const text = (content: string) => new TextEncoder().encode(content);
  return writeZip([
    ["archive/data.pkl", bytes],
    ["archive/byteorder", text("little")],
    ...storages.map((data, i) => [`archive/data/${i}`, data] as const),
    ["archive/version", text("3\n")],
  ]);
}

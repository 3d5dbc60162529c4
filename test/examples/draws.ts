// Initial weights, batches, noise and dropout masks of the example programs, as test/fixtures/examples.py makes them.
import { readFileSync } from "node:fs";
import { type DType, noGrad, type Tensor, tensor } from "gradus";
import { parseIdx } from "gradus/data";
import * as nn from "gradus/nn";
import { generate, type Kind, textSeed } from "../conformance/inputs.js";

const fixtures = new URL("../fixtures/examples/", import.meta.url);

/** Numbers of one program in one dtype, by name. */
export class Draws {
  constructor(
    readonly program: string,
    readonly dtype: DType,
  ) {}

  values(name: string, count: number, kind: Kind): Float64Array {
    return generate(textSeed(`${this.program}:${name}`), count, kind);
  }

  tensor(name: string, shape: readonly number[], kind: Kind = "normal"): Tensor {
    const count = shape.reduce((product, size) => product * size, 1);
    return this.from(this.values(name, count, kind)).view(shape);
  }

  /** Doubles in the dtype of the run. */
  from(values: Float64Array): Tensor {
    return tensor(values, { dtype: this.dtype });
  }

  indices(name: string, count: number, high: number): number[] {
    return Array.from(this.values(name, count, ["int", 0, high]));
  }

  /** Gives a model its initial weights and its dropout layers their masks. */
  prepare<M extends nn.Module>(model: M, prefix = ""): M {
    model.to(this.dtype).train();
    noGrad(() => {
      for (const [key, parameter] of model.namedParameters()) {
        parameter.copy_(this.tensor(`${prefix}${key}`, parameter.shape, weightKind(key, parameter.shape)));
      }
    });
    for (const [path, module] of model.namedModules()) {
      if (module instanceof nn.Dropout) module.registerForwardHook(this.masked(`${prefix}${path}`, module.p));
      // It has no module of its own whose draws could be replaced.
      if (module instanceof nn.MultiheadAttention) Object.assign(module, { dropout: 0 });
    }
    return model;
  }

  private masked(path: string, p: number) {
    let calls = 0;
    return (_module: nn.Dropout, args: readonly unknown[]): Tensor => {
      const x = args[0] as Tensor;
      const kept = this.values(`${path}:${calls}`, x.numel(), ["uniform", 0, 1]).map((u) => (u >= p ? 1 : 0));
      calls += 1;
      return x.mul(this.from(kept).view(x.shape)).div(1 - p);
    };
  }
}

function weightKind(key: string, shape: readonly number[]): Kind {
  if (shape.length >= 2) {
    const bound = Math.sqrt(3 / shape.slice(1).reduce((product, size) => product * size, 1));
    return ["uniform", -bound, bound];
  }
  return key.endsWith("weight") ? ["uniform", 0.5, 1.5] : ["uniform", -0.1, 0.1];
}

/** A function from step to images `[N, 1, 28, 28]` and labels `[N]`. */
export function imageBatches(draws: Draws, name: string, mean: number, std: number, count = 8) {
  const [images, labels] = ["images-idx3-ubyte", "labels-idx1-ubyte"].map(
    (kind) => parseIdx(readFileSync(new URL(`${name}-${kind}`, fixtures)), name).data,
  ) as [Uint8Array, Uint8Array];
  return (step: number): [images: Tensor, labels: Tensor] => {
    const at = draws.indices(`batch:${step}`, count, labels.length);
    const pixels = at.flatMap((i) => Array.from(images.subarray(784 * i, 784 * (i + 1))));
    const normal = Float64Array.from(pixels, (value) => (value / 255 - mean) / std);
    return [draws.from(normal).view(count, 1, 28, 28), tensor(Int32Array.from(at, (i) => labels[i]!))];
  };
}

/** The size of the vocabulary, and a function from step to characters `[N, L]` and the ones that follow. */
export function textBatches(draws: Draws, text: string, count: number, length: number) {
  const characters = [...new Set(text)].sort();
  const ids = Int32Array.from(text.slice(0, 100_000), (character) => characters.indexOf(character));
  const batch = (step: number): [ids: Tensor, targets: Tensor] => {
    const starts = draws.indices(`batch:${step}`, count, ids.length - length);
    const rows = (shift: number) =>
      tensor(Int32Array.from(starts.flatMap((at) => Array.from(ids.subarray(at + shift, at + shift + length)))));
    return [rows(0).view(count, length), rows(1).view(count, length)];
  };
  return { words: characters.length, batch };
}

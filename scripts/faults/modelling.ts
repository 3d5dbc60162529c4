// Faults in modules, optimizers, data loading and files.
import type { Fault } from "./fault.js";

export const modellingFaults: readonly Fault[] = [
  {
    name: "Adam: the gradient is not squared",
    file: "src/optim/adam.ts",
    find: ".add(g.mul(share).mul(g));",
    replace: ".add(g.mul(share));",
    tests: ["test/optim/optimizers.test.ts"],
  },
  {
    name: "Adam: the second moment is not corrected",
    file: "src/optim/adam.ts",
    find: "Math.sqrt(1 - group.betas[1] ** t)",
    replace: "1",
    tests: ["test/optim/optimizers.test.ts"],
  },
  {
    name: "AdamW: weights grow instead of decaying",
    file: "src/optim/adam.ts",
    find: "() => 1 - group.lr * group.weightDecay",
    replace: "() => 1 + group.lr * group.weightDecay",
    tests: ["test/optim/optimizers.test.ts"],
  },
  {
    name: "SGD: weight decay has the wrong sign",
    file: "src/optim/sgd.ts",
    find: "grad.add(param.mul(weightDecay))",
    replace: "grad.sub(param.mul(weightDecay))",
    tests: ["test/optim/optimizers.test.ts"],
  },
  {
    name: "SGD: nesterov does not look ahead",
    file: "src/optim/sgd.ts",
    find: "return nesterov ? g.add(next.mul(momentum)) : next;",
    replace: "return next;",
    tests: ["test/optim/optimizers.test.ts"],
  },
  {
    name: "CosineAnnealingLR: one step ahead",
    file: "src/optim/schedules.ts",
    find: "(1 + Math.cos((Math.PI * t) / tMax)) / (1 + Math.cos((Math.PI * (t - 1)) / tMax))",
    replace: "(1 + Math.cos((Math.PI * (t + 1)) / tMax)) / (1 + Math.cos((Math.PI * t) / tMax))",
    tests: ["test/optim/schedules.test.ts"],
  },
  {
    name: "Dropout: active in evaluation",
    file: "src/nn/dropout.ts",
    find: "training: this.training }",
    replace: "training: true }",
    tests: ["test/nn/layers.test.ts"],
  },
  {
    name: "loadStateDict: missing keys are no error",
    file: "src/nn/state-dict.ts",
    find: "if (missingKeys.length + unexpectedKeys.length === 0) return;",
    replace: "if (unexpectedKeys.length === 0) return;",
    tests: ["test/nn/state-dict.test.ts"],
  },
  {
    name: "DataLoader: the order does not depend on the seed",
    file: "src/data/data-loader.ts",
    find: "new RandomSampler(length, { seed: this.#seed })",
    replace: "new RandomSampler(length, { seed: 0 })",
    tests: ["test/data/data-loader.test.ts"],
  },
  {
    name: "RandomSampler: every epoch has the same order",
    file: "src/data/sampler.ts",
    find: 'const random = new RandomSequence(this.seed, "shuffle", epoch);\n    if (!this.replacement) return permutation(this.size, random)',
    replace:
      'const random = new RandomSequence(this.seed, "shuffle", epoch * 0);\n    if (!this.replacement) return permutation(this.size, random)',
    tests: ["test/data/sampler.test.ts"],
  },
  {
    name: "Philox on the host: 9 rounds",
    file: "src/data/philox.ts",
    find: "const ROUNDS = 10;",
    replace: "const ROUNDS = 9;",
    tests: ["test/data/philox.test.ts"],
  },
  {
    name: "safetensors: tensors are read from the header on",
    file: "src/formats/safetensors.ts",
    find: "bytes.subarray(dataStart + begin, dataStart + end)",
    replace: "bytes.subarray(LENGTH_BYTES + begin, LENGTH_BYTES + end)",
    tests: ["test/formats/safetensors.test.ts"],
  },
];

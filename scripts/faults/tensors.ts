// Faults in tensors, autograd, scopes and random draws.
import type { Fault } from "./fault.js";

export const tensorFaults: readonly Fault[] = [
  {
    name: "autograd: of several gradients the last counts",
    file: "src/tensor/walk.ts",
    find: "if (known) known.push(grad);",
    replace: "if (known) known[0] = grad;",
    tests: ["test/tensor/autograd.test.ts"],
  },
  {
    name: "autograd: a second backward() replaces the gradient",
    file: "src/tensor/autograd.ts",
    find: "else assign(known, add(known.node, grad));",
    replace: "else assign(known, grad);",
    tests: ["test/tensor/autograd.test.ts"],
  },
  {
    name: "autograd: retainGraph is ignored",
    file: "src/tensor/autograd.ts",
    find: "  if (retainGraph) return;\n",
    replace: "",
    tests: ["test/tensor/autograd.test.ts"],
  },
  {
    name: "autograd: values that backward will read may be overwritten",
    file: "src/tensor/saved.ts",
    find: "return (pinCounts.get(storage) ?? 0) > 0;",
    replace: "return false;",
    tests: ["test/tensor/writes.test.ts"],
  },
  {
    name: "noGrad: holds after its end",
    file: "src/base/scope.ts",
    find: "function close(frame: Frame, saved: Frame): void {\n  frame.isOpen = false;\n  current = saved;",
    replace: "function close(_frame: Frame, _saved: Frame): void {",
    tests: ["test/tensor/scopes.test.ts"],
  },
  {
    name: "views: a write to a slice does not reach the base",
    file: "src/tensor/view.ts",
    find: "return sliceScatter(x.value(), value, step);",
    replace: "return x.value();",
    tests: ["test/tensor/in-place.test.ts"],
  },
  {
    name: "views: a write to a permuted view is not permuted back",
    file: "src/tensor/view.ts",
    find: "return permute(value, inverse(step.dims));",
    replace: "return permute(value, step.dims);",
    tests: ["test/tensor/writes.test.ts"],
  },
  {
    name: "dropout: what is kept is not scaled",
    file: "src/tensor/draws.ts",
    find: "ops.where(keep, ops.mul(x, ops.constantLike(x, 1 / (1 - p))), zero)",
    replace: "ops.where(keep, x, zero)",
    tests: ["test/tensor/random.test.ts"],
  },
  {
    name: "batch norm: momentum weighs the old statistics",
    file: "src/tensor/functions/normalization.ts",
    find: "ops.add(ops.mul(old, factor(1 - momentum)), ops.mul(ops.cast(value, old.dtype), factor(momentum)))",
    replace: "ops.add(ops.mul(old, factor(momentum)), ops.mul(ops.cast(value, old.dtype), factor(1 - momentum)))",
    tests: ["test/nn/layers.test.ts"],
  },
];

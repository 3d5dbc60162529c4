// Statistics of batch norm layers for averaged weights.

import { ArgumentError, checkFunction, noMore, shownValue } from "../base/index.js";
import { isBatchNorm, type Module } from "../nn/index.js";
import { noGrad, Tensor } from "../tensor/index.js";

/**
 * Computes the running statistics of all batch norm layers anew, in one pass over the data, as their mean over the batches.
 * Averaged weights need it: the statistics belong to the weights the model had.
 * @param loader - batches: tensors, or arrays whose first item is the model's input.
 * Shapes: batches of the model's input.
 * @throws ArgumentError if there is no loader or no model.
 * @example await optim.updateBn(loader, swaModel)
 */
export async function updateBn(
  loader: Iterable<unknown> | AsyncIterable<unknown>,
  model: Module,
  ...surplus: []
): Promise<void> {
  noMore("updateBn", surplus);
  const iterates =
    typeof loader === "object" && loader !== null && (Symbol.iterator in loader || Symbol.asyncIterator in loader);
  if (!iterates) {
    throw new ArgumentError(`updateBn: takes a loader or an array of batches first, got ${shownValue(loader)}`, {
      op: "updateBn",
    });
  }
  checkFunction("updateBn", "the model's modules", (model as Module | null | undefined)?.modules);
  const layers = model.modules().filter(isBatchNorm);
  if (layers.length === 0) return;
  const wasTraining = model.training;
  const momenta = layers.map((layer) => layer.momentum);
  for (const layer of layers) {
    layer.resetRunningStats();
    layer.momentum = null;
  }
  model.train();
  try {
    const run = model as unknown as (input: Tensor) => unknown;
    for await (const batch of loader) {
      const input = Array.isArray(batch) ? (batch as unknown[])[0] : batch;
      if (input instanceof Tensor) noGrad(() => run(input));
    }
  } finally {
    layers.forEach((layer, i) => {
      layer.momentum = momenta[i] as number | null;
    });
    model.train(wasTraining);
  }
}

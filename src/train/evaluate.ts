// Measuring a classifier.
import { type Device, noGrad, type Tensor } from "../index.js";
import type { UnaryModule } from "../nn/index.js";
import type { Batch } from "./trainer.js";

export interface Evaluation {
  /** Share of items whose greatest output is at the target, 0 to 1. */
  readonly accuracy: number;
  /** Mean over the items. */
  readonly loss: number;
}

/** Accuracy and mean loss of a classifier over the batches of a loader, in evaluation mode and without gradients. */
export async function evaluate(
  model: UnaryModule,
  batches: AsyncIterable<Batch>,
  criterion: (outputs: Tensor, targets: Tensor) => Tensor,
  device: Device = "cpu",
): Promise<Evaluation> {
  const wasTraining = model.training;
  model.eval();
  let items = 0;
  let correct = 0;
  let lossSum = 0;
  try {
    await noGrad(async () => {
      for await (const [inputs, targets] of batches) {
        const count = targets.shape[0] as number;
        const labels = targets.to(device);
        const outputs = model(inputs.to(device));
        lossSum += criterion(outputs, labels).item() * count;
        correct += outputs.argmax(1).eq(labels).sum().item();
        items += count;
      }
    });
  } finally {
    model.train(wasTraining);
  }
  return { accuracy: correct / items, loss: lossSum / items };
}

// A short training run that Node and a page make alike: a small CNN on synthetic pictures, from seeds only.
import { manualSeed, rand, randint, relu, setTarget, setThreads, type Tensor, tanh, threadCount } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";

export interface TrainingRun {
  readonly losses: readonly number[];
  /** All parameters and buffers, one after the other. */
  readonly state: readonly number[];
  readonly threads: number;
}

export interface TrainingOptions {
  /**
   * Tanh and mean pooling for ReLU and max pooling: sums that are rounded otherwise then stay near each other. A value that
   * rounding moves across the kink of a ReLU or past its rival in a window sends gradients elsewhere.
   */
  readonly smooth?: boolean;
  /** Comes after each step, where a page's workers can start. */
  readonly pause?: () => Promise<unknown>;
}

class SmallCnn extends nn.Module {
  conv1 = new nn.Conv2d(1, 8, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(8);
  pool: nn.UnaryModule;
  conv2 = new nn.Conv2d(8, 12, 3);
  dropout = new nn.Dropout(0.25);
  fc = new nn.Linear(12 * 6 * 6, 10);
  activation: (x: Tensor) => Tensor;

  constructor(smooth: boolean) {
    super();
    this.pool = smooth ? new nn.AvgPool2d(2, 2) : new nn.MaxPool2d(2, 2);
    this.activation = smooth ? tanh : relu;
  }

  forward(x: Tensor): Tensor {
    x = this.pool(this.activation(this.norm(this.conv1(x)))); // [N, 8, 8, 8]
    x = this.activation(this.conv2(x)).flatten(1); // [N, 12 * 6 * 6]
    return this.fc(this.dropout(x)); // [N, 10]
  }
}

/** Trains on `target` with up to `threads` threads. */
export async function trainSmallCnn(
  target: string,
  threads: number,
  { smooth = false, pause = async () => {} }: TrainingOptions = {},
): Promise<TrainingRun> {
  setTarget(target);
  setThreads(threads);
  manualSeed(7);
  const images = rand([32, 1, 16, 16]);
  const labels = randint(0, 10, [32]);
  const model = new SmallCnn(smooth);
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) {
    const loss = criterion(model(images), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.item());
    await pause();
  }
  const state = Object.values(model.stateDict()).flatMap((x) => Array.from(x.toTypedArray(), Number));
  return { losses, state, threads: threadCount() };
}

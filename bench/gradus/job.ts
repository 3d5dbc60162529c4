// The network and the step that the training benchmarks measure.
import { compile, relu, type Tensor } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";

/** Conv2d(1, 32, 3) → ReLU → MaxPool2d(2, 2) → Linear(32 * 13 * 13, 10). */
export class CNN extends nn.Module {
  conv1 = new nn.Conv2d(1, 32, 3);
  pool = new nn.MaxPool2d(2, 2);
  fc = new nn.Linear(32 * 13 * 13, 10);

  forward(x: Tensor): Tensor {
    x = this.pool(relu(this.conv1(x)));
    return this.fc(x.view(-1, 32 * 13 * 13));
  }
}

export type Step = (images: Tensor, labels: Tensor) => Tensor;

/** One training step with Adam, as a plain loop does it or compiled; it gives the loss. */
export function trainingStep(model: nn.UnaryModule, isCompiled: boolean): { step: Step; optimizer: optim.Adam } {
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 });
  const step = (images: Tensor, labels: Tensor): Tensor => {
    const loss = criterion(model(images), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { step: isCompiled ? compile(step) : step, optimizer };
}

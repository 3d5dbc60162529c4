// LeNet-5 on MNIST, after LeCun et al., 1998. Run it with: npx tsx examples/lenet.ts [--epochs 5] [--lr 0.002]
import { manualSeed, noGrad, type Tensor, tanh } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { isMain, options } from "./support.js";

export class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5, { padding: 2 });
  conv2 = new nn.Conv2d(6, 16, 5);
  fc1 = new nn.Linear(16 * 5 * 5, 120);
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);

  forward(x: Tensor): Tensor {
    x = F.avgPool2d(tanh(this.conv1(x)), 2); // [N, 6, 14, 14]
    x = F.avgPool2d(tanh(this.conv2(x)), 2); // [N, 16, 5, 5]
    x = x.flatten(1); // [N, 400]
    x = tanh(this.fc1(x));
    x = tanh(this.fc2(x));
    return this.fc3(x); // [N, 10]
  }
}

export function trainStep(model: LeNet, optimizer: optim.Optimizer, images: Tensor, labels: Tensor): Tensor {
  const loss = F.crossEntropy(model(images), labels);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

export async function accuracy(model: LeNet, loader: DataLoader<[Tensor, Tensor], [Tensor, Tensor]>): Promise<number> {
  let [correct, count] = [0, 0];
  await noGrad(async () => {
    for await (const [images, labels] of loader) {
      correct += model(images).argmax(1).eq(labels).sum().item();
      count += labels.shape[0]!;
    }
  });
  return correct / count;
}

async function main() {
  const { epochs, lr, batch, seed } = options({ epochs: 5, lr: 0.002, batch: 64, seed: 1 });
  manualSeed(seed);
  const trainLoader = new DataLoader(await mnist({ train: true }), { batchSize: batch, shuffle: true });
  const testLoader = new DataLoader(await mnist({ train: false }), { batchSize: 1000 });
  const model = new LeNet();
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const scheduler = new optim.ExponentialLR(optimizer, 0.6);

  for (let epoch = 1; epoch <= epochs; epoch++) {
    let total = 0;
    for await (const [images, labels] of trainLoader) {
      total += trainStep(model, optimizer, images, labels).item();
    }
    scheduler.step();
    const right = await accuracy(model, testLoader);
    console.log(
      `epoch ${epoch}: loss ${(total / trainLoader.length).toFixed(4)}, test accuracy ${(100 * right).toFixed(2)} %`,
    );
  }
}

if (isMain(import.meta.url)) await main();

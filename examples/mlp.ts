// A multi-layer perceptron on MNIST. Run it with: npx tsx examples/mlp.ts [--epochs 5] [--lr 0.05]
import { manualSeed, noGrad, relu, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { isMain, options } from "./support.js";

export class MLP extends nn.Module {
  fc1 = new nn.Linear(784, 256);
  fc2 = new nn.Linear(256, 128);
  fc3 = new nn.Linear(128, 10);

  forward(x: Tensor): Tensor {
    x = x.flatten(1); // [N, 784]
    x = relu(this.fc1(x));
    x = relu(this.fc2(x));
    return this.fc3(x); // [N, 10]
  }
}

export function trainStep(model: MLP, optimizer: optim.Optimizer, images: Tensor, labels: Tensor): Tensor {
  const loss = F.crossEntropy(model(images), labels);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

async function main() {
  const { epochs, lr, batch, seed } = options({ epochs: 5, lr: 0.05, batch: 128, seed: 1 });
  manualSeed(seed);
  const trainLoader = new DataLoader(await mnist({ train: true }), { batchSize: batch, shuffle: true });
  const testSet = await mnist({ train: false });
  const model = new MLP();
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum: 0.9 });

  for (let epoch = 1; epoch <= epochs; epoch++) {
    let total = 0;
    for await (const [images, labels] of trainLoader) {
      total += trainStep(model, optimizer, images, labels).item();
    }
    console.log(`epoch ${epoch}: loss ${(total / trainLoader.length).toFixed(4)}`);
  }

  const correct = Array.from({ length: 10 }, () => 0);
  const count = Array.from({ length: 10 }, () => 0);
  await noGrad(async () => {
    for await (const [images, labels] of new DataLoader(testSet, { batchSize: 1000 })) {
      const predicted = model(images).argmax(1).toTypedArray();
      labels.toTypedArray().forEach((label, i) => {
        count[Number(label)]! += 1;
        if (predicted[i] === label) correct[Number(label)]! += 1;
      });
    }
  });
  correct.forEach((right, digit) => {
    console.log(`digit ${digit}: ${((100 * right) / count[digit]!).toFixed(1)} % right`);
  });
  const right = correct.reduce((sum, value) => sum + value, 0);
  console.log(`test accuracy: ${((100 * right) / testSet.length).toFixed(2)} %`);
}

if (isMain(import.meta.url)) await main();

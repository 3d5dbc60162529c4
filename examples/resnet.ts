// A small residual network on Fashion-MNIST, after He et al., 2016. Run it with: npx tsx examples/resnet.ts [--epochs 3]
import { manualSeed, noGrad, relu, type Tensor } from "gradus";
import { DataLoader, fashionMnist } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { RandomHorizontalFlip } from "gradus/vision";
import { isMain, options } from "./support.js";

class BasicBlock extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Sequential | null = null;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(inChannels, channels, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(channels);
    this.conv2 = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(channels);
    if (stride !== 1 || inChannels !== channels) {
      this.downsample = new nn.Sequential(
        new nn.Conv2d(inChannels, channels, 1, { stride, bias: false }),
        new nn.BatchNorm2d(channels),
      );
    }
  }

  forward(x: Tensor): Tensor {
    const identity = this.downsample ? this.downsample(x) : x;
    let out = relu(this.bn1(this.conv1(x)));
    out = this.bn2(this.conv2(out));
    return relu(out.add(identity));
  }
}

export class ResNet extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  layer1: BasicBlock;
  layer2: BasicBlock;
  layer3: BasicBlock;
  fc: nn.Linear;

  constructor(width = 16) {
    super();
    this.conv1 = new nn.Conv2d(1, width, 3, { padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(width);
    this.layer1 = new BasicBlock(width, width, 1);
    this.layer2 = new BasicBlock(width, 2 * width, 2);
    this.layer3 = new BasicBlock(2 * width, 4 * width, 2);
    this.fc = new nn.Linear(4 * width, 10);
  }

  forward(x: Tensor): Tensor {
    x = relu(this.bn1(this.conv1(x))); // [N, width, 28, 28]
    x = this.layer3(this.layer2(this.layer1(x))); // [N, 4 · width, 7, 7]
    x = F.adaptiveAvgPool2d(x, 1).flatten(1); // [N, 4 · width]
    return this.fc(x); // [N, 10]
  }
}

export function trainStep(
  model: ResNet,
  optimizer: optim.Optimizer,
  scheduler: optim.LRScheduler,
  images: Tensor,
  labels: Tensor,
): Tensor {
  const loss = F.crossEntropy(model(images), labels);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  scheduler.step();
  return loss;
}

async function main() {
  const { epochs, lr, batch, seed } = options({ epochs: 3, lr: 0.2, batch: 128, seed: 1 });
  manualSeed(seed);
  const trainSet = await fashionMnist({ train: true, transform: new RandomHorizontalFlip() });
  const testSet = await fashionMnist({ train: false });
  const trainLoader = new DataLoader(trainSet, { batchSize: batch, shuffle: true, dropLast: true });
  const model = new ResNet();
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum: 0.9, weightDecay: 5e-4, nesterov: true });
  const scheduler = new optim.OneCycleLR(optimizer, lr, { epochs, stepsPerEpoch: trainLoader.length });

  for (let epoch = 1; epoch <= epochs; epoch++) {
    let [total, steps] = [0, 0];
    for await (const [images, labels] of trainLoader) {
      total += trainStep(model, optimizer, scheduler, images, labels).item();
      steps += 1;
      if (steps % 100 === 0) console.log(`epoch ${epoch}, step ${steps}: loss ${(total / steps).toFixed(4)}`);
    }
  }

  model.eval();
  let correct = 0;
  const wrong = new Map<string, number>();
  await noGrad(async () => {
    for await (const [images, labels] of new DataLoader(testSet, { batchSize: 500 })) {
      const predicted = model(images).argmax(1).toTypedArray();
      labels.toTypedArray().forEach((label, i) => {
        const [is, seen] = [testSet.classes[Number(label)], testSet.classes[Number(predicted[i])]];
        if (is === seen) correct += 1;
        else wrong.set(`${is} as ${seen}`, (wrong.get(`${is} as ${seen}`) ?? 0) + 1);
      });
    }
  });
  console.log(`test accuracy: ${((100 * correct) / testSet.length).toFixed(2)} %; most often mistaken:`);
  for (const [pair, times] of [...wrong].sort((a, b) => b[1] - a[1]).slice(0, 5)) console.log(`  ${times} × ${pair}`);
}

if (isMain(import.meta.url)) await main();

// Trains a small convolutional network on the MNIST digits. Run it with: npx tsx examples/mnist.ts
import { gpu, manualSeed, noGrad, relu, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";

class CNN extends nn.Module {
  conv1 = new nn.Conv2d(1, 32, 3);
  pool = new nn.MaxPool2d(2, 2);
  fc = new nn.Linear(32 * 13 * 13, 10);

  forward(x: Tensor): Tensor {
    x = this.pool(relu(this.conv1(x))); // [N, 32, 13, 13]
    return this.fc(x.view(-1, 32 * 13 * 13)); // [N, 10]
  }
}

manualSeed(1);
const device = (await gpu.isAvailable()) ? "gpu" : "cpu";
const trainSet = await mnist({ train: true });
const testSet = await mnist({ train: false });
const trainLoader = new DataLoader(trainSet, { batchSize: 64, shuffle: true });
const testLoader = new DataLoader(testSet, { batchSize: 1000 });

const model = new CNN().to(device);
const criterion = new nn.CrossEntropyLoss();
const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 });

const epochs = 10;
for (let epoch = 1; epoch <= epochs; epoch++) {
  let total = 0;
  for await (const [images, labels] of trainLoader) {
    const loss = criterion(model(images.to(device)), labels.to(device));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    total += loss.item() * labels.shape[0];
  }
  console.log(`Epoch [${epoch}/${epochs}], Loss: ${(total / trainSet.length).toFixed(4)}`);
}

model.eval();
let correct = 0;
await noGrad(async () => {
  for await (const [images, labels] of testLoader) {
    const predicted = model(images.to(device)).argmax(1);
    correct += predicted.eq(labels.to(device)).sum().item();
  }
});
console.log(`Test Accuracy: ${((100 * correct) / testSet.length).toFixed(2)}%`);

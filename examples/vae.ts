// A variational autoencoder on MNIST, after Kingma & Welling, 2014. Run it with: npx tsx examples/vae.ts [--epochs 5] [--latent 20]
import { cat, manualSeed, noGrad, randn, randnLike, relu, sigmoid, type Tensor } from "gradus";
import { DataLoader, mnist } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { saveImage } from "gradus/vision";
import { isMain, options, resultFile } from "./support.js";

export class VAE extends nn.Module {
  fc1: nn.Linear;
  mean: nn.Linear;
  logvar: nn.Linear;
  fc2: nn.Linear;
  fc3: nn.Linear;

  constructor(latent = 20, hidden = 400) {
    super();
    this.fc1 = new nn.Linear(784, hidden);
    this.mean = new nn.Linear(hidden, latent);
    this.logvar = new nn.Linear(hidden, latent);
    this.fc2 = new nn.Linear(latent, hidden);
    this.fc3 = new nn.Linear(hidden, 784);
  }

  encode(x: Tensor): [mean: Tensor, logvar: Tensor] {
    const h = relu(this.fc1(x.flatten(1)));
    return [this.mean(h), this.logvar(h)];
  }

  decode(z: Tensor): Tensor {
    return sigmoid(this.fc3(relu(this.fc2(z)))).view(-1, 1, 28, 28);
  }

  /** The reconstruction, and the mean and log variance of the code; `noise` is drawn unless it is given. */
  forward(x: Tensor, noise?: Tensor): [Tensor, Tensor, Tensor] {
    const [mean, logvar] = this.encode(x);
    const std = logvar.mul(0.5).exp();
    const z = mean.add(std.mul(noise ?? randnLike(std)));
    return [this.decode(z), mean, logvar];
  }
}

/** Minus the evidence lower bound of one image, on average. */
export function loss([reconstruction, mean, logvar]: [Tensor, Tensor, Tensor], images: Tensor): Tensor {
  const bce = F.binaryCrossEntropy(reconstruction, images, { reduction: "sum" });
  const kl = logvar.add(1).sub(mean.pow(2)).sub(logvar.exp()).sum().mul(-0.5);
  return bce.add(kl).div(images.shape[0]!);
}

export function trainStep(model: VAE, optimizer: optim.Optimizer, images: Tensor, noise?: Tensor): Tensor {
  const bound = loss(model(images, noise), images);
  optimizer.zeroGrad();
  bound.backward();
  optimizer.step();
  return bound;
}

async function main() {
  const settings = { epochs: 5, lr: 0.001, batch: 128, latent: 20, seed: 1, out: "runs" };
  const { epochs, lr, batch, latent, seed, out } = options(settings);
  manualSeed(seed);
  const trainLoader = new DataLoader(await mnist({ train: true, normalize: false }), {
    batchSize: batch,
    shuffle: true,
  });
  const testSet = await mnist({ train: false, normalize: false });
  const model = new VAE(latent);
  const optimizer = new optim.Adam(model.parameters(), { lr });

  for (let epoch = 1; epoch <= epochs; epoch++) {
    let total = 0;
    for await (const [images] of trainLoader) total += trainStep(model, optimizer, images).item();
    const [images] = testSet.getBatch(Array.from({ length: 1000 }, (_, i) => i));
    const test = noGrad(() => loss(model(images), images)).item();
    console.log(`epoch ${epoch}: loss ${(total / trainLoader.length).toFixed(2)}, test loss ${test.toFixed(2)}`);
  }

  await noGrad(async () => {
    const [images] = testSet.getBatch([0, 1, 2, 3, 4, 5, 6, 7]);
    await saveImage(cat([images, model(images)[0]]), resultFile(out, "vae-reconstructed.png"));
    await saveImage(model.decode(randn([64, latent])), resultFile(out, "vae-sampled.png"));
  });
}

if (isMain(import.meta.url)) await main();

// A deep convolutional GAN on Fashion-MNIST, after Radford et al., 2016. Run it with: npx tsx examples/dcgan.ts [--epochs 3]
import { manualSeed, noGrad, onesLike, randn, type Tensor, zerosLike } from "gradus";
import { DataLoader, fashionMnist } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { saveImage } from "gradus/vision";
import { isMain, options, resultFile } from "./support.js";

/** Noise `[N, latent, 1, 1]` to images `[N, 1, 28, 28]` in [-1, 1]. */
export class Generator extends nn.Module {
  main: nn.Sequential;

  constructor(latent = 64, width = 32) {
    super();
    this.main = new nn.Sequential(
      new nn.ConvTranspose2d(latent, 2 * width, 7, { bias: false }), // [N, 2 · width, 7, 7]
      new nn.BatchNorm2d(2 * width),
      new nn.ReLU(),
      new nn.ConvTranspose2d(2 * width, width, 4, { stride: 2, padding: 1, bias: false }), // [N, width, 14, 14]
      new nn.BatchNorm2d(width),
      new nn.ReLU(),
      new nn.ConvTranspose2d(width, 1, 4, { stride: 2, padding: 1, bias: false }), // [N, 1, 28, 28]
      new nn.Tanh(),
    );
  }

  forward(noise: Tensor): Tensor {
    return this.main(noise);
  }
}

/** Images to logits `[N]`: how real they look. */
export class Discriminator extends nn.Module {
  main: nn.Sequential;

  constructor(width = 32) {
    super();
    this.main = new nn.Sequential(
      new nn.Conv2d(1, width, 4, { stride: 2, padding: 1, bias: false }), // [N, width, 14, 14]
      new nn.LeakyReLU({ negativeSlope: 0.2 }),
      new nn.Conv2d(width, 2 * width, 4, { stride: 2, padding: 1, bias: false }), // [N, 2 · width, 7, 7]
      new nn.BatchNorm2d(2 * width),
      new nn.LeakyReLU({ negativeSlope: 0.2 }),
      new nn.Conv2d(2 * width, 1, 7, { bias: false }), // [N, 1, 1, 1]
    );
  }

  forward(images: Tensor): Tensor {
    return this.main(images).flatten();
  }
}

/** Weights of convolutions from N(0, 0.02), scales of normalisations from N(1, 0.02). */
export function initWeights(module: nn.Module): void {
  if (module instanceof nn.Conv2d || module instanceof nn.ConvTranspose2d)
    nn.init.normal_(module.weight, { std: 0.02 });
  if (module instanceof nn.BatchNorm2d) nn.init.normal_(module.weight!, { mean: 1, std: 0.02 });
}

export function trainStep(
  [generator, discriminator]: [Generator, Discriminator],
  [optimizerG, optimizerD]: [optim.Optimizer, optim.Optimizer],
  images: Tensor,
  noise: Tensor,
): [lossG: Tensor, lossD: Tensor] {
  // The discriminator learns to tell real from made images.
  const fake = generator(noise);
  const real = discriminator(images);
  const made = discriminator(fake.detach());
  const lossD = F.binaryCrossEntropyWithLogits(real, onesLike(real)).add(
    F.binaryCrossEntropyWithLogits(made, zerosLike(made)),
  );
  optimizerD.zeroGrad();
  lossD.backward();
  optimizerD.step();

  // The generator learns to make images that pass as real.
  const judged = discriminator(fake);
  const lossG = F.binaryCrossEntropyWithLogits(judged, onesLike(judged));
  optimizerG.zeroGrad();
  lossG.backward();
  optimizerG.step();
  return [lossG, lossD];
}

async function main() {
  const settings = { epochs: 3, lr: 0.0002, batch: 128, latent: 64, seed: 1, out: "runs" };
  const { epochs, lr, batch, latent, seed, out } = options(settings);
  manualSeed(seed);
  const dataset = await fashionMnist({ train: true, normalize: false });
  const loader = new DataLoader(dataset, { batchSize: batch, shuffle: true, dropLast: true });
  const generator = new Generator(latent);
  const discriminator = new Discriminator();
  generator.apply(initWeights);
  discriminator.apply(initWeights);
  const betas = [0.5, 0.999] as const;
  const optimizerG = new optim.Adam(generator.parameters(), { lr, betas });
  const optimizerD = new optim.Adam(discriminator.parameters(), { lr, betas });
  const fixedNoise = randn([64, latent, 1, 1]);

  for (let epoch = 1; epoch <= epochs; epoch++) {
    let steps = 0;
    for await (const [pixels] of loader) {
      const images = pixels.mul(2).sub(1);
      const noise = randn([batch, latent, 1, 1]);
      const [lossG, lossD] = trainStep([generator, discriminator], [optimizerG, optimizerD], images, noise);
      steps += 1;
      if (steps % 100 === 0) {
        console.log(
          `epoch ${epoch}, step ${steps}: loss G ${lossG.item().toFixed(3)}, loss D ${lossD.item().toFixed(3)}`,
        );
      }
    }
    const pictures = noGrad(() => generator(fixedNoise).add(1).div(2));
    await saveImage(pictures, resultFile(out, `dcgan-${epoch}.png`));
  }
}

if (isMain(import.meta.url)) await main();

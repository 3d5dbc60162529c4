// A U-Net that finds cell nuclei in microscopy, after Ronneberger et al., 2015. Run it with: npx tsx examples/unet.ts [--steps 200]
import { arange, cat, compile, manualSeed, noGrad, randint, relu, type Tensor, where } from "gradus";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { readImage, saveImage } from "gradus/vision";
import { dataFile, isMain, options, resultFile } from "./support.js";

/** Two convolutions, each with its normalisation and activation. */
class DoubleConv extends nn.Module {
  conv1: nn.Conv2d;
  norm1: nn.GroupNorm;
  conv2: nn.Conv2d;
  norm2: nn.GroupNorm;

  constructor(inChannels: number, channels: number) {
    super();
    this.conv1 = new nn.Conv2d(inChannels, channels, 3, { padding: 1 });
    this.norm1 = new nn.GroupNorm(4, channels);
    this.conv2 = new nn.Conv2d(channels, channels, 3, { padding: 1 });
    this.norm2 = new nn.GroupNorm(4, channels);
  }

  forward(x: Tensor): Tensor {
    x = relu(this.norm1(this.conv1(x)));
    return relu(this.norm2(this.conv2(x)));
  }
}

export class UNet extends nn.Module {
  down1: DoubleConv;
  down2: DoubleConv;
  bottom: DoubleConv;
  up2: nn.ConvTranspose2d;
  merge2: DoubleConv;
  merge1: DoubleConv;
  head: nn.Conv2d;

  constructor(width = 16) {
    super();
    this.down1 = new DoubleConv(1, width);
    this.down2 = new DoubleConv(width, 2 * width);
    this.bottom = new DoubleConv(2 * width, 4 * width);
    this.up2 = new nn.ConvTranspose2d(4 * width, 2 * width, 2, { stride: 2 });
    this.merge2 = new DoubleConv(4 * width, 2 * width);
    this.merge1 = new DoubleConv(3 * width, width);
    this.head = new nn.Conv2d(width, 1, 1);
  }

  /** Images `[N, 1, H, W]` → logits `[N, 1, H, W]`. */
  forward(x: Tensor): Tensor {
    const fine = this.down1(x); // [N, width, H, W]
    const half = this.down2(F.maxPool2d(fine, 2)); // [N, 2 · width, H/2, W/2]
    let out = this.bottom(F.maxPool2d(half, 2)); // [N, 4 · width, H/4, W/4]
    out = this.merge2(cat([half, this.up2(out)], 1)); // [N, 2 · width, H/2, W/2]
    out = F.interpolate(out, { scaleFactor: 2, mode: "bilinear", alignCorners: false });
    out = this.merge1(cat([fine, out], 1)); // [N, width, H, W]
    return this.head(out);
  }
}

/** Cross-entropy of pixels plus what is missing of a full overlap of the areas (1 - Dice coefficient). */
export function lossOf(logits: Tensor, masks: Tensor): Tensor {
  const p = logits.sigmoid();
  const overlap = p.mul(masks).sum([1, 2, 3]).mul(2).add(1);
  const dice = overlap.div(p.add(masks).sum([1, 2, 3]).add(1));
  return F.binaryCrossEntropyWithLogits(logits, masks).add(dice.neg().add(1).mean());
}

export function trainStep(model: UNet, optimizer: optim.Optimizer, images: Tensor, masks: Tensor): Tensor {
  const loss = lossOf(model(images), masks);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

/** Squares of `size` at random places of a picture and its mask, some of them mirrored: two tensors `[N, 1, size, size]`. */
function crops(picture: Tensor, mask: Tensor, count: number, size: number): [images: Tensor, masks: Tensor] {
  const [height = 0, width = 0] = picture.shape;
  const places = (length: number) => {
    const start = randint(length - size + 1, [count, 1]);
    const k = arange(size);
    return where(randint(2, [count, 1]).eq(1), k, k.neg().add(size - 1)).add(start); // [N, size]
  };
  const [rows, columns] = [places(height).unsqueeze(2), places(width).unsqueeze(1)];
  return [picture.at(rows, columns).unsqueeze(1), mask.at(rows, columns).unsqueeze(1)];
}

/** A picture as `[H, W]` in [0, 1]. */
async function readGrey(name: string): Promise<Tensor> {
  const pixels = await readImage(dataFile(name), { mode: "gray" }); // uint8 [1, H, W]
  return pixels.squeeze(0).to("float32").div(255);
}

async function main() {
  const { steps, lr, batch, size, seed, out } = options({
    steps: 200,
    lr: 0.002,
    batch: 8,
    size: 64,
    seed: 1,
    out: "runs",
  });
  manualSeed(seed);
  const picture = (await readGrey("nuclei.png")).mul(4).clamp(0, 1);
  const mask = await readGrey("nuclei-mask.png");
  const model = new UNet();
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const step = compile((images: Tensor, masks: Tensor) => trainStep(model, optimizer, images, masks));

  // The left three quarters are for training, the right one for the test.
  const [seen, seenMask] = [picture.narrow(1, 0, 384), mask.narrow(1, 0, 384)];
  for (let i = 1; i <= steps; i++) {
    const loss = step(...crops(seen, seenMask, batch, size));
    if (i % 20 === 0) console.log(`step ${i}: loss ${loss.item().toFixed(4)}`);
  }

  const [image, truth] = [picture, mask].map((x) => x.narrow(1, 384, 128).view(1, 1, 512, 128)) as [Tensor, Tensor];
  const found = noGrad(() => model(image).sigmoid());
  const [both, either] = [found.gt(0.5).logicalAnd(truth.gt(0.5)), found.gt(0.5).logicalOr(truth.gt(0.5))];
  console.log(`test: intersection over union ${(both.sum().item() / either.sum().item()).toFixed(3)}`);
  await saveImage(cat([image, found, truth]), resultFile(out, "unet.png"), { nrow: 3 });
}

if (isMain(import.meta.url)) await main();

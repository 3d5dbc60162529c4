// An image folder as training scripts have it, in a module of its own so that workers of a loader can make it again.
import { mkdirSync, writeFileSync } from "node:fs";
import { Generator, rand, randn } from "gradus";
import {
  Compose,
  encodeJpeg,
  ImageFolder,
  Normalize,
  RandomCrop,
  RandomHorizontalFlip,
  Resize,
  ToDtype,
} from "gradus/vision";

/** Items `[3, 224, 224]` with ImageNet's means and deviations. */
export function photos(folder: string): ImageFolder {
  const transform = new Compose([
    new Resize(256),
    new RandomCrop(224),
    new RandomHorizontalFlip(),
    new ToDtype("float32", { scale: true }),
    new Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
  ]);
  return new ImageFolder(folder, { transform });
}

/** Writes `count` JPEG files of 500×375 pixels, smooth colours with grain as photographs have, in two classes. */
export function writePhotos(folder: string, count: number): void {
  const generator = new Generator({ seed: 1 });
  const enlarge = new Resize([375, 500], { interpolation: "bicubic" });
  const context = { indices: [0], seed: 0, epoch: 0, stream: 0 };
  for (const name of ["a", "b"]) mkdirSync(`${folder}/${name}`, { recursive: true });
  for (let i = 0; i < count; i++) {
    const smooth = enlarge.apply(rand([1, 3, 24, 32], { generator }), context).squeeze(0);
    const grain = randn([3, 375, 500], { generator }).mul(6);
    const image = smooth.mul(255).add(grain).clamp(0, 255).to("uint8");
    writeFileSync(`${folder}/${i % 2 ? "a" : "b"}/${i}.jpg`, encodeJpeg(image, { quality: 85 }));
  }
}

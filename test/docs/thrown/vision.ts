// For each error that a docstring of gradus/vision names, a call that throws it.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ones, rand, type Tensor, zeros } from "gradus";
import * as vision from "gradus/vision";
import type { ThrownErrors } from "./types.js";

const { functional: F } = vision;
/** Below a file, not a folder: nothing can be read or written there. */
const missing = join(import.meta.filename, "file.png");
const batch = (channels = 3) => rand([1, channels, 4, 4]);
const whole = () => zeros([1, 3, 4, 4], { dtype: "int32" });
const vector = () => rand([4]);
const picture = (...shape: number[]) => ones(shape, { dtype: "uint8" });
const box = (top: number) => ({ top, left: 0, height: 2, width: 2 });
const corners = [
  [0, 0],
  [3, 0],
  [3, 3],
  [0, 3],
] as const;
const line = [
  [0, 0],
  [1, 0],
  [2, 0],
  [0, 3],
] as const;

const argument = (call: () => unknown) => ({ ArgumentError: call });
const shape = (call: () => unknown) => ({ ShapeError: call });
const dtype = (call: () => unknown) => ({ DTypeError: call });
const format = (call: () => unknown) => ({ FormatError: call });
/** A function that takes colours: of no batch, and of integers. */
const colors = (fn: (images: Tensor) => unknown, wrong = rand([3, 4, 4])) => ({
  ...shape(() => fn(wrong)),
  ...dtype(() => fn(whole())),
});

/** What a folder with one class and no file is used for. */
function withEmptyClass<R>(use: (root: string) => R): R {
  const root = mkdtempSync(join(tmpdir(), "gradus-classes-"));
  mkdirSync(join(root, "cat"));
  try {
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const functions: ThrownErrors = {
  "functional.rgbToGrayscale": colors((x) => F.rgbToGrayscale(x), batch(2)),
  "functional.adjustBrightness": colors((x) => F.adjustBrightness(x, 1)),
  "functional.adjustSaturation": colors((x) => F.adjustSaturation(x, 1), batch(2)),
  "functional.adjustContrast": colors((x) => F.adjustContrast(x, 1)),
  "functional.adjustHue": colors((x) => F.adjustHue(x, 0.1)),
  "functional.adjustSharpness": colors((x) => F.adjustSharpness(x, 1)),
  "functional.invert": colors((x) => F.invert(x)),
  "functional.solarize": colors((x) => F.solarize(x, 0.5)),
  "functional.posterize": colors((x) => F.posterize(x, 4)),
  "functional.autocontrast": colors((x) => F.autocontrast(x)),
  "functional.equalize": colors((x) => F.equalize(x)),
  "functional.gaussianBlur": {
    ...argument(() => F.gaussianBlur(batch(), [2, 3], 1)),
    ...colors((x) => F.gaussianBlur(x, [3, 3], 1)),
  },
  "functional.erase": shape(() => F.erase(batch(), box(3), 0)),
  "functional.resizedCrop": {
    ...argument(() => F.resizedCrop(batch(), box(0), 0)),
    ...shape(() => F.resizedCrop(batch(), box(3), 2)),
  },
  "functional.affine": {
    ...argument(() => F.affine(batch(), { interpolation: "x" as never })),
    ...shape(() => F.affine(batch(), { fill: [1, 2] })),
  },
  "functional.rotate": {
    ...argument(() => F.rotate(batch(), 30, { interpolation: "x" as never })),
    ...shape(() => F.rotate(vector(), 30)),
  },
  "functional.perspective": {
    ...argument(() => F.perspective(batch(), corners, line)),
    ...shape(() => F.perspective(vector(), corners, corners)),
  },
  "functional.elastic": {
    ...argument(() => F.elastic(batch(), zeros([1, 4, 4, 2]), { interpolation: "x" as never })),
    ...shape(() => F.elastic(batch(), zeros([3]))),
  },
};

const transforms: ThrownErrors = {
  "Transform.apply": shape(() => new vision.Identity()(vector())),
  Compose: argument(() => new vision.Compose([3 as never])),
  RandomApply: argument(() => new vision.RandomApply([], 2)),
  RandomChoice: argument(() => new vision.RandomChoice([])),
  RandomPosterize: argument(() => new vision.RandomPosterize(9)),
  RandomAdjustSharpness: argument(() => new vision.RandomAdjustSharpness(-1)),
  TrivialAugmentWide: argument(() => new vision.TrivialAugmentWide({ interpolation: "x" as never })),
  ToDtype: dtype(() => new vision.ToDtype("float" as never)),
  RandomOrder: argument(() => new vision.RandomOrder([3 as never])),
  AugMix: argument(() => new vision.AugMix({ severity: 99 })),
  AutoAugment: argument(() => new vision.AutoAugment({ policy: "x" as never })),
  RandAugment: argument(() => new vision.RandAugment({ magnitude: 99 })),
  LinearTransformation: shape(() => new vision.LinearTransformation(zeros([2, 3]), zeros([2]))),
  RandomPhotometricDistort: {
    ...argument(() => new vision.RandomPhotometricDistort({ p: 2 })),
    ...colors(new vision.RandomPhotometricDistort(), batch(2)),
  },
  RGB: shape(() => new vision.RGB()(batch(5))),
  ColorJitter: {
    ...argument(() => new vision.ColorJitter({ hue: 0.7 })),
    ...colors(new vision.ColorJitter({ contrast: 0.1 }), batch(2)),
  },
  GaussianBlur: {
    ...argument(() => new vision.GaussianBlur(3, 0)),
    ...colors(new vision.GaussianBlur(3), vector()),
  },
  GaussianNoise: colors(new vision.GaussianNoise(), vector()),
  Grayscale: { ...argument(() => new vision.Grayscale(2 as never)), ...colors(new vision.Grayscale(), batch(2)) },
  ElasticTransform: argument(() => new vision.ElasticTransform({ interpolation: "x" as never })),
  CenterCrop: { ...argument(() => new vision.CenterCrop(0)), ...shape(() => new vision.CenterCrop(2)(vector())) },
  FiveCrop: shape(() => new vision.FiveCrop(9)(batch())),
  TenCrop: shape(() => new vision.TenCrop(9)(batch())),
  Pad: argument(() => new vision.Pad(1, { paddingMode: "x" as never })),
  RandomErasing: {
    ...argument(() => new vision.RandomErasing({ p: 2 })),
    ...shape(() => new vision.RandomErasing({ value: [1, 2] })(batch())),
  },
  RandomResizedCrop: {
    ...argument(() => new vision.RandomResizedCrop(0)),
    ...shape(() => new vision.RandomResizedCrop(2)(vector())),
  },
  RandomVerticalFlip: argument(() => new vision.RandomVerticalFlip(2)),
  RandomHorizontalFlip: argument(() => new vision.RandomHorizontalFlip(2)),
  Resize: { ...argument(() => new vision.Resize(0)), ...shape(() => new vision.Resize(2)(vector())) },
  Normalize: {
    ...argument(() => new vision.Normalize(0, 0)),
    ...shape(() => new vision.Normalize([1, 2], 1)(batch())),
    ...dtype(() => new vision.Normalize(0, 1)(whole())),
  },
  RandomCrop: { ...argument(() => new vision.RandomCrop(0)), ...shape(() => new vision.RandomCrop(9)(batch())) },
  RandomShift: argument(() => new vision.RandomShift(-1)),
  RandomAffine: argument(() => new vision.RandomAffine(10, { interpolation: "x" as never })),
  RandomPerspective: argument(() => new vision.RandomPerspective({ distortionScale: 2 })),
  RandomRotation: argument(() => new vision.RandomRotation(10, { interpolation: "x" as never })),
};

const files: ThrownErrors = {
  DatasetFolder: {
    ...format(() => withEmptyClass((root) => new vision.DatasetFolder(root, (path) => path))),
    ...argument(() => new vision.DatasetFolder(missing, "png" as never)),
  },
  "DatasetFolder.get": {
    IndexError: () =>
      withEmptyClass((root) => new vision.DatasetFolder(root, (path) => path, { allowEmpty: true }).get(0)),
  },
  ImageFolder: {
    ...format(() => new vision.ImageFolder(missing)),
    ...argument(() => new vision.ImageFolder(missing, { mode: "RGB" as never })),
  },
  decodeImage: {
    ...argument(() => vision.decodeImage("x" as never)),
    ...format(() => vision.decodeImage(new Uint8Array(3))),
  },
  readImage: format(() => vision.readImage(missing)),
  encodePng: { ...dtype(() => vision.encodePng(rand([3, 2, 2]))), ...shape(() => vision.encodePng(picture(5, 2, 2))) },
  encodeJpeg: {
    ...argument(() => vision.encodeJpeg(picture(3, 2, 2), { quality: 0 })),
    ...dtype(() => vision.encodeJpeg(rand([3, 2, 2]))),
    ...shape(() => vision.encodeJpeg(picture(2, 2, 2))),
  },
  writePng: {
    ...dtype(() => vision.writePng(rand([3, 2, 2]), missing)),
    ...shape(() => vision.writePng(picture(5, 2, 2), missing)),
    ...format(() => vision.writePng(picture(3, 2, 2), missing)),
  },
  writeJpeg: {
    ...argument(() => vision.writeJpeg(picture(3, 2, 2), missing, { quality: 101 })),
    ...dtype(() => vision.writeJpeg(rand([3, 2, 2]), missing)),
    ...shape(() => vision.writeJpeg(picture(2, 2, 2), missing)),
    ...format(() => vision.writeJpeg(picture(3, 2, 2), missing)),
  },
  saveImage: {
    ...argument(() => vision.saveImage(batch(), "x.gif")),
    ...shape(() => vision.saveImage(vector(), missing)),
    ...format(() => vision.saveImage(batch(), missing)),
  },
  makeGrid: { ...argument(() => vision.makeGrid(batch(), { nrow: 0 })), ...shape(() => vision.makeGrid(vector())) },
};

export const visionErrors: ThrownErrors = { ...functions, ...transforms, ...files };

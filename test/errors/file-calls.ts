// A right call of everything that reads, writes, decodes or encodes files: spoiled.test.ts spoils them one by one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rand, tensor } from "gradus";
import * as formats from "gradus/formats";
import * as vision from "gradus/vision";
import { readImage as readFile } from "gradus/vision";
import type { Arguments } from "./calls.js";

const folder = mkdtempSync(join(tmpdir(), "gradus-errors-"));
const at = (name: string) => join(folder, name);

/** No place for a file, whoever asks. */
export const noPlace = join(at("lines.txt"), "no such");

export const removeFiles = (): void => rmSync(folder, { recursive: true, force: true });

const image = () => rand([3, 4, 5]).mul(255).to("uint8");
const weights = () => ({ weight: tensor([1, 2, 3]) });

mkdirSync(at("classes/cat"), { recursive: true });
mkdirSync(at("idx"));
writeFileSync(at("classes/cat/one.png"), vision.encodePng(image()));
writeFileSync(at("image.png"), vision.encodePng(image()));
writeFileSync(at("weights.safetensors"), formats.encodeSafetensors(weights()));
writeFileSync(at("weights.pt"), formats.encodeTorch(weights()));
writeFileSync(at("array.npy"), formats.encodeNpy(tensor([1, 2])));
writeFileSync(at("arrays.npz"), formats.encodeNpz(weights()));
writeFileSync(at("table.csv"), "a,b\n1,2\n");
writeFileSync(at("lines.txt"), "one\ntwo\n");
writeFileSync(at("labels.idx"), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7));
for (const name of ["train", "t10k"]) {
  writeFileSync(at(`idx/${name}-images-idx3-ubyte`), Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9));
  writeFileSync(at(`idx/${name}-labels-idx1-ubyte`), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7));
}
formats.saveCheckpoint(at("state.ckpt"), { epoch: 3 });

export const dataFileCalls: Readonly<Record<string, Arguments>> = {
  TextLines: () => [at("lines.txt")],
  fashionMnist: () => [{ train: true, root: at("idx"), download: false }],
  mnist: () => [{ train: true, root: at("idx"), download: false, normalize: true, transform: (x: unknown) => x }],
  readCsv: () => [at("table.csv"), { delimiter: ",", header: true }],
  readIdx: () => [at("labels.idx")],
  readLines: () => [at("lines.txt")],
};

export const formatsCalls: Readonly<Record<string, Arguments>> = {
  decodeNpy: () => [formats.encodeNpy(tensor([1, 2])), "array.npy"],
  decodeNpz: () => [formats.encodeNpz(weights()), "arrays.npz"],
  decodeSafetensors: () => [formats.encodeSafetensors(weights()), "weights.safetensors"],
  decodeTorch: () => [formats.encodeTorch(weights()), "weights.pt"],
  encodeNpy: () => [tensor([1, 2])],
  encodeNpz: () => [weights()],
  encodeSafetensors: () => [weights(), { metadata: { made: "here" } }],
  encodeTorch: () => [weights()],
  joinState: () => [formats.splitState({ epoch: 3, ...weights() })],
  load: () => [at("weights.safetensors")],
  loadCheckpoint: () => [at("state.ckpt")],
  loadNpy: () => [at("array.npy")],
  loadNpz: () => [at("arrays.npz")],
  loadTorch: () => [at("weights.pt")],
  loadWithMetadata: () => [at("weights.safetensors")],
  save: () => [at("out.safetensors"), weights(), { metadata: { made: "here" } }],
  saveCheckpoint: () => [at("out.ckpt"), { epoch: 3 }],
  saveNpy: () => [at("out.npy"), tensor([1])],
  saveNpz: () => [at("out.npz"), weights()],
  saveTorch: () => [at("out.pt"), weights()],
  splitState: () => [{ epoch: 3 }],
};

export const visionFileCalls: Readonly<Record<string, Arguments>> = {
  DatasetFolder: () => [at("classes"), (path: string) => path, { extensions: [".png"], allowEmpty: false }],
  ImageFolder: () => [
    at("classes"),
    {
      transform: new vision.RandomHorizontalFlip(),
      mode: "rgb",
      applyExifOrientation: false,
      allowEmpty: false,
      extensions: [".png"],
      loader: readFile,
    },
  ],
  decodeImage: () => [vision.encodePng(image()), { mode: "rgb", applyExifOrientation: false }, "image.png"],
  readImage: () => [at("image.png"), { mode: "rgb", applyExifOrientation: false }],
  saveImage: () => [rand([2, 3, 4, 5]), at("grid.png"), { padding: 2 }],
  writeJpeg: () => [image(), at("out.jpg"), { quality: 80 }],
  writePng: () => [image(), at("out.png")],
};

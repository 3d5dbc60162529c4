// What the reader of an example is taken to have, made anew for each example: values by their names, and files in the folder of the run.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, ones, rand, randn, type Tensor } from "gradus";
import { DataLoader, type Dataset, TensorDataset } from "gradus/data";
import { encodeTorch, save, saveTorch } from "gradus/formats";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import { encodeJpeg, saveImage } from "gradus/vision";
import ts from "typescript";
import { folder } from "./module.js";

const classes = (...size: number[]) => rand(size).mul(10).floor().to("int64");
const model = () => new nn.Sequential(new nn.Flatten(), new nn.Linear(3 * 8 * 8, 10));
const images = () => rand([4, 3, 8, 8]);
const labels = () => classes(4);
const optimizer = () => new optim.SGD(model().parameters(), { lr: 0.1, momentum: 0.9 });
const dataset = () => new TensorDataset(rand([8, 3, 8, 8]), classes(8));
const photos = () => new TensorDataset(rand([8, 3, 8, 8]));
const sentences = (): Dataset<Tensor> => ({ length: 2, get: (i) => ones([i + 1]) });
const image = () => rand([3, 240, 240]);
const logits = () => randn([4, 10]);
const features = () => randn([4, 16]);

export const given = {
  A: () => randn([3, 3]),
  anchor: features,
  b: () => randn([3, 2]),
  block: () => new nn.Linear(8, 8),
  bytes: () => encodeTorch(model().stateDict()),
  criterion: () => new nn.CrossEntropyLoss(),
  dataset,
  english: sentences,
  epoch: () => 3,
  far: features,
  head: () => new nn.Linear(10, 2),
  hidden: () => randn([4, 64]),
  image,
  images,
  labels,
  layer: () => new nn.Linear(8, 4),
  loader: () => new DataLoader(dataset(), { batchSize: 4 }),
  logits,
  masks: photos,
  model,
  models: () => [model(), model()],
  near: features,
  noise: images,
  optimizer,
  photos,
  probabilities: () => logits().softmax(1),
  readFeatures: () => (path: string) => readFileSync(path).length,
  response: () => new Response(new Uint8Array(encodeJpeg(image().mul(255).to("uint8")))),
  scheduler: () => new optim.StepLR(optimizer(), 3),
  scores: () => randn([50, 2, 12]),
  sentences,
  spanish: sentences,
  step: () => compile((x: Tensor, y: Tensor) => x.mean().add(y.sum())),
  swaModel: () => new optim.AveragedModel(new nn.Sequential(new nn.BatchNorm2d(3), new nn.Flatten())),
  token: () => randn([1, 1, 512]),
  tokenize: () => (lines: readonly string[]) => lines.map((line) => line.split(" ")),
  trainOneEpoch: () => () => ones([2]).add(1).toArray(),
  transcripts: () => rand([2, 10]).mul(11).floor().add(1).to("int64"),
  validationLoss: () => 0.3,
  words: () => randn([2, 5, 64]),
  x: images,
  y: labels,
};

/** The files that examples read. */
export async function writeFiles(into: string): Promise<void> {
  const at = (...parts: string[]) => join(into, ...parts);
  const corpus = "two words\nthree more words\n";
  writeFileSync(at("corpus.txt"), corpus);
  writeFileSync(at("iris.csv"), `width,length,kind\n${"1,2,setosa\n".repeat(150)}`);
  writeFileSync(
    at("words.js"),
    ts.transpile(readFileSync(join(folder, "words.ts"), "utf8"), { target: ts.ScriptTarget.ES2022 }),
  );
  for (const path of ["features/cat", "animals/train/cat"]) mkdirSync(at(path), { recursive: true });
  writeFileSync(at("features/cat/1.bin"), corpus);
  await saveImage(image(), at("animals/train/cat/1.png"));
  await saveImage(image(), at("cat.jpg"));
  await save(at("model.safetensors"), model().stateDict());
  await saveTorch(at("model.pt"), model().stateDict());
  await saveTorch(at("lstm.pt"), new nn.LSTM(40, 256, { numLayers: 3, batchFirst: true }).stateDict());
  const states = { optimizer: optimizer().torchStateDict(), scheduler: given.scheduler().torchStateDict() };
  await saveTorch(at("optimizer.pt"), states.optimizer);
  await saveTorch(at("run.pt"), states);
}

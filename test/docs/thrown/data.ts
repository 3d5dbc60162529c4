// For each error that a docstring of gradus/data names, a call that throws it.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeros } from "gradus";
import * as data from "gradus/data";
import type { ThrownErrors } from "./types.js";

const missing = join(tmpdir(), "gradus-no-such-file");
const rows = (count: number) => new data.TensorDataset(zeros([count, 2]));
const table = () => data.parseCsv("x,y\n1,a\n2,b");
const images = () => new data.ImageDataset(zeros([2, 3, 3]), zeros([2]), [], "", null, null);
const argument = (call: () => unknown) => ({ ArgumentError: call });
const format = (call: () => unknown) => ({ FormatError: call });
const index = (call: () => unknown) => ({ IndexError: call });

class Empty extends data.IterableDataset<number> {
  *iterate(): Iterable<number> {}
}

export const dataErrors: ThrownErrors = {
  defaultCollate: {
    ...argument(() => data.defaultCollate<unknown>([1, "a"])),
    ShapeError: () => data.defaultCollate([zeros([2]), zeros([3])]),
  },
  padCollate: argument(() => data.padCollate({ paddingSide: "top" as never })),
  "CsvTable.text": argument(() => table().text("z")),
  "CsvTable.numbers": { ...argument(() => table().numbers("z")), ...format(() => table().numbers("y")) },
  "CsvTable.matrix": { ...argument(() => table().matrix(["z"])), ...format(() => table().matrix()) },
  "CsvTable.categories": argument(() => table().categories("z")),
  parseCsv: { ...argument(() => data.parseCsv("a", { delimiter: ", " })), ...format(() => data.parseCsv("a,b\n1")) },
  readCsv: {
    ...argument(() => data.readCsv(import.meta.filename, { delimiter: "" })),
    ...format(() => data.readCsv(missing)),
  },
  readLines: format(() => data.readLines(missing)),
  DataLoader: argument(() => new data.DataLoader(rows(3), { batchSize: 0 })),
  "DataLoader.length": argument(() => new data.DataLoader(new Empty()).length),
  "DataLoader.setEpoch": argument(() => new data.DataLoader(rows(3)).setEpoch(-1)),
  "DataLoader.loadStateDict": argument(() =>
    new data.DataLoader(rows(3)).loadStateDict({ seed: 0, epoch: 0, batch: 4 }),
  ),
  "Dataset.get": index(() => rows(3).get(3)),
  "Dataset.getBatch": index(() => (rows(3).getBatch([3])[0] as { toArray(): unknown }).toArray()),
  checkIndex: index(() => data.checkIndex("x", 3, 3)),
  TensorDataset: argument(() => new data.TensorDataset(zeros([2]), zeros([3]))),
  Subset: { ...argument(() => new data.Subset(3 as never, [])), ...index(() => new data.Subset(rows(3), [3])) },
  "Subset.getBatch": index(() => new data.Subset(rows(3), [0]).getBatch?.([1])),
  ConcatDataset: argument(() => new data.ConcatDataset([])),
  StackDataset: argument(() => new data.StackDataset([rows(2), rows(3)])),
  randomSplit: argument(() => data.randomSplit(rows(3), [1, 1])),
  parseIdx: {
    ...argument(() => data.parseIdx("x" as never, "x")),
    ...format(() => data.parseIdx(new Uint8Array(9), "x")),
  },
  readIdx: format(() => data.readIdx(missing)),
  "IterableDataset.iterate": argument(() =>
    new (class extends data.IterableDataset<number> {})().iterate({ seed: 0, epoch: 0 }),
  ),
  ChainDataset: argument(() => new data.ChainDataset([])),
  ImageDataset: argument(() => new data.ImageDataset(3 as never, zeros([2]), [], "", null, null)),
  "ImageDataset.get": index(() => images().get(2)),
  "ImageDataset.getBatch": index(() => images().getBatch([2])[1].toArray()),
  mnist: format(() => data.mnist({ root: missing })),
  fashionMnist: format(() => data.fashionMnist({ root: missing })),
  fromModule: argument(() => data.fromModule(import.meta.url, "nothing" as never)),
  rememberInstance: argument(() => data.rememberInstance(3 as never, Object, Object, "Object", "", [])),
  RandomSequence: argument(() => new data.RandomSequence(1, "none" as never)),
  SequentialSampler: argument(() => new data.SequentialSampler(-1)),
  RandomSampler: argument(() => new data.RandomSampler(3, { numSamples: 4 })),
  SubsetRandomSampler: argument(() => new data.SubsetRandomSampler(3 as never)),
  WeightedRandomSampler: {
    ArgumentError: () => new data.WeightedRandomSampler([0, 0], 1),
    ShapeError: () => new data.WeightedRandomSampler(zeros([2, 2]), 1),
  },
  "DistributedSampler.setEpoch": argument(() =>
    new data.DistributedSampler(3, { numReplicas: 2, rank: 1 }).setEpoch(-1),
  ),
  DistributedSampler: argument(() => new data.DistributedSampler(3, { numReplicas: 2, rank: 2 })),
  BatchSampler: argument(() => new data.BatchSampler(new data.SequentialSampler(3), 0)),
  TextLines: format(() => new data.TextLines(missing)),
};

// A right call of everything in gradus/data, gradus/optim and gradus/vision, with all its options: arguments.test.ts spoils them one by one.
import { ones, rand, tensor } from "gradus";
import * as data from "gradus/data";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";

/** Arguments of a right call, made anew. */
export type Arguments = () => readonly unknown[];

const nothing: Arguments = () => [];
const parameters = () => [new nn.Parameter(ones([2, 2]))];
const sgd = () => new optim.SGD(parameters(), { lr: 0.1, momentum: 0.9 });
const numbers = () => new data.TensorDataset(rand([10, 3]), rand([10]));
const image = () => rand([3, 8, 8]);
const bytes = () => image().mul(255).to("uint8");
const batch = () => rand([4, 3, 8, 8]);
const labels = () => tensor([0, 1, 2, 1], { dtype: "int64" });
const step = () => new vision.RandomHorizontalFlip();

export const dataCalls: Readonly<Record<string, Arguments>> = {
  BatchSampler: () => [new data.SequentialSampler(10), 4, { dropLast: true }],
  fromModule: () => [new URL("../data/worker-datasets.ts", import.meta.url), "Numbers", 3],
  ChainDataset: () => [
    [
      new (class extends data.IterableDataset<number> {
        *iterate() {}
      })(),
    ],
  ],
  ConcatDataset: () => [[numbers(), numbers()]],
  DataLoader: () => [
    numbers(),
    { batchSize: 2, shuffle: true, dropLast: true, seed: 1, collate: data.defaultCollate, numWorkers: 0, prefetch: 1 },
  ],
  DistributedSampler: () => [10, { numReplicas: 2, rank: 1, shuffle: true, seed: 1, dropLast: true }],
  ImageDataset: () => [batch(), labels()],
  RandomSampler: () => [10, { seed: 1, replacement: true, numSamples: 3 }],
  RandomSequence: () => [1, "shuffle"],
  SequentialSampler: () => [10],
  StackDataset: () => [{ a: numbers(), b: numbers() }],
  Subset: () => [numbers(), [0, 1]],
  SubsetRandomSampler: () => [[0, 1], { seed: 1 }],
  TensorDataset: () => [ones([3]), ones([3])],
  WeightedRandomSampler: () => [[1, 2], 2, { replacement: true, seed: 1 }],
  checkIndex: () => ["Words", 1, 2],
  defaultCollate: () => [[1, 2]],
  padCollate: () => [{ paddingValue: 1 }],
  parseCsv: () => ["a,b\n1,2", { delimiter: ",", header: true }],
  parseIdx: () => [new Uint8Array([0, 0, 8, 1, 0, 0, 0, 1, 7])],
  randomSplit: () => [numbers(), [5, 5], { seed: 1 }],
};

const schedule =
  (...rest: unknown[]): Arguments =>
  () => [sgd(), ...rest];
const optimizer =
  (options: object): Arguments =>
  () => [parameters(), options];

export const optimCalls: Readonly<Record<string, Arguments>> = {
  ASGD: optimizer({ lr: 0.1, lambd: 1e-4, alpha: 0.75, t0: 10, weightDecay: 0.1, maximize: true }),
  Adadelta: optimizer({ lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0.1, maximize: true }),
  Adafactor: optimizer({ lr: 0.1, beta2Decay: -0.8, eps: [1e-4, 1e-3], d: 1, weightDecay: 0.1, maximize: true }),
  Adagrad: optimizer({
    lr: 0.1,
    lrDecay: 0.1,
    weightDecay: 0.1,
    initialAccumulatorValue: 0.1,
    eps: 1e-6,
    maximize: true,
  }),
  Adam: optimizer({
    lr: 0.1,
    betas: [0.9, 0.99],
    eps: 1e-6,
    weightDecay: 0.1,
    amsgrad: true,
    maximize: true,
    decoupledWeightDecay: true,
  }),
  AdamW: optimizer({ lr: 0.1, betas: [0.9, 0.99], eps: 1e-6, weightDecay: 0.1, amsgrad: true, maximize: true }),
  Adamax: optimizer({ lr: 0.1, betas: [0.9, 0.99], eps: 1e-6, weightDecay: 0.1, maximize: true }),
  AveragedModel: () => [new nn.Linear(2, 2), { avgFn: optim.getEmaAvgFn(0.9), useBuffers: true }],
  ChainedScheduler: () => [[new optim.StepLR(sgd(), 2)]],
  ConstantLR: schedule({ factor: 0.5, totalIters: 3, lastEpoch: -1 }),
  CosineAnnealingLR: schedule(10, { etaMin: 0.01, lastEpoch: -1 }),
  CosineAnnealingWarmRestarts: schedule(10, { tMult: 2, etaMin: 0.01, lastEpoch: -1 }),
  CyclicLR: schedule(0.01, 0.1, {
    stepSizeUp: 5,
    stepSizeDown: 5,
    mode: "triangular2",
    gamma: 0.9,
    scaleFn: (x: number) => x,
    scaleMode: "cycle",
    cycleMomentum: true,
    baseMomentum: 0.8,
    maxMomentum: 0.9,
    lastEpoch: -1,
  }),
  ExponentialLR: schedule(0.9, { lastEpoch: -1 }),
  GradScaler: () => [{ initScale: 8, growthFactor: 2, backoffFactor: 0.5, growthInterval: 10, enabled: true }],
  LBFGS: optimizer({
    lr: 1,
    maxIter: 2,
    maxEval: 3,
    toleranceGrad: 1e-7,
    toleranceChange: 1e-9,
    historySize: 5,
    lineSearchFn: "strongWolfe",
    maximize: true,
  }),
  LambdaLR: schedule((epoch: number) => 0.9 ** epoch, { lastEpoch: -1 }),
  LinearLR: schedule({ startFactor: 0.1, endFactor: 1, totalIters: 4, lastEpoch: -1 }),
  Lion: optimizer({ lr: 0.1, betas: [0.9, 0.99], weightDecay: 0.1, maximize: true }),
  MultiStepLR: schedule([3, 5], { gamma: 0.1, lastEpoch: -1 }),
  MultiplicativeLR: schedule(() => 0.9, { lastEpoch: -1 }),
  Muon: optimizer({
    lr: 0.1,
    weightDecay: 0.1,
    momentum: 0.9,
    nesterov: true,
    nsCoefficients: [3.4, -4.7, 2],
    eps: 1e-7,
    nsSteps: 5,
    adjustLrFn: "original",
  }),
  NAdam: optimizer({
    lr: 0.1,
    betas: [0.9, 0.99],
    eps: 1e-6,
    weightDecay: 0.1,
    momentumDecay: 0.01,
    decoupledWeightDecay: true,
    maximize: true,
  }),
  OneCycleLR: schedule(0.1, {
    totalSteps: 10,
    pctStart: 0.3,
    annealStrategy: "cos",
    cycleMomentum: true,
    baseMomentum: 0.85,
    maxMomentum: 0.95,
    divFactor: 25,
    finalDivFactor: 100,
    threePhase: true,
    lastEpoch: -1,
  }),
  PolynomialLR: schedule({ totalIters: 5, power: 2, lastEpoch: -1 }),
  RAdam: optimizer({
    lr: 0.1,
    betas: [0.9, 0.99],
    eps: 1e-6,
    weightDecay: 0.1,
    decoupledWeightDecay: true,
    maximize: true,
  }),
  RMSprop: optimizer({
    lr: 0.1,
    alpha: 0.9,
    eps: 1e-6,
    weightDecay: 0.1,
    momentum: 0.9,
    centered: true,
    maximize: true,
  }),
  ReduceLROnPlateau: schedule({
    mode: "min",
    factor: 0.1,
    patience: 3,
    threshold: 1e-4,
    thresholdMode: "rel",
    cooldown: 1,
    minLr: 0.001,
    eps: 1e-8,
  }),
  Rprop: optimizer({ lr: 0.1, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: true }),
  SGD: optimizer({ lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 0.1, nesterov: true, maximize: true }),
  SWALR: schedule(0.05, { annealEpochs: 5, annealStrategy: "cos", lastEpoch: -1 }),
  SequentialLR: () => {
    const optimizer = sgd();
    return [
      optimizer,
      [new optim.StepLR(optimizer, 2), new optim.ExponentialLR(optimizer, 0.9)],
      [3],
      { lastEpoch: -1 },
    ];
  },
  StepLR: schedule(3, { gamma: 0.1, lastEpoch: -1 }),
  getEmaAvgFn: () => [0.9],
  getSwaAvgFn: nothing,
  updateBn: () => [[batch()], new nn.Sequential(new nn.BatchNorm2d(3))],
};

const warp = { interpolation: "bilinear", fill: 0.5 } as const;

export const visionCalls: Readonly<Record<string, Arguments>> = {
  AugMix: () => [
    { severity: 3, mixtureWidth: 3, chainDepth: 2, alpha: 1, allOps: true, fill: 0, interpolation: "bilinear" },
  ],
  AutoAugment: () => [{ policy: "cifar10", fill: 0, interpolation: "bilinear" }],
  CenterCrop: () => [4],
  ColorJitter: () => [{ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }],
  Compose: () => [[step()]],
  CutMix: () => [{ numClasses: 3, alpha: 1, seed: 1 }],
  ElasticTransform: () => [{ alpha: 40, sigma: 3, ...warp }],
  FiveCrop: () => [4],
  GaussianBlur: () => [3, [0.1, 2]],
  GaussianNoise: () => [{ mean: 0, sigma: 0.1, clip: true }],
  Grayscale: () => [3],
  Identity: nothing,
  Lambda: () => [(x: unknown) => x],
  LinearTransformation: () => [ones([12, 12]), ones([12])],
  MixUp: () => [{ numClasses: 3, alpha: 1, seed: 1 }],
  Normalize: () => [
    [0.5, 0.5, 0.5],
    [0.2, 0.2, 0.2],
  ],
  Pad: () => [2, { fill: 0, paddingMode: "constant" }],
  RGB: nothing,
  RandAugment: () => [{ numOps: 2, magnitude: 9, numMagnitudeBins: 31, fill: 0, interpolation: "bilinear" }],
  RandomAdjustSharpness: () => [2, 0.5],
  RandomAffine: () => [10, { translate: [0.1, 0.1], scale: [0.9, 1.1], shear: 5, center: [1, 1], ...warp }],
  RandomApply: () => [[step()], 0.5],
  RandomAutocontrast: () => [0.5],
  RandomChannelPermutation: nothing,
  RandomChoice: () => [[step()], [1]],
  RandomCrop: () => [4, { padding: 1, padIfNeeded: true, fill: 0, paddingMode: "constant" }],
  RandomEqualize: () => [0.5],
  RandomErasing: () => [{ p: 0.5, scale: [0.02, 0.3], ratio: [0.3, 3], value: 0 }],
  RandomGrayscale: () => [0.5],
  RandomHorizontalFlip: () => [0.5],
  RandomInvert: () => [0.5],
  RandomOrder: () => [[step()]],
  RandomPerspective: () => [{ distortionScale: 0.5, p: 0.5, ...warp }],
  RandomPhotometricDistort: () => [
    { brightness: [0.8, 1.2], contrast: [0.5, 1.5], saturation: [0.5, 1.5], hue: [-0.05, 0.05], p: 0.5 },
  ],
  RandomPosterize: () => [4, 0.5],
  RandomResizedCrop: () => [4, { scale: [0.1, 1], ratio: [0.7, 1.3], antialias: true, interpolation: "bilinear" }],
  RandomRotation: () => [10, { center: [1, 1], expand: false, ...warp }],
  RandomShift: () => [2, { fill: 0 }],
  RandomSolarize: () => [0.5, 0.5],
  RandomVerticalFlip: () => [0.5],
  Resize: () => [4, { interpolation: "bilinear", antialias: true, maxSize: 9 }],
  TenCrop: () => [4, { verticalFlip: true }],
  ToDtype: () => ["float32", { scale: true }],
  TrivialAugmentWide: () => [{ numMagnitudeBins: 31, fill: 0, interpolation: "bilinear" }],
  encodeJpeg: () => [bytes(), { quality: 90 }],
  encodePng: () => [bytes()],
  makeGrid: () => [
    batch(),
    { nrow: 2, padding: 2, padValue: 0, normalize: true, valueRange: [0, 1], scaleEach: false },
  ],
};

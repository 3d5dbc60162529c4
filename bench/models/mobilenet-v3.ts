// MobileNetV3-Large. Source: Howard et al., "Searching for MobileNetV3", 2019, arXiv:1905.02244, table 1.
import * as nn from "gradus/nn";
import { convNorm, ImageClassifier, multipleOf8, Residual, SqueezeExcitation } from "./blocks.js";

const eps = 0.001;

type Activation = "relu" | "hardswish";

/** Kernel, channels inside, channels out, squeeze and excitation, activation, stride. */
type Row = readonly [
  kernel: number,
  expanded: number,
  outputs: number,
  hasExcitation: boolean,
  activation: Activation,
  stride: number,
];

const rows: readonly Row[] = [
  [3, 16, 16, false, "relu", 1],
  [3, 64, 24, false, "relu", 2],
  [3, 72, 24, false, "relu", 1],
  [5, 72, 40, true, "relu", 2],
  [5, 120, 40, true, "relu", 1],
  [5, 120, 40, true, "relu", 1],
  [3, 240, 80, false, "hardswish", 2],
  [3, 200, 80, false, "hardswish", 1],
  [3, 184, 80, false, "hardswish", 1],
  [3, 184, 80, false, "hardswish", 1],
  [3, 480, 112, true, "hardswish", 1],
  [3, 672, 112, true, "hardswish", 1],
  [5, 672, 160, true, "hardswish", 2],
  [5, 960, 160, true, "hardswish", 1],
  [5, 960, 160, true, "hardswish", 1],
];

function inverted(inputs: number, [kernel, expanded, outputs, hasExcitation, name, stride]: Row): nn.UnaryModule {
  const activation = name === "relu" ? new nn.ReLU() : new nn.Hardswish();
  const excitation = () =>
    new SqueezeExcitation(expanded, multipleOf8(Math.floor(expanded / 4)), new nn.ReLU(), new nn.Hardsigmoid());
  const block = new nn.Sequential(
    ...(expanded === inputs ? [] : [convNorm(inputs, expanded, { eps, activation })]),
    convNorm(expanded, expanded, { kernel, stride, groups: expanded, eps, activation }),
    ...(hasExcitation ? [excitation()] : []),
    convNorm(expanded, outputs, { eps, activation: null }),
  );
  return new Residual(block, stride === 1 && inputs === outputs);
}

export function mobilenetV3Large(): nn.UnaryModule {
  const activation = new nn.Hardswish();
  const blocks = rows.map((row, i) => inverted(rows[i - 1]?.[2] ?? 16, row));
  const features = new nn.Sequential(
    convNorm(3, 16, { kernel: 3, stride: 2, eps, activation }),
    ...blocks,
    convNorm(160, 960, { eps, activation }),
  );
  const classifier = new nn.Sequential(
    new nn.Linear(960, 1280),
    new nn.Hardswish(),
    new nn.Dropout(0.2),
    new nn.Linear(1280, 1000),
  );
  return new ImageClassifier(features, classifier);
}

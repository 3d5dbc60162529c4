// EfficientNet-B4. Source: Tan & Le, "EfficientNet", 2019, arXiv:1905.11946, table 1, scaled by 1.4 in width and 1.8 in depth.
import * as nn from "gradus/nn";
import { convNorm, ImageClassifier, multipleOf8, Residual, SqueezeExcitation } from "./blocks.js";

const widthFactor = 1.4;
const depthFactor = 1.8;

interface Stage {
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly depth: number;
}

/** The stages of B0. */
const stages: readonly Stage[] = [
  { expansion: 1, kernel: 3, stride: 1, inputs: 32, outputs: 16, depth: 1 },
  { expansion: 6, kernel: 3, stride: 2, inputs: 16, outputs: 24, depth: 2 },
  { expansion: 6, kernel: 5, stride: 2, inputs: 24, outputs: 40, depth: 2 },
  { expansion: 6, kernel: 3, stride: 2, inputs: 40, outputs: 80, depth: 3 },
  { expansion: 6, kernel: 5, stride: 1, inputs: 80, outputs: 112, depth: 3 },
  { expansion: 6, kernel: 5, stride: 2, inputs: 112, outputs: 192, depth: 4 },
  { expansion: 6, kernel: 3, stride: 1, inputs: 192, outputs: 320, depth: 1 },
];

/** Expand by 1×1, depthwise convolution, squeeze and excitation, project by 1×1. */
function inverted({ expansion, kernel, stride, inputs, outputs }: Stage): nn.UnaryModule {
  const expanded = multipleOf8(inputs * expansion);
  const silu = new nn.SiLU();
  const expand = expanded === inputs ? [] : [convNorm(inputs, expanded, { activation: silu })];
  const block = new nn.Sequential(
    ...expand,
    convNorm(expanded, expanded, { kernel, stride, groups: expanded, activation: silu }),
    new SqueezeExcitation(expanded, Math.floor(inputs / 4), silu, new nn.Sigmoid()),
    convNorm(expanded, outputs, { activation: null }),
  );
  return new Residual(block, stride === 1 && inputs === outputs);
}

function scaled(stage: Stage): nn.Sequential {
  const inputs = multipleOf8(stage.inputs * widthFactor);
  const outputs = multipleOf8(stage.outputs * widthFactor);
  const depth = Math.ceil(stage.depth * depthFactor);
  const blocks = Array.from({ length: depth }, (_, i) =>
    inverted(i === 0 ? { ...stage, inputs, outputs } : { ...stage, inputs: outputs, outputs, stride: 1 }),
  );
  return new nn.Sequential(...blocks);
}

export function efficientnetB4(): nn.UnaryModule {
  const silu = new nn.SiLU();
  const first = multipleOf8((stages[0] as Stage).inputs * widthFactor);
  const last = multipleOf8((stages.at(-1) as Stage).outputs * widthFactor);
  const features = new nn.Sequential(
    convNorm(3, first, { kernel: 3, stride: 2, activation: silu }),
    ...stages.map(scaled),
    convNorm(last, 4 * last, { activation: silu }),
  );
  return new ImageClassifier(features, new nn.Sequential(new nn.Dropout(0.4), new nn.Linear(4 * last, 1000)));
}

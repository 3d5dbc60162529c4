// The networks of the benchmarks, by name.
import type * as nn from "gradus/nn";
import { efficientnetB4 } from "./efficientnet.js";
import { gpt } from "./gpt.js";
import { mlp } from "./mlp.js";
import { mobilenetV3Large } from "./mobilenet-v3.js";
import { resnet18, resnet50 } from "./resnet.js";
import { vitB16 } from "./vit.js";

export { gptLength, gptVocabulary } from "./gpt.js";

/** torchvision's names, where it has the network. */
export const networks = {
  mlp,
  gpt,
  resnet18,
  resnet50,
  efficientnet_b4: efficientnetB4,
  mobilenet_v3_large: mobilenetV3Large,
  vit_b_16: vitB16,
} satisfies Record<string, () => nn.UnaryModule>;

export type NetworkName = keyof typeof networks;

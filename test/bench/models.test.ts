// The benchmarks' networks are torchvision's: the same parameters under the same names. Their outputs need its weights.
import { expect, test } from "vitest";
import { layoutOf, torchvision } from "./layout.js";

test.each(["resnet18", "resnet50", "vit_b_16"] as const)("%s: has torchvision's parameters and keys", (name) => {
  expect(layoutOf(name)).toEqual(torchvision[name]);
});

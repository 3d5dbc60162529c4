// The larger of the benchmarks' networks, whose construction takes a while: torchvision's parameters under the same names.
import { expect, test } from "vitest";
import { layoutOf, torchvision } from "../bench/layout.js";

test.each(["efficientnet_b4", "mobilenet_v3_large"] as const)("%s: has torchvision's parameters and keys", (name) => {
  expect(layoutOf(name)).toEqual(torchvision[name]);
});

// Where an image is sampled at its own points, rounding decides which side of a kink the gradient takes: the bits are PyTorch's.
import { arange, linspace, tensor } from "gradus";
import * as F from "gradus/nn/functional";
import { expect, test } from "vitest";
import { forEachTarget } from "../conformance/targets.js";

/** `torch.linspace(-1, 1, 28).view(torch.int32)` of PyTorch 2.15. */
// biome-ignore format: a table
const line = [-1082130432, -1083373189, -1084615946, -1085858702, -1087101459, -1088344216, -1089586972, -1091140418, -1093625932,
  -1096111446, -1098596959, -1103257297, -1109160392, -1122520028, 1024963620, 1038323256, 1044226351, 1048886689, 1051372202,
  1053857716, 1056343230, 1057896676, 1059139432, 1060382189, 1061624946, 1062867702, 1064110459, 1065353216];
/** x of `F.affine_grid(torch.eye(2, 3)[None], (1, 1, 1, 28), align_corners=False)`. */
// biome-ignore format: a table
const grid = [-1082729618, -1083927991, -1085126363, -1086324736, -1087523109, -1088721481, -1089919853, -1091717413, -1094114158,
  -1096510904, -1098907648, -1103701138, -1109693002, -1122875101, 1024608547, 1037790646, 1043782510, 1048576000, 1050972744,
  1053369490, 1055766235, 1057563795, 1058762167, 1059960539, 1061158912, 1062357285, 1063555657, 1064754030];

const bits = (values: ArrayLike<number | bigint>): number[] => [
  ...new Int32Array(Float32Array.from(values as ArrayLike<number>).buffer),
];

forEachTarget((target) => {
  test("linspace and affineGrid: given float32 and an identity, the bits are PyTorch's", () => {
    expect(bits(linspace(-1, 1, 28).toTypedArray())).toEqual(line);
    const points = F.affineGrid(tensor([1, 0, 0, 0, 1, 0]).view(1, 2, 3), [1, 1, 1, 28], { alignCorners: false });
    expect(bits(points.at(0, 0, ":", 0).toTypedArray())).toEqual(grid);
  });

  test("gridSample: given a grid on the image's own points, the gradient takes PyTorch's side of each kink", () => {
    const x = arange(2 * 28 * 28)
      .mul(37)
      .remainder(101)
      .view(1, 2, 28, 28)
      .div(50);
    const theta = tensor([1, 0, 0, 0, 1, 0]).view(1, 2, 3).requiresGrad_();
    const y = F.gridSample(x, F.affineGrid(theta, x.shape));
    y.mul(arange(784).mul(13).remainder(17).view(28, 28)).sum().backward();
    const found = Array.from(theta.grad?.toTypedArray() ?? [], Number);
    // theta.grad of the same lines in PyTorch 2.15; sums of 784 products of up to 16 · 28 · 2, in another order.
    const wanted = [-11669.856, 347.54062, -3238.478, -351.1998, -11921.082, 80.080566];
    found.forEach((value, i) => {
      expect(Math.abs(value - (wanted[i] as number)), target).toBeLessThan(0.05);
    });
    expect(found).toHaveLength(6);
  });
});

// 2-d convolutions: forward, or one of the two gradients alone.
import { compile, grad, rand, type Tensor } from "gradus";
import { conv2d } from "gradus/nn/functional";

export interface ConvRequest {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly o: number;
  readonly kh: number;
  readonly kw: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly which: "forward" | "dataGrad" | "filterGrad";
}

function centred(sizes: number[]): Tensor {
  return rand(sizes).sub(0.5);
}

export function conv(request: ConvRequest): () => Tensor {
  const { n, c, h, w, o, kh, kw, stride = 1, padding = 0, groups = 1, which } = request;
  const convolve = (x: Tensor, weight: Tensor) => conv2d(x, weight, { stride, padding, groups });
  const data = centred([n, c, h, w]);
  const weight = centred([o, c / groups, kh, kw]);
  const upstream = centred([...convolve(data, weight).shape]);
  const call = compile((x: Tensor, kernel: Tensor, g: Tensor): Tensor => {
    if (which === "forward") return convolve(x, kernel);
    // Leaves of their own, so that only one of the two gradients is computed.
    const [input, filter] = [x.detach(), kernel.detach()];
    const wanted = which === "dataGrad" ? input : filter;
    wanted.requiresGrad_();
    return grad([convolve(input, filter)], [wanted], { gradOutputs: [g] })[0] as Tensor;
  });
  return () => call(data, weight, upstream);
}

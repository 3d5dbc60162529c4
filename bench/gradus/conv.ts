// 2-d convolutions: answers {n, c, h, w, o, kh, kw, stride?, padding?, groups?, which, threads?, seconds?} as peers/conv.py does.
import { compile, grad, rand, setThreads, type Tensor } from "gradus";
import { conv2d } from "gradus/nn/functional";
import { medianSeconds } from "../statistics.js";
import { configure, serve } from "./protocol.js";

interface ConvRequest {
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
  readonly threads?: number;
  readonly seconds?: number;
}

function centred(sizes: number[]): Tensor {
  return rand(sizes).sub(0.5);
}

function measure(request: ConvRequest): object {
  const { n, c, h, w, o, kh, kw, stride = 1, padding = 0, groups = 1, which, threads, seconds = 0.5 } = request;
  if (threads) setThreads(threads);
  const convolve = (x: Tensor, weight: Tensor) => conv2d(x, weight, { stride, padding, groups });
  const data = centred([n, c, h, w]);
  const weight = centred([o, c / groups, kh, kw]);
  const outShape = convolve(data, weight).shape;
  const upstream = centred([...outShape]);
  const call = compile((x: Tensor, kernel: Tensor, g: Tensor): Tensor => {
    if (which === "forward") return convolve(x, kernel);
    // Leaves of their own, so that only one of the two gradients is computed.
    const [input, filter] = [x.detach(), kernel.detach()];
    const wanted = which === "dataGrad" ? input : filter;
    wanted.requiresGrad_();
    return grad([convolve(input, filter)], [wanted], { gradOutputs: [g] })[0] as Tensor;
  });
  const timing = medianSeconds(() => call(data, weight, upstream), seconds);
  const outputs = outShape.reduce((product, size) => product * size, 1);
  return { gflops: (2 * outputs * (c / groups) * kh * kw) / timing.seconds / 1e9, ...timing };
}

configure();
await serve((line) => measure(JSON.parse(line)));

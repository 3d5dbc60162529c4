// Windows for spectra and filters: weights that fall off to both ends.
import { ArgumentError, checkOptions, noMore } from "../../base/index.js";
import { tensor } from "../creation.js";
import type { CreationOptions } from "../creation-options.js";
import type { Tensor } from "../tensor.js";

/** Options of windows. */
export interface WindowOptions extends CreationOptions {
  /** For use in a row, as the window of a Fourier transform: one value longer, the last one dropped. Default true. */
  readonly periodic?: boolean;
}

function windowOf(op: string, size: number, options: WindowOptions, weight: (x: number) => number): Tensor {
  if (!Number.isInteger(size) || size < 0) {
    throw new ArgumentError(`${op}: windowLength must be an integer >= 0, got ${size}`, { op });
  }
  const { periodic = true, dtype = "float32", ...rest } = options;
  const last = periodic ? size : size - 1;
  // x runs from 0 to 1; a window of one value is 1.
  const values = Float64Array.from({ length: size }, (_, i) => (size === 1 ? 1 : weight(i / last)));
  return tensor(values, { ...rest, dtype });
}

function windowing(op: string, weight: (x: number) => number) {
  return (windowLength: number, options: WindowOptions = {}, ...surplus: []): Tensor => {
    noMore(op, surplus);
    checkOptions(op, options, ["periodic", "dtype", "device", "requiresGrad"]);
    return windowOf(op, windowLength, options, weight);
  };
}

const cosine = (x: number, times: number): number => Math.cos(2 * Math.PI * times * x);

/**
 * Triangles: 1 - |2 x - 1| for x from 0 to 1, `windowLength` values. Shapes: `[windowLength]`.
 * @throws ArgumentError if `windowLength` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export const bartlettWindow = windowing("bartlettWindow", (x) => 1 - Math.abs(2 * x - 1));
/**
 * 0.42 - 0.5 cos(2πx) + 0.08 cos(4πx) for x from 0 to 1, `windowLength` values; 0 at both ends.
 *
 * Shapes: `[windowLength]`.
 * @throws ArgumentError if `windowLength` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export const blackmanWindow = windowing("blackmanWindow", (x) => 0.5 * (1 - cosine(x, 1)) - 0.08 * (1 - cosine(x, 2)));
/**
 * (1 - cos(2πx)) / 2 for x from 0 to 1, `windowLength` values. Shapes: `[windowLength]`.
 * @throws ArgumentError if `windowLength` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export const hannWindow = windowing("hannWindow", (x) => 0.5 - 0.5 * cosine(x, 1));

/** Options of `hammingWindow`. */
export interface HammingOptions extends WindowOptions {
  /** Default 0.54. */
  readonly alpha?: number;
  /** Default 0.46. */
  readonly beta?: number;
}

/**
 * alpha - beta cos(2πx) for x from 0 to 1, `windowLength` values. Shapes: `[windowLength]`.
 * @throws ArgumentError if `windowLength` is no integer >= 0.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function hammingWindow(windowLength: number, options: HammingOptions = {}, ...surplus: []): Tensor {
  const op = "hammingWindow";
  noMore(op, surplus);
  checkOptions(op, options, ["alpha", "beta", "periodic", "dtype", "device", "requiresGrad"]);
  const { alpha = 0.54, beta = 0.46, ...rest } = options;
  return windowOf(op, windowLength, rest, (x) => alpha - beta * cosine(x, 1));
}

/** Options of `kaiserWindow`. */
export interface KaiserOptions extends WindowOptions {
  /** How steep it falls; default 12. */
  readonly beta?: number;
}

/** Σ (x²/4)^k / k!²: the modified Bessel function I₀, whose terms are all positive. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 2 ** -54; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * I₀(beta √(1 - (2 x - 1)²)) / I₀(beta) for x from 0 to 1, `windowLength` values. Shapes: `[windowLength]`.
 * @throws ArgumentError if `windowLength` is no integer >= 0, or `beta` not finite.
 * @throws DTypeError if an integer tensor is to require grad.
 * @throws DeviceError if the device is not there.
 */
export function kaiserWindow(windowLength: number, options: KaiserOptions = {}, ...surplus: []): Tensor {
  const op = "kaiserWindow";
  noMore(op, surplus);
  checkOptions(op, options, ["beta", "periodic", "dtype", "device", "requiresGrad"]);
  const { beta = 12, ...rest } = options;
  if (!Number.isFinite(beta)) throw new ArgumentError(`${op}: beta must be a finite number, got ${beta}`, { op });
  const top = bessel(beta);
  return windowOf(op, windowLength, rest, (x) => bessel(beta * Math.sqrt(Math.max(0, 1 - (2 * x - 1) ** 2))) / top);
}

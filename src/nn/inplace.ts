// PyTorch's `inplace` of layers: taken, so that models can be ported line by line, and without effect.
import { checkFlag, checkOptions } from "../base/index.js";

/** Of layers that PyTorch can have write into their input. */
export interface InplaceOption {
  /** Without effect: results are the same, and the input keeps its values. The compiler plans memory by itself. */
  readonly inplace?: boolean;
}

/** Checks options of which `inplace` is the only one. */
export function checkInplace(layer: string, options: InplaceOption | undefined): void {
  checkOptions(layer, options, ["inplace"]);
  if (options?.inplace !== undefined) checkFlag(layer, "inplace", options.inplace);
}

/** The options without `inplace`, which is checked; what is no object is left to the check of the others. */
export function withoutInplace<Options extends object>(
  layer: string,
  options: (Options & InplaceOption) | undefined,
): Options | undefined {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
  const { inplace = false, ...rest } = options;
  checkFlag(layer, "inplace", inplace);
  return rest as unknown as Options;
}

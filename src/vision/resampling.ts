// Resizing and cropping as products with weights of rows and columns, with antialiasing: Pillow's and PyTorch's way.
import { isFloat } from "../base/index.js";
import { type Tensor, tensor } from "../tensor/index.js";
import { nearImage, resampleNear } from "./near-image.js";
import { quantized, Recent, type Resizing, type Span, tapsOf, wholeTapsOf } from "./taps.js";

const recentMatrices = new Recent<Float32Array>();

/** Spans of columns or rows, and what they become. */
export interface SideResizing extends Resizing {
  readonly spans: readonly Span[];
}

/** The weights of each sample's span as a matrix `[spans, 1, size, inputs]`. */
function weightsOf(side: SideResizing, isBytes: boolean): Tensor {
  const { spans, size, inputs } = side;
  const matrices = recentMatrices.get(spans, side, isBytes, () => matricesOf(side, isBytes));
  return tensor(matrices).view(spans.length, 1, size, inputs);
}

function matricesOf({ spans, ...resizing }: SideResizing, isBytes: boolean): Float32Array {
  const { size, inputs } = resizing;
  const out = new Float32Array(spans.length * size * inputs);
  spans.forEach((span, n) => {
    // Each sample has a precision of its own.
    const { width, first, weights, bits, whole } = quantized(tapsOf(span, resizing));
    for (let k = 0; k < weights.length; k++) {
      const i = Math.floor(k / width);
      const weight = isBytes ? (whole[k] as number) / 2 ** bits : (weights[k] as number);
      out[(n * size + i) * inputs + (first[i] as number) + (k - i * width)] = weight;
    }
  });
  return out;
}

/**
 * rows · images · columnsᵀ: images `[N, C, H, W]`, rows `[N or 1, 1, H', H]`, columns `[N or 1, 1, W', W]` → `[N, C, H', W']`.
 *
 * Bytes come out as PyTorch's bit for bit: columns first, rounded to bytes, then rows. Products and sums of quantized weights and
 * bytes are exact in float32. Other integers are rounded once.
 */
export function resample(images: Tensor, rows: SideResizing, columns: SideResizing): Tensor {
  const near = nearImage(images);
  if (near && rows.spans.length === 1) {
    return resampleNear(near, wholeTapsOf(rows.spans[0] as Span, rows), wholeTapsOf(columns.spans[0] as Span, columns));
  }
  const isBytes = images.dtype === "uint8";
  const across = (x: Tensor) => x.matmul(weightsOf(columns, isBytes).transpose(-2, -1));
  const down = (x: Tensor) => weightsOf(rows, isBytes).matmul(x);
  const x = images.dtype === "float32" ? images : images.to("float32");
  if (isFloat(images.dtype)) return across(down(x)).to(images.dtype);
  if (isBytes) {
    const toBytes = (y: Tensor) => y.add(0.5).floor().clamp(0, 255);
    return toBytes(down(toBytes(across(x)))).to("uint8");
  }
  return across(down(x)).round().to(images.dtype);
}

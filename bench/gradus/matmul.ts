// Matrix products.
import { compile, noGrad, rand, type Tensor } from "gradus";

export interface MatmulRequest {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly batch?: number;
}

/** A transposed operand is stored with its last two dims swapped and used as a view. */
function stored(batch: number, rows: number, columns: number, isTransposed: boolean): Tensor {
  const sizes = isTransposed ? [columns, rows] : [rows, columns];
  return rand(batch ? [batch, ...sizes] : sizes).sub(0.5);
}

export function matmul({ m, n, k, transA = false, transB = false, batch = 0 }: MatmulRequest): () => Tensor {
  const a = stored(batch, m, k, transA);
  const b = stored(batch, k, n, transB);
  const multiply = compile((x: Tensor, y: Tensor) =>
    (transA ? x.transpose(-1, -2) : x).matmul(transB ? y.transpose(-1, -2) : y),
  );
  return () => noGrad(() => multiply(a, b));
}

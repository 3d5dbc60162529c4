// Matrix products: answers {m, n, k, transA?, transB?, batch?, threads?, seconds?} as peers/matmul.py does.
import { compile, noGrad, rand, setThreads, type Tensor } from "gradus";
import { medianSeconds } from "../statistics.js";
import { configure, serve } from "./protocol.js";

interface MatmulRequest {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly batch?: number;
  readonly threads?: number;
  readonly seconds?: number;
}

/** A transposed operand is stored with its last two dims swapped and used as a view. */
function stored(batch: number, rows: number, columns: number, isTransposed: boolean): Tensor {
  const sizes = isTransposed ? [columns, rows] : [rows, columns];
  return rand(batch ? [batch, ...sizes] : sizes).sub(0.5);
}

function measure({
  m,
  n,
  k,
  transA = false,
  transB = false,
  batch = 0,
  threads,
  seconds = 0.5,
}: MatmulRequest): object {
  if (threads) setThreads(threads);
  const a = stored(batch, m, k, transA);
  const b = stored(batch, k, n, transB);
  const multiply = compile((x: Tensor, y: Tensor) =>
    (transA ? x.transpose(-1, -2) : x).matmul(transB ? y.transpose(-1, -2) : y),
  );
  const timing = noGrad(() => medianSeconds(() => multiply(a, b), seconds));
  return { gflops: (2 * m * n * k * Math.max(batch, 1)) / timing.seconds / 1e9, ...timing };
}

configure();
await serve((line) => measure(JSON.parse(line)));

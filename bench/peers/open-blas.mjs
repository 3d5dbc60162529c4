// OpenBLAS peer: the system's libopenblas (Debian's libopenblas0-pthread), called directly.  node open-blas.mjs --threads N
import koffi from "koffi";
import { serveKinds, threadsOption, uniform } from "./node-protocol.mjs";

const rowMajor = 101;
const [noTranspose, transpose] = [111, 112];

const library = koffi.load("libopenblas.so.0");
library.func("void openblas_set_num_threads(int)")(threadsOption());
const version = /OpenBLAS ([\d.]+)/.exec(library.func("const char *openblas_get_config()")())?.[1] ?? "unknown";
const sgemm = library.func(
  "void cblas_sgemm(int, int, int, int, int, int, float, void *, int, void *, int, float, void *, int)",
);

function matmul({ m, n, k, transA = false, transB = false, batch = 0 }) {
  const count = Math.max(1, batch);
  const products = Array.from({ length: count }, () => [uniform(m * k), uniform(k * n), new Float32Array(m * n)]);
  const [a, b] = [transA ? transpose : noTranspose, transB ? transpose : noTranspose];
  const [strideA, strideB] = [transA ? m : k, transB ? k : n];
  return () => {
    for (const [left, right, out] of products) {
      sgemm(rowMajor, a, b, m, n, k, 1, left, strideA, right, strideB, 0, out, n);
    }
  };
}

await serveKinds({ peer: "OpenBLAS", version }, { matmul });

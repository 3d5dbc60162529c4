// jax-js peer: its wasm backend, one thread.  node jax-js.mjs
import { importPeer, serveKinds, uniform, versionOf } from "./node-protocol.mjs";

const { init, defaultDevice, jit, nn, numpy: np, valueAndGrad, blockUntilReady } = await importPeer("@jax-js/jax");
await init("wasm");
defaultDevice("wasm");

const random = (...sizes) => np.array(uniform(sizes.reduce((a, b) => a * b, 1))).reshape(sizes);

/** Its functions consume their arguments: a reference more is taken for each call. */
function call(compute, ...inputs) {
  const run = jit(compute);
  return async () => {
    const output = run(...inputs.map((input) => input.ref));
    await blockUntilReady(output);
    output.dispose();
  };
}

function matmul({ m, n, k, transA = false, transB = false, batch = 0 }) {
  const lead = batch ? [batch] : [];
  const swap = (x) => np.swapaxes(x, -1, -2);
  const left = random(...lead, ...(transA ? [k, m] : [m, k]));
  const right = random(...lead, ...(transB ? [n, k] : [k, n]));
  return call((a, b) => np.matmul(transA ? swap(a) : a, transB ? swap(b) : b), left, right);
}

function pointwise({ op, rows, columns }) {
  const x = random(rows, columns);
  if (op === "softmax") return call((a) => nn.softmax(a), x);
  return op === "sum" ? call((a) => np.sum(a, 1), x) : null;
}

function training({ network, batch }) {
  if (network !== "mlp") return null;
  const sizes = [784, 256, 128, 10];
  const images = random(batch, 784);
  const labels = nn.oneHot(np.array(Int32Array.from({ length: batch }, (_, i) => i % 10)), 10);
  let parameters = [0, 1, 2].flatMap((i) => [
    random(sizes[i], sizes[i + 1]).mul(1 / Math.sqrt(sizes[i])),
    np.zeros([sizes[i + 1]]),
  ]);
  let moments = parameters.map((p) => np.zerosLike(p.ref));
  const loss = ([w1, b1, w2, b2, w3, b3], x, y) => {
    const first = nn.relu(np.matmul(x, w1).add(b1));
    const second = nn.relu(np.matmul(first, w2).add(b2));
    return np.mean(np.sum(nn.logSoftmax(np.matmul(second, w3).add(b3)).mul(y), 1)).mul(-1);
  };
  const step = jit((params, moms, x, y) => {
    const [value, gradients] = valueAndGrad(loss)(
      params.map((p) => p.ref),
      x,
      y,
    );
    const nextMoments = moms.map((m, i) => m.mul(0.9).add(gradients[i]));
    const next = params.map((p, i) => p.sub(nextMoments[i].ref.mul(0.01)));
    return [value, next, nextMoments];
  });
  return async () => {
    const [value, next, nextMoments] = step(parameters, moments, images.ref, labels.ref);
    [parameters, moments] = [next, nextMoments];
    await blockUntilReady(next);
    value.dispose();
  };
}

await serveKinds({ peer: "jax-js", version: versionOf("@jax-js/jax") }, { matmul, pointwise, training });

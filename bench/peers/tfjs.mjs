// TensorFlow.js peer: its wasm backend, which has SIMD but no threads in Node.  node tfjs.mjs
import { requirePeer, serveKinds, uniform, versionOf } from "./node-protocol.mjs";

const tf = requirePeer("@tensorflow/tfjs");
requirePeer("@tensorflow/tfjs-backend-wasm");
console.log = console.error; // the protocol owns stdout
await tf.setBackend("wasm");
await tf.ready();

/** Runs, waits for the result, and frees it. */
function call(compute) {
  return () => {
    const output = tf.tidy(compute);
    output.dataSync();
    output.dispose();
  };
}

const random = (...sizes) => tf.tensor(uniform(sizes.reduce((a, b) => a * b, 1)), sizes);

function matmul({ m, n, k, transA = false, transB = false, batch = 0 }) {
  const lead = batch ? [batch] : [];
  const left = random(...lead, ...(transA ? [k, m] : [m, k]));
  const right = random(...lead, ...(transB ? [n, k] : [k, n]));
  return call(() => tf.matMul(left, right, transA, transB));
}

/** Only what its wasm backend has: no filter gradient, groups only as depthwise. */
function conv({ n, c, h, w, o, kh, kw, stride = 1, padding = 0, groups = 1, which }) {
  const isDepthwise = groups === c && o === c;
  if (which !== "forward" || (groups !== 1 && !isDepthwise)) return null;
  const images = random(n, h, w, c); // its kernels take channels last
  const pad = [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
  if (isDepthwise) {
    const filter = random(kh, kw, c, 1);
    return call(() => tf.depthwiseConv2d(images, filter, stride, pad));
  }
  const filter = random(kh, kw, c, o);
  return call(() => tf.conv2d(images, filter, stride, pad));
}

function pointwise({ op, rows, columns }) {
  const [x, y, bias] = [random(rows, columns), random(rows, columns), random(columns)];
  const functions = {
    softmax: () => tf.softmax(x),
    sum: () => x.sum(1),
    chain: () =>
      x
        .mul(y)
        .add(bias)
        .tanh()
        .mul(x.sigmoid())
        .sub(y.div(x.square().add(1))),
  };
  return functions[op] ? call(functions[op]) : null;
}

function training({ network, batch }) {
  if (network !== "mlp") return null;
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 256, activation: "relu", inputShape: [784] }));
  model.add(tf.layers.dense({ units: 128, activation: "relu" }));
  model.add(tf.layers.dense({ units: 10 }));
  const images = random(batch, 784);
  const labels = tf.oneHot(
    tf.tensor1d(
      Int32Array.from({ length: batch }, (_, i) => i % 10),
      "int32",
    ),
    10,
  );
  const optimizer = tf.train.momentum(0.01, 0.9);
  return () => {
    const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, model.apply(images)), true);
    loss.dataSync();
    loss.dispose();
  };
}

await serveKinds(
  { peer: "TensorFlow.js wasm", version: versionOf("@tensorflow/tfjs") },
  {
    matmul,
    conv,
    pointwise,
    training,
  },
);

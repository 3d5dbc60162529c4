// Public functions that have no gradient to be checked, with the reason.

const because = (reason: string, names: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, reason]),
  );

/** Name → reason; `linalg.` stands before the names of `gradus/linalg`. */
export const exceptions: Readonly<Record<string, string>> = {
  ...because(
    "gives bools",
    `all allclose any canCast eq equal ge gt isclose isfinite isin isinf isnan isneginf isposinf isFloatingPoint le
    less logicalAnd logicalNot logicalOr logicalXor lt ne signbit isTensor greater`,
  ),
  ...because(
    "gives indices or counts",
    `argmax argmin argsort argwhere bincount bucketize countNonzero histc histogram linalg.matrixRank nonzero numel
    searchsorted unravelIndex oneHot`,
  ),
  ...because("takes integers", "bitwiseAnd bitwiseLeftShift bitwiseNot bitwiseOr bitwiseRightShift bitwiseXor gcd lcm"),
  ...because(
    "constant between its steps: its gradient is zero, which test/conformance compares",
    "ceil floor floorDivide heaviside round sign sgn trunc fix",
  ),
  ...because("sorted values without a gradient, in PyTorch too", "unique uniqueConsecutive"),
  ...because("ends the gradient", "detach noGrad inferenceMode"),
  ...because(
    "makes a tensor of plain values",
    `arange asTensor bartlettWindow blackmanWindow empty emptyLike eye full fullLike hammingWindow hannWindow kaiserWindow linspace logspace ones onesLike tensor trilIndices triuIndices
    zeros zerosLike`,
  ),
  ...because(
    "draws, and its draws have no gradient",
    "bernoulli binomial multinomial normal poisson rand randLike randint randintLike randn randnLike randperm",
  ),
  ...because(
    "no function of tensors",
    `autocast availableTargets broadcastShapes compile defaultGenerator detectAnomaly enableGrad finfo getAutocastDtype
    grad gradcheck gradgradcheck iinfo initialSeed isAutocastEnabled isGradEnabled isInferenceModeEnabled keep
    manualSeed profile programCacheStats promoteTypes ready resultType seed setGradEnabled setTarget setThreads sync
    targetName targetStatus threadCount`,
  ),
};

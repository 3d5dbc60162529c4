// Which layer may import which, type imports included. A new arrow is an edit to this table and a sentence in ARCHITECTURE.md.
const layers = {
  base: [],
  ir: ["base"],
  targets: ["ir", "base"],
  graph: ["ir", "base"],
  compiler: ["graph", "ir", "base"],
  ops: ["graph", "ir", "base"],
  // The tensor layer chooses the target itself: a program that imports only gradus/nn must have one too.
  tensor: ["ops", "compiler", "graph", "targets", "ir", "base"],
  nn: ["tensor", "base"],
  // Averages of weights are modules.
  optim: ["nn", "tensor", "base"],
  data: ["tensor", "base"],
  vision: ["data", "tensor", "base"],
  formats: ["tensor", "base"],
  train: ["vision", "formats", "data", "optim", "nn", "tensor", "base"],
  cli: ["train", "vision", "formats", "data", "optim", "nn", "tensor", "base"],
};
// These may also import the package entry, Node's own modules and npm packages.
const hostLayers = ["train", "cli"];

const source = (names) => `^src/(${names.join("|")})/`;
const tests = "\\.test\\.ts$";
// What a folder shows to others: barrels (of its sub-folders too), the file behind gradus/nn/functional, the platform seam.
const publicFiles = ["/index\\.ts$", "^src/nn/functional\\.ts$", "^src/base/platform/"];

const layerRules = Object.entries(layers).map(([layer, below]) => {
  const allowed = [source([layer, ...below]), ...(hostLayers.includes(layer) ? ["^src/index\\.ts$"] : [])];
  return {
    name: `layer-${layer}`,
    comment: `src/${layer} may import only: ${below.join(", ") || "nothing"}`,
    severity: "error",
    from: { path: source([layer]), pathNot: tests },
    to: { path: "^(src|test|scripts|bench|examples)/", pathNot: allowed },
  };
});

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: "known-layer",
      comment: "every folder of src stands in the table of layers",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: [source(Object.keys(layers))] },
      to: {},
    },
    {
      name: "entry",
      comment: "the package entry ties the engine together; it does not reach for modelling, toolkit or apps",
      severity: "error",
      from: { path: "^src/[^/]+\\.ts$", pathNot: [tests, "^src/func\\.ts$"] },
      to: { path: source(["nn", "optim", "data", "vision", "formats", "train", "cli"]) },
    },
    {
      name: "func-entry",
      comment: "gradus/func has torch.func's calls of modules beside the transforms",
      severity: "error",
      from: { path: "^src/func\\.ts$" },
      to: { path: "^src/", pathNot: source(["tensor", "nn"]) },
    },
    {
      name: "index-only",
      comment: "from outside a folder import its index.ts",
      severity: "error",
      from: { path: "^src/([^/]+)/", pathNot: tests },
      to: { path: "^src/[^/]+/", pathNot: ["^src/$1/", ...publicFiles] },
    },
    {
      name: "no-own-index",
      comment: "inside a folder import files directly; its own barrel makes cycles",
      severity: "error",
      from: { path: "^src/([^/]+)/", pathNot: [tests, "^src/[^/]+/index\\.ts$"] },
      to: { path: "^src/$1/index\\.ts$" },
    },
    {
      name: "no-host-modules",
      comment:
        "below the toolkit only src/base/platform/node*.ts imports Node's modules; npm packages likewise, but for pngjs",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: [
          source(hostLayers),
          "^src/base/platform/node[a-z-]*\\.ts$",
          "^src/vision/image/png\\.ts$",
          tests,
          "\\.mjs$",
        ],
      },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-dev-dependencies",
      comment: "published code uses published dependencies",
      severity: "error",
      from: { path: "^src/", pathNot: tests },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "examples-use-the-package",
      comment: "examples import gradus, never ../src",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^src/", dependencyTypesNot: ["aliased"] },
    },
    { name: "no-cycles", comment: "imports form no cycle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "resolvable",
      comment: "every import resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(node_modules|dist)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};

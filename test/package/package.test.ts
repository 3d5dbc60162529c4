// The published form: the tarball, installed in an empty strict project, type-checks, runs, is required and is bundled.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../scripts/dist.js";
import { copyInto, createProject, type Project, type Run, serverConfig, tool, writeSmallMnist } from "./project.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const specifiers: string[] = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => `gradus${path.slice(1)}`);
const program = "examples/mnist.ts";

/** A small training run that needs every layer: modules, autograd, an optimizer, a target. */
const tinyTraining = `
import { manualSeed, randn } from "gradus";
import * as nn from "gradus/nn";
import * as optim from "gradus/optim";

manualSeed(1);
const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));
const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
const criterion = new nn.MSELoss();
const x = randn([32, 4]);
const y = x.sum(1, { keepdim: true });
const losses: number[] = [];
for (let step = 0; step < 40; step++) {
  const loss = criterion(model(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(loss.item());
}
console.log(JSON.stringify({ first: losses[0], last: losses[39] }));
`;

/** A data set for worker threads, and a loader that uses it. */
const wordsModule = `
import { tensor, type Tensor } from "gradus";
import type { Dataset } from "gradus/data";
export const words = (count: number): Dataset<Tensor> => ({ length: count, get: (i) => tensor([i, i * i]).div(3) });
`;
const loadingByWorkers = `
import { DataLoader, fromModule } from "gradus/data";
const dataset = await fromModule<typeof import("./words.js"), "words">(new URL("./words.js", import.meta.url), "words", 7);
const epoch = async (options: object): Promise<string> => {
  const batches: unknown[] = [];
  for await (const batch of new DataLoader(dataset, { batchSize: 2, shuffle: true, ...options })) batches.push(batch.toArray());
  return JSON.stringify(batches);
};
console.log((await epoch({})) === (await epoch({ numWorkers: 2, persistentWorkers: true })));
`;

let project: Project;
let compiled: Run;

beforeAll(() => {
  project = createProject();
  copyInto(project, program, "src/mnist.ts");
  copyInto(project, "test/types/cases.ts", "src/types.ts");
  project.write("src/training.ts", tinyTraining);
  project.write("src/words.ts", wordsModule);
  project.write("src/workers.ts", loadingByWorkers);
  compiled = project.node([tool("typescript/bin/tsc"), "-p", "."]);
}, 300_000);

afterAll(() => project?.remove());

function expectTrained(stdout: string): void {
  const { first, last } = JSON.parse(stdout);
  expect(last).toBeLessThan(first / 2);
}

describe("package", () => {
  test("given the tarball, it holds what a user needs and no sources or tests", () => {
    expect(project.packed).toEqual(
      expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md", "dist/cli/main.js"]),
    );
    expect(project.packed.filter((path) => !/^(dist\/|examples\/|LICENSE|package\.json)|\.md$/.test(path))).toEqual([]);
    const sources = project.packed.filter((path) => /\.test\.|(?<!\.d)\.ts$|\/\./.test(path));
    expect(sources.filter((path) => !path.startsWith("examples/"))).toEqual([]);
  });

  test("given the tarball's pages, what they link to is in it", () => {
    const pages = project.packed.filter((path) => path.endsWith(".md"));
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(project.folder, "node_modules/gradus", page), "utf8");
      const links = [...text.matchAll(/\]\(([^)\s#]+)/g)].map(([, link]) => link as string);
      const files = links.filter((link) => !/^https?:/.test(link)).map((link) => join(dirname(page), link));
      return files.filter((file) => !project.packed.includes(file)).map((file) => `${page}: ${file}`);
    });
    expect(broken).toEqual([]);
    expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/from-pytorch.md", "docs/parity.md"]));
  });

  test("given a strict project that checks library types, the program and the type cases compile", () => {
    expect(compiled).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test.each(["NodeNext", "bundler"] as const)(
    "given no browser's library and @types/node, all declarations compile, resolved as by %s",
    (resolution) => {
      project.write("src/all.ts", specifiers.map((name, i) => `export * as m${i} from "${name}";\n`).join(""));
      const config = serverConfig(resolution, ["src/all.ts", "src/types.ts"]);
      project.write(`tsconfig.${resolution}.json`, JSON.stringify(config));
      const run = project.node([tool("typescript/bin/tsc"), "-p", `tsconfig.${resolution}.json`]);
      expect(run).toEqual({ status: 0, stdout: "", stderr: "" });
    },
    60_000,
  );

  test("given the README, its program is examples/mnist.ts to the letter", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const example = readFileSync(join(root, program), "utf8");
    const fenced = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(fenced).toContain(example);
    expect(example.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
  });

  test("given a small MNIST, the README's program trains and prints its epochs and the accuracy", () => {
    const data = join(project.folder, "data");
    writeSmallMnist(data, { train: 640, test: 200 });
    const { status, stdout, stderr } = project.node(["out/mnist.js"], { GRADUS_DATA: data });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/Epoch \[10\/10\], Loss: \d+\.\d+/);
    expect(stdout).toMatch(/Test Accuracy: \d+(\.\d+)?%/);
  }, 120_000);

  test("given a plain training loop, the installed package trains", () => {
    const { status, stdout, stderr } = project.node(["out/training.js"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expectTrained(stdout);
  });

  test("given worker threads, the installed package gives the same batches and the process ends", () => {
    const { status, stdout, stderr } = project.node(["out/workers.js"]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "true\n", stderr: "" });
  });

  test.each(specifiers)("given CommonJS, require(%j) gives the module's exports", (specifier) => {
    const code = `process.stdout.write(String(Object.keys(require(${JSON.stringify(specifier)})).length))`;
    const { status, stdout, stderr } = project.node(["--no-warnings", "--input-type=commonjs", "-e", code]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  test("given the command line, gradus --version prints the package's version", () => {
    const { status, stdout } = project.node(["node_modules/gradus/dist/cli/main.js", "--version"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${manifest.version}\n` });
  });
});

describe("bundle", () => {
  test("given Vite and a browser build, the bundle imports nothing and still trains", async () => {
    const warnings: string[] = [];
    await build({
      root: project.folder,
      configFile: false,
      logLevel: "silent",
      build: {
        lib: { entry: join(project.folder, "out/training.js"), formats: ["es"], fileName: "training" },
        outDir: join(project.folder, "bundle"),
        rollupOptions: { onwarn: (warning) => warnings.push(warning.message) },
      },
    });
    expect(warnings).toEqual([]);
    const text = readFileSync(join(project.folder, "bundle/training.js"), "utf8");
    expect(text).not.toMatch(/(from|import)\s*\(?\s*["'](node:|gradus|#)/);
    const { status, stdout, stderr } = project.node(["bundle/training.js"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expectTrained(stdout);
  }, 120_000);
});

describe("manifest", () => {
  test("given publint in strict mode, it has nothing to say", () => {
    const { status, stdout, stderr } = project.node([tool("publint/src/cli.js"), "run", "--strict", project.tarball]);
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: expect.stringContaining("All good!") });
  });

  test("given Are The Types Wrong, every subpath resolves in every mode", () => {
    // One format is offered, ES modules, which `require` loads from Node 20.19 on: the rule against that does not apply.
    const args = [
      tool("@arethetypeswrong/cli/dist/index.js"),
      project.tarball,
      "--ignore-rules",
      "cjs-resolves-to-esm",
    ];
    const { status, stdout, stderr } = project.node([...args, "--no-emoji", "--no-color"]);
    expect({ status, output: stdout + stderr }).toEqual({
      status: 0,
      output: expect.stringContaining("No problems found"),
    });
  });
});

// Bundles for browsers straight from the sources, with the browser's side of the platform seam.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

export interface Bundle {
  readonly script: string;
  /** Source files in the bundle, relative to the repository. */
  readonly inputs: readonly string[];
  /** Modules that the bundle leaves to its host. */
  readonly externals: readonly string[];
}

/** Bundles a file of this folder. With esbuild's platform `browser`, a `node:` import that is left is an error. */
export async function bundle(file: string, { minify }: { minify: boolean }): Promise<Bundle> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
    alias: {
      "#platform": source("base/platform/browser.ts"),
      "#native-targets": source("targets/no-native.ts"),
      gradus: source("index.ts"),
      "gradus/nn": source("nn/index.ts"),
      "gradus/optim": source("optim/index.ts"),
    },
    platform: "browser",
    bundle: true,
    minify,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    logLevel: "silent",
    // Else the paths of tsconfig.json lead to the platform of Node.
    tsconfigRaw: "{}",
  });
  const outputs = Object.values(result.metafile.outputs);
  return {
    script: result.outputFiles[0]?.text ?? "",
    inputs: Object.keys(result.metafile.inputs),
    externals: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
  };
}

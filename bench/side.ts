// One side of a comparison: a process that is started once and answers requests, a JSON line each (see peers/README.md).
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const startTimeoutMs = 120_000;

export type Answer = Readonly<Record<string, number | string | boolean>>;

/** A side failed: it could not start, ended early, or refused a request. */
export class SideError extends Error {}

export class Side {
  private readonly lines: AsyncIterator<string>;
  private stderr = "";
  private ended: string | null = null;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    child.stderr?.on("data", (chunk) => {
      this.stderr = (this.stderr + String(chunk)).slice(-4000);
    });
    child.on("error", (error) => {
      this.ended = error.message;
    });
    child.stdin?.on("error", () => {}); // an early end is reported by the missing answer
  }

  /** Starts a process and waits until it can measure. `ready` is what it says of itself. */
  static async start(
    name: string,
    command: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ side: Side; ready: Answer }> {
    // These two change which kernels PyTorch's libraries pick.
    const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
    // Gradus is measured as it is installed: built, and without what searches on this machine have found.
    const ours = { GRADUS_SCHEDULES: "off", ...env, TSX_TSCONFIG_PATH: "bench/tsconfig.json", ...more };
    const child = spawn(command, args, { cwd: root, env: ours, stdio: ["pipe", "pipe", "pipe"] });
    const side = new Side(name, child);
    const timer = setTimeout(() => child.kill(), startTimeoutMs);
    try {
      return { side, ready: await side.read() };
    } finally {
      clearTimeout(timer);
    }
  }

  async ask(request: string | object): Promise<Answer> {
    this.child.stdin?.write(`${typeof request === "string" ? request : JSON.stringify(request)}\n`);
    return this.read();
  }

  /** A figure of the answer to a request. */
  async measure(request: string | object, figure: string): Promise<number> {
    const value = (await this.ask(request))[figure];
    if (typeof value === "number") return value;
    throw new SideError(`${this.name}: the answer has no ${figure}`);
  }

  close(): void {
    this.child.stdin?.end("quit\n");
    this.child.unref();
  }

  private async read(): Promise<Answer> {
    const { value, done } = await this.lines.next();
    if (done) throw new SideError(`${this.name}: ended early: ${this.ended ?? lastLine(this.stderr)}`);
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new SideError(`${this.name}: ${answer.error}`);
    return answer;
  }
}

/** The last line that names an error, else the last one: Node ends a failure with its version. */
function lastLine(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? (lines.at(-1) || "no message");
}

/** Starts bench/gradus/<script>.ts. */
export async function startGradus(script: string, args: readonly string[]): Promise<{ side: Side; ready: Answer }> {
  return Side.start("Gradus", process.execPath, ["--import", "tsx", `bench/gradus/${script}.ts`, ...args]);
}

/** Starts it with the Gradus of another built checkout: this one's programs and that one's library. Null where none is asked for. */
export async function startFormer(
  folder: string | null,
  script: string,
  args: readonly string[],
): Promise<Side | null> {
  if (folder === null) return null;
  const imports = ["--import", "tsx", "--import", "./bench/former/register.mjs"];
  const environment = { GRADUS_BENCH_AGAINST: folder };
  const command = [...imports, `bench/gradus/${script}.ts`, ...args];
  return (await Side.start(formerLabel, process.execPath, command, environment)).side;
}

/** What the rows call it. */
export const formerLabel = "Gradus, other checkout";

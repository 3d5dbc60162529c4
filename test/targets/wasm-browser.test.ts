// The wasm target in a real browser: a bundle with blob workers where memory can be shared, one thread where it cannot.
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWasmTarget, Runtime } from "../../src/targets/index.js";
import type { PageReport } from "./browser-page.js";
import { checksum, mixingProgram, runMixing } from "./mixing.js";

const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const flags = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Serves the bundled page; under /isolated/ with the headers that allow shared memory. */
async function serve(): Promise<Server> {
  const bundle = await build({
    entryPoints: [here("./browser-page.ts")],
    alias: {
      "#platform": here("../../src/base/platform/browser.ts"),
      "#native-targets": here("../../src/targets/no-native.ts"),
    },
    bundle: true,
    format: "esm",
    write: false,
    tsconfigRaw: "{}",
  });
  const script = bundle.outputFiles[0]?.text ?? "";
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/isolated/")) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const isScript = request.url?.endsWith(".js") ?? false;
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : `<!doctype html><script type="module" src="page.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe("wasm in a browser", () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => void server.close());

  async function runPage(path: string): Promise<PageReport> {
    const browser = await chromium.launch({ executablePath: executablePath as string, args: flags });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
      await page.waitForFunction("globalThis.check !== undefined");
      return (await page.evaluate("globalThis.check()")) as PageReport;
    } finally {
      await browser.close();
    }
  }

  function expected(): number {
    const { program, bound } = mixingProgram(12);
    const executable = createWasmTarget({ runtime: new Runtime({ threads: 1 }) }).load(program);
    return checksum(runMixing(executable, bound));
  }

  it("given an isolated page, workers join and results have the bits Node gives", { timeout: 60_000 }, async (ctx) => {
    if (!executablePath) return ctx.skip("no Chromium on this machine");

    const report = await runPage("/isolated/");

    expect(report.isShared).toBe(true);
    expect(report.checksums).toEqual([expected()]);
    expect(report.joins).toBeGreaterThan(10);
  });

  it("given a page without isolation, one thread gives the same bits", { timeout: 60_000 }, async (ctx) => {
    if (!executablePath) return ctx.skip("no Chromium on this machine");

    const report = await runPage("/");

    expect(report).toEqual({ isShared: false, checksums: [expected()], joins: 0 });
  });
});

// A local server for one page and its script, with and without the headers that allow shared memory.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface PageServer {
  /** Address of the page; isolated pages get the headers. */
  readonly url: (options: { readonly isolated: boolean }) => string;
  readonly close: () => void;
}

export async function servePage(script: string): Promise<PageServer> {
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
  const { port } = server.address() as AddressInfo;
  return {
    url: ({ isolated }) => `http://127.0.0.1:${port}/${isolated ? "isolated/" : ""}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

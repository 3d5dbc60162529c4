// Fresh processes that are asked once: what happens only at the beginning, or must not be mixed with anything else.
import { type Answer, startGradus } from "../side.js";

/** Starts bench/gradus/<script>.ts, asks once, ends it. */
export async function askOnce(
  script: string,
  args: readonly string[],
  request: string | object,
): Promise<{ ready: Answer; answer: Answer }> {
  const { side, ready } = await startGradus(script, args);
  try {
    return { ready, answer: await side.ask(request) };
  } finally {
    side.close();
  }
}

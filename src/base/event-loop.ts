// Gives the host's event loop a turn: `await` in a loop over work without I/O never leaves the microtask queue by itself.
import { platform } from "#platform";

/** Signals, timers and painting wait at most about this long. */
const TURN_MS = 20;

interface Host {
  readonly setImmediate?: (callback: () => void) => unknown;
}

/** Resolves after the event loop has turned once. Timers are no substitute: browsers hold them back to 4 ms and more. */
export function eventLoopTurn(): Promise<void> {
  const { setImmediate } = globalThis as Host;
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Yields when the last turn is more than about 20 ms ago. */
export class EventLoopYield {
  private last = platform.now();

  /** A promise to await, or null if it is not time yet. */
  due(): Promise<void> | null {
    if (platform.now() - this.last < TURN_MS) return null;
    return eventLoopTurn().then(() => {
      this.last = platform.now();
    });
  }
}

// The processor's clock in milliseconds of the platform's.
import { platform } from "#platform";

/** One moment by both clocks. */
interface Moment {
  readonly ms: number;
  readonly ticks: number;
}

/** A reading between two of the other clock is good to their distance: below a microsecond, if nothing came in between. */
const closeTicks = 2000;
const mostReadings = 20;
/** The least time to know a rate by. */
const calibrationMs = 5;

export class Clock {
  readonly #ticks: () => number;
  readonly #first: Moment;

  constructor(ticks: () => number) {
    this.#ticks = ticks;
    this.#first = this.read();
    while (platform.now() - this.#first.ms < calibrationMs);
  }

  read(): Moment {
    let best: Moment = { ms: 0, ticks: 0 };
    let width = Number.POSITIVE_INFINITY;
    for (let reading = 0; reading < mostReadings && width > closeTicks; reading++) {
      const before = this.#ticks();
      const ms = platform.now();
      const after = this.#ticks();
      if (after - before >= width) continue;
      width = after - before;
      best = { ms, ticks: before + width / 2 };
    }
    return best;
  }

  /** The function from ticks to milliseconds around `near`, by all that has been seen since the start. */
  translation(near: Moment): (ticks: number) => number {
    const now = this.read();
    const rate = (now.ms - this.#first.ms) / (now.ticks - this.#first.ticks);
    return (ticks) => near.ms + (ticks - near.ticks) * rate;
  }
}

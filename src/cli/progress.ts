// Shows how far an epoch is: one live line on a terminal, plain lines now and then elsewhere.
import { formatCount, formatDuration } from "./text.js";

/** The part of a stream that showing progress needs. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface Work {
  readonly epochs: number;
  readonly batches: number;
  readonly itemsPerEpoch: number;
}

/** Where training stands after a batch. */
export interface Position {
  /** Epochs finished. */
  readonly epoch: number;
  readonly batch: number;
  readonly items: number;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
}

interface Mark {
  readonly time: number;
  readonly items: number;
}

/** A terminal is drawn at most this often, a file gets a line that often, the first one sooner. */
const liveIntervalMs = 100;
const lineIntervalMs = 5000;
const firstLineMs = 1000;
const barCells = 24;
/** The rate is that of about the last seconds, so that the first step's compilation is soon forgotten. */
const rateWindowMs = 3000;
const eraseLine = "\r\x1b[2K";

export class ProgressDisplay {
  private readonly started: number;
  private lastShown: number | null = null;
  private isLineOpen = false;
  /** Some positions of the last seconds, and the newest. */
  private marks: Mark[] = [];
  private newest: Mark | null = null;

  constructor(
    private readonly terminal: Terminal,
    private readonly work: Work,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.started = now();
  }

  /** Before the first batch: a terminal shows life while the first step compiles, which the rate leaves out. */
  start(position: Position): void {
    if (this.terminal.isTTY) this.draw(position);
  }

  /** After each batch. */
  update(position: Position): void {
    const now = this.now();
    this.measure(now, position.epoch * this.work.itemsPerEpoch + position.items);
    if (!this.isDue(now)) return;
    this.lastShown = now;
    if (this.terminal.isTTY) this.draw(position);
    else this.terminal.write(`  ${this.describe(position)}\n`);
  }

  /** Prints a line that stays. */
  print(line: string): void {
    this.clear();
    this.terminal.write(`${line}\n`);
  }

  /** Takes the live line away. */
  clear(): void {
    if (this.isLineOpen) this.terminal.write(eraseLine);
    this.isLineOpen = false;
  }

  private isDue(now: number): boolean {
    if (this.lastShown === null) return Boolean(this.terminal.isTTY) || now - this.started >= firstLineMs;
    return now - this.lastShown >= (this.terminal.isTTY ? liveIntervalMs : lineIntervalMs);
  }

  private measure(time: number, items: number): void {
    this.newest = { time, items };
    const last = this.marks.at(-1);
    if (last && time - last.time < liveIntervalMs) return;
    this.marks.push(this.newest);
    while (time - (this.marks[0] as Mark).time > rateWindowMs && this.marks.length > 2) this.marks.shift();
  }

  /** Items a second, over the last few seconds; 0 while unknown. */
  private rate(): number {
    const { newest } = this;
    const [oldest] = this.marks;
    if (!oldest || !newest || newest.time <= oldest.time) return 0;
    return (1000 * (newest.items - oldest.items)) / (newest.time - oldest.time);
  }

  private describe({ epoch, items, loss }: Position): string {
    const { epochs, itemsPerEpoch } = this.work;
    const rate = this.rate();
    const left = epochs * itemsPerEpoch - (epoch * itemsPerEpoch + items);
    const eta = rate > 0 ? formatDuration(left / rate) : "…";
    const speed = rate > 0 ? formatCount(rate) : "…";
    const share = Math.floor((100 * items) / itemsPerEpoch);
    const lossText = items > 0 ? loss.toFixed(4) : "…";
    return `epoch ${epoch + 1}/${epochs} ${String(share).padStart(3)}%  ${speed} images/s  loss ${lossText}  ETA ${eta}`;
  }

  private draw(position: Position): void {
    const filled = Math.round((barCells * position.batch) / this.work.batches);
    const text = this.describe(position);
    const line = `${"█".repeat(filled)}${"░".repeat(barCells - filled)}  ${text}`;
    // A line that wraps cannot be erased; the last column stays free. Some terminals say that they have 0 columns.
    const width = (this.terminal.columns || 80) - 1;
    this.terminal.write(eraseLine + (line.length <= width ? line : text.slice(0, width)));
    this.isLineOpen = true;
  }
}

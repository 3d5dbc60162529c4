// A line search for the strong Wolfe conditions, step by step as PyTorch's, which follows minFunc.
import { dot, largest, type Vector } from "./host-vectors.js";

/** Loss and gradient at some parameters. */
export interface Point {
  readonly loss: number;
  readonly gradient: Vector;
}

/** A point on the line, at parameter `t`, with the slope along the direction. */
interface Trial extends Point {
  readonly t: number;
  readonly slope: number;
}

export interface LineSearch {
  readonly point: Point;
  readonly direction: Vector;
  /** Of the loss along the direction; negative. */
  readonly slope: number;
  /** The first length tried. */
  readonly length: number;
  readonly toleranceChange: number;
  readonly maxCalls: number;
}

/** Sufficient decrease and curvature: Nocedal & Wright, section 3.1. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;

/** Finds a step length; `evaluate` gives loss and gradient at one. */
export function strongWolfe(
  evaluate: (t: number) => Point,
  search: LineSearch,
): { point: Point; length: number; calls: number } {
  const { point, direction, slope, maxCalls, toleranceChange } = search;
  let calls = 0;
  const at = (t: number): Trial => {
    calls += 1;
    const found = evaluate(t);
    return { ...found, t, slope: dot(found.gradient, direction) };
  };
  const tooHigh = ({ t, loss }: Trial) => loss > point.loss + DECREASE * t * slope;
  const isFlat = (trial: Trial) => Math.abs(trial.slope) <= -CURVATURE * slope;

  // Goes outwards until an interval is found that holds a good point.
  let previous: Trial = { ...point, t: 0, slope };
  let trial = at(search.length);
  let iterations = 0;
  let bracket: [Trial, Trial] | null = null;
  while (iterations < maxCalls) {
    if (tooHigh(trial) || (iterations > 1 && trial.loss >= previous.loss)) {
      bracket = [previous, trial];
      break;
    }
    if (isFlat(trial)) return { point: trial, length: trial.t, calls };
    if (trial.slope >= 0) {
      bracket = [previous, trial];
      break;
    }
    const [least, most] = [trial.t + 0.01 * (trial.t - previous.t), trial.t * 10];
    const t = interpolate(previous, trial, least, most);
    previous = trial;
    trial = at(t);
    iterations += 1;
  }
  if (iterations === maxCalls || !bracket) bracket = [{ ...point, t: 0, slope }, trial];

  // Narrows the interval.
  const reach = largest(direction);
  let low: 0 | 1 = bracket[0].loss <= bracket[1].loss ? 0 : 1;
  let isStuck = false;
  while (iterations < maxCalls) {
    const [a, b] = bracket;
    if (Math.abs(b.t - a.t) * reach < toleranceChange) break;
    const [least, most] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
    let t = interpolate(a, b, least, most);
    // Two lengths in a row close to an end, or one beyond it, would hardly narrow the interval.
    const margin = 0.1 * (most - least);
    const isClose = Math.min(most - t, t - least) < margin;
    if (isClose && (isStuck || t >= most || t <= least)) {
      t = Math.abs(t - most) < Math.abs(t - least) ? most - margin : least + margin;
      isStuck = false;
    } else {
      isStuck = isClose;
    }
    trial = at(t);
    iterations += 1;
    const high = (1 - low) as 0 | 1;
    if (tooHigh(trial) || trial.loss >= bracket[low].loss) {
      bracket[high] = trial;
      low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
      continue;
    }
    const isDone = isFlat(trial);
    if (!isDone && trial.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
    bracket[low] = trial;
    if (isDone) break;
  }
  return { point: bracket[low], length: bracket[low].t, calls };
}

/** The minimum of the cubic through two points with their slopes, within bounds. */
function interpolate(first: Trial, second: Trial, least: number, most: number): number {
  const d1 = first.slope + second.slope - (3 * (first.loss - second.loss)) / (first.t - second.t);
  const square = d1 * d1 - first.slope * second.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const d2 = Math.sqrt(square);
  const [a, b] = first.t <= second.t ? [first, second] : [second, first];
  const t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2));
  return Math.min(Math.max(t, least), most);
}

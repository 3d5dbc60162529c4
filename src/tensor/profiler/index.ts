// The profiler: profile(fn) measures every kernel that runs for fn.
import { platform } from "#platform";
import { checkFunction, DeviceError, noMore } from "../../base/index.js";
import { listenToRuns, type RunReport } from "../../ir/index.js";
import { currentTarget } from "../engine.js";
import { sync } from "../sync-points.js";
import { Profile } from "./profile.js";
import { roofline } from "./roofline.js";

export { type KernelProfile, Profile } from "./profile.js";
export type { Roofline } from "./roofline.js";

/**
 * Measures how long each kernel takes that runs for `fn`, beside what this machine can do. What was pending before is computed
 * first, what `fn` leaves pending is computed last. A function that returns a promise is measured until that settles; what runs
 * meanwhile for others is in its report as well.
 * Measured runs are slower: on the x64 target by some 50 ns for each piece of a kernel; WebAssembly and the interpreter run
 * kernels one by one on one thread.
 *
 * @param fn - best called twice before, so that it measures neither compilation nor first touches of memory.
 * @returns the measurements, with what `fn` returned as `result`.
 * @throws DeviceError for the target `reference`, which has no kernels.
 * @example
 * const report = profile(() => step(images, labels));
 * console.log(report.table());
 * writeFileSync("trace.json", report.chromeTrace());
 */
export function profile<R>(fn: () => Promise<R>): Promise<Profile<R>>;
export function profile<R>(fn: () => R): Profile<R>;
export function profile<R>(fn: () => R | Promise<R>, ...surplus: []): Profile<R> | Promise<Profile<R>> {
  noMore("profile", surplus);
  checkFunction("profile", "fn", fn);
  const target = currentTarget();
  if (target === null) throw new DeviceError('profile: the target "reference" has no kernels; use setTarget("wasm")');
  const limits = roofline(target);
  sync();
  const runs: RunReport[] = [];
  const stop = listenToRuns((report) => void runs.push(report));
  const start = platform.now();
  const finish = (result: R): Profile<R> => {
    sync();
    return new Profile(result, platform.now() - start, target.name, target.info.threads, limits, runs);
  };
  let pending = false;
  try {
    const result = fn();
    if (!(result instanceof Promise)) return finish(result);
    pending = true;
    return result.then(finish).finally(stop);
  } finally {
    if (!pending) stop();
  }
}

// Areas whose documented errors are all thrown by a call: thrown.test.ts makes the calls, contracts.test.ts compares them with the docstrings.
import { nnErrors } from "./nn.js";
import type { ThrownErrors } from "./types.js";

export interface ThrownArea {
  readonly folder: string;
  /** The entry point whose symbols the names are. */
  readonly prefix: string;
  readonly errors: ThrownErrors;
}

export const thrown: readonly ThrownArea[] = [{ folder: "src/nn/", prefix: "gradus/nn", errors: nnErrors }];

// Areas whose documented errors are all thrown by a call: thrown.test.ts makes the calls, contracts.test.ts compares them with the docstrings.
import { dataErrors } from "./data.js";
import { formatsErrors } from "./formats.js";
import { nnErrors } from "./nn.js";
import { optimErrors } from "./optim.js";
import type { ThrownErrors } from "./types.js";
import { visionErrors } from "./vision.js";

export interface ThrownArea {
  readonly folder: string;
  /** The entry point whose symbols the names are. */
  readonly prefix: string;
  readonly errors: ThrownErrors;
}

export const thrown: readonly ThrownArea[] = [
  { folder: "src/nn/", prefix: "gradus/nn", errors: nnErrors },
  { folder: "src/optim/", prefix: "gradus/optim", errors: optimErrors },
  { folder: "src/data/", prefix: "gradus/data", errors: dataErrors },
  { folder: "src/vision/", prefix: "gradus/vision", errors: visionErrors },
  { folder: "src/formats/", prefix: "gradus/formats", errors: formatsErrors },
];

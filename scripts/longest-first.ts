// Vitest sequencer: the long files first, so that no core stands idle while the last one runs.
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Folders of long files and long files. A fresh clone has no durations of former runs, and the size of a file tells nothing. */
const LONG = [
  "/test/conformance/",
  "/test/examples/",
  "/test/functions/gradients",
  "/test/cli/",
  "/test/targets/x64-",
  "/test/compiler/fusion",
  "/test/package/",
  "/test/properties/",
  "/test/docs/",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((folder) => moduleId.includes(folder));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

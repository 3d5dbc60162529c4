// The faults that tests have to notice are changes of the sources as they are now.
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { faults, withFault } from "../../scripts/faults/all.js";

it.each(faults.map((fault) => [fault.name, fault] as const))(
  "%s: fits the sources, and its tests exist",
  (_, fault) => {
    expect(withFault(fault)).toContain(fault.replace);
    expect(fault.tests.filter((file) => !existsSync(file))).toEqual([]);
  },
);

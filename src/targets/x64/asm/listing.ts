// The listing of a piece of code: offset, bytes and text of each instruction, labels between them.
import type { Label } from "./operands.js";
import { labelName } from "./print.js";

export type Line = { readonly label: Label } | { readonly at: number; readonly bytes: number; readonly text: string };

const BYTES_SHOWN = 12;

export function printListing(lines: readonly Line[], code: Uint8Array): string {
  return lines
    .map((line) => {
      if ("label" in line) return `${labelName(line.label)}:`;
      const hex = Array.from(code.subarray(line.at, line.at + line.bytes), (byte) =>
        byte.toString(16).padStart(2, "0"),
      );
      const address = line.at.toString(16).padStart(6, "0");
      if (line.text === "") return `  ${address}  ${hex.join(" ")}`;
      return `  ${address}  ${hex.join(" ").padEnd(BYTES_SHOWN * 3)} ${line.text}`;
    })
    .join("\n");
}

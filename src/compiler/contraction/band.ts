// Products that take no part in a contraction (`band` of ContractionPrimitive), in terms of its normal form.
import { attr, type Node } from "../../graph/index.js";

/** The lists of loops that a band may be about. */
export type BandLoop = "rows" | "columns" | "summed";

export interface FormBand {
  readonly late: BandLoop;
  readonly early: BandLoop;
  readonly most: number;
}

/** The band of contraction `node`, if each of its loops is all of a list (but for dims of size 1); else it is disregarded. */
export function formBand(node: Node): FormBand | null {
  const band = node.attrs.band as readonly [number, number, number] | undefined;
  if (!band) return null;
  const [a, b, out] = (["a", "b", "out"] as const).map((side) => attr<readonly number[]>(node, side)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const [x, y] = node.inputs as [Node, Node];
  const sizeOf = (label: number): number => x.shape[a.indexOf(label)] ?? (y.shape[b.indexOf(label)] as number);
  const lists: Record<BandLoop, readonly number[]> = {
    rows: out.filter((label) => a.includes(label) && !b.includes(label)),
    columns: out.filter((label) => b.includes(label) && !a.includes(label)),
    summed: a.filter((label) => !out.includes(label)),
  };
  const loopOf = (label: number): BandLoop | null => {
    const found = (Object.keys(lists) as BandLoop[]).find((key) => {
      const others = lists[key].filter((other) => other !== label && sizeOf(other) !== 1);
      return lists[key].includes(label) && others.length === 0;
    });
    return found ?? null;
  };
  const [late, early] = [loopOf(band[0]), loopOf(band[1])];
  return late && early ? { late, early, most: band[2] } : null;
}

/** The band of the contraction with its operands exchanged. */
export function swapBand(band: FormBand | null): FormBand | null {
  const swap = (loop: BandLoop): BandLoop => (loop === "rows" ? "columns" : loop === "columns" ? "rows" : loop);
  return band && { ...band, late: swap(band.late), early: swap(band.early) };
}

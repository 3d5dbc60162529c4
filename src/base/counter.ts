/** How often each number occurs. PyTorch's files have `collections.Counter` for it. */
export class Counter extends Map<number, number> {
  /** Counts the items of a list. */
  static of(items: Iterable<number>): Counter {
    const counts = new Counter();
    for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
    return counts;
  }
}

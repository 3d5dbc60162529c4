// What public-symbols.test.ts looks for gaps in.

/** A base class. */
export class Base {
  /** What overriding members inherit. */
  forward(x: number): number {
    return x;
  }
}

/** Its `forward` has the text of the base's. */
export class Child extends Base {
  #secret = 1;
  undocumented = 2;

  override forward(x: number): number {
    return x + this.#secret;
  }

  /** @internal */
  hidden(): void {}
}

/** Options. */
export interface Options {
  /** A hole in a type. */
  // biome-ignore lint/suspicious/noExplicitAny: the test looks for it
  readonly hole: readonly any[];
}

/** A hole behind a function. */
// biome-ignore lint/suspicious/noExplicitAny: the test looks for it
export const callback = (_take: (value: any) => void): void => {};

/** A function. */
export function documented(): void {}

/** The standard library's own any, in a default of Iterable, is none of ours. */
export function* sequence(items: Iterable<number>): Generator<number, void> {
  yield* items;
}

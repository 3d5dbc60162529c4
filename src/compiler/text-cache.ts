// What was made for a text, least recently used first out.

/** Entries kept, and how long their texts may be together. */
const MOST_ENTRIES = 2048;
const MOST_CHARACTERS = 16 << 20;

export class TextCache<T> {
  readonly #entries = new Map<string, T>();
  #characters = 0;

  get(text: string): T | undefined {
    const known = this.#entries.get(text);
    if (known === undefined) return undefined;
    this.#entries.delete(text);
    this.#entries.set(text, known);
    return known;
  }

  set(text: string, value: T): void {
    if (!this.#entries.delete(text)) this.#characters += text.length;
    this.#entries.set(text, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST_ENTRIES && this.#characters <= MOST_CHARACTERS) return;
      this.#entries.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}

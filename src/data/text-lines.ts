// The lines of a text file as a data set.
import { noMore, readBytes } from "../base/index.js";
import { checkIndex, type Dataset } from "./dataset.js";
import { rememberInstance } from "./recipe.js";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * Lines of a UTF-8 text file, without their ends; a last empty one does not count. The file is held as bytes, a line becomes
 * text when it is asked for. Items are texts, which the default collate leaves as a list.
 * @throws FormatError if the file cannot be read.
 * @example new DataLoader(new TextLines("corpus.txt"), { batchSize: 32, shuffle: true, collate: tokenize })
 */
export class TextLines implements Dataset<string> {
  /** Number of lines. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** Where each line begins, and the end of the file. */
  readonly #starts: readonly number[];
  readonly #decoder = new TextDecoder();

  constructor(
    /** Path of the file. */
    readonly file: string,
    ...surplus: []
  ) {
    noMore("TextLines", surplus);
    this.#bytes = readBytes("TextLines", file, "");
    const starts = [0];
    for (let at = this.#bytes.indexOf(LINE_FEED); at >= 0; at = this.#bytes.indexOf(LINE_FEED, at + 1))
      starts.push(at + 1);
    if (starts.at(-1) !== this.#bytes.length) starts.push(this.#bytes.length);
    this.#starts = starts;
    this.length = starts.length - 1;
    rememberInstance(this, new.target, TextLines, "TextLines", import.meta.url, [file]);
  }

  get(index: number): string {
    const at = checkIndex("TextLines", index, this.length);
    const start = this.#starts[at] as number;
    let end = this.#starts[at + 1] as number;
    if (this.#bytes[end - 1] === LINE_FEED) end--;
    if (end > start && this.#bytes[end - 1] === CARRIAGE_RETURN) end--;
    return this.#decoder.decode(this.#bytes.subarray(start, end));
  }
}

// Tables in text files: CSV by RFC 4180, and lines.
import { ArgumentError, checkOptions, FormatError, noMore, readBytes } from "../base/index.js";
import { type Tensor, tensor } from "../tensor/index.js";

/** Options of `readCsv` and `parseCsv`. */
export interface CsvOptions {
  /** What is between the fields, one character; default ",". */
  readonly delimiter?: string;
  /** The first row names the columns; default true. */
  readonly header?: boolean;
}

/** A table of texts by column. */
export interface CsvTable {
  /** Names of the columns, of the first row or "0", "1" … without a header. */
  readonly columns: readonly string[];
  /** The fields of each row below the header, as texts. */
  readonly rows: readonly (readonly string[])[];
  /**
   * The texts of a column.
   * @throws ArgumentError if there is no such column.
   */
  text(column: string): string[];
  /**
   * A column as float32; empty fields are NaN. Shapes: `[rows]`.
   * @throws ArgumentError if there is no such column.
   * @throws FormatError if a field is no number.
   */
  numbers(column: string): Tensor;
  /**
   * Several columns as float32, by default all. Shapes: `[rows, columns]`.
   * @throws ArgumentError if there is no such column.
   * @throws FormatError if a field is no number.
   */
  matrix(columns?: readonly string[]): Tensor;
  /**
   * A column of categories as int32, with the categories in order of their first row. Shapes: codes `[rows]`.
   * @throws ArgumentError if there is no such column.
   */
  categories(column: string): { readonly codes: Tensor; readonly names: string[] };
}

/**
 * Reads a table by RFC 4180: fields in quotes may hold delimiters, line ends and doubled quotes; empty lines are no rows.
 * @param options - `delimiter` (default ","), `header` (default true): the first row names the columns.
 * @throws ArgumentError if the delimiter is not one character.
 * @throws FormatError if a row has another number of fields than the first, or a quote stays open.
 * @example parseCsv("x,y\n1,2\n3,4").matrix() // [[1, 2], [3, 4]]
 */
export function parseCsv(text: string, options: CsvOptions = {}, ...surplus: []): CsvTable {
  noMore("parseCsv", surplus);
  checkOptions("parseCsv", options, { delimiter: "text", header: "flag" });
  if (typeof text !== "string") {
    throw new ArgumentError(`parseCsv: takes the text of a table, got ${typeof text}; readCsv takes a file`, {
      op: "parseCsv",
    });
  }
  const { delimiter = ",", header = true } = options;
  if (delimiter.length !== 1) {
    throw new ArgumentError(`parseCsv: delimiter must be one character, got ${JSON.stringify(delimiter)}`, {
      op: "parseCsv",
    });
  }
  const rows = splitRows(text.replace(/^\uFEFF/, ""), delimiter);
  const width = rows[0]?.length ?? 0;
  const uneven = rows.findIndex((row) => row.length !== width);
  if (uneven >= 0) {
    throw new FormatError(`parseCsv: row ${uneven + 1} has ${rows[uneven]?.length} fields, the first ${width}`, {
      op: "parseCsv",
    });
  }
  const names = header ? (rows.shift() ?? []) : Array.from({ length: width }, (_, i) => String(i));
  return new Table(names, rows);
}

function splitRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let at = 0;
  const endRow = () => {
    row.push(field);
    field = "";
    // An empty line is no row.
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  while (at < text.length) {
    const c = text[at] as string;
    if (c === '"' && field === "") {
      const start = at;
      for (at++; ; at++) {
        const end = text.indexOf('"', at);
        if (end < 0) throw new FormatError(`parseCsv: the quote at character ${start} stays open`, { op: "parseCsv" });
        field += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
      continue;
    }
    if (c === delimiter) {
      row.push(field);
      field = "";
    } else if (c === "\n") {
      endRow();
    } else if (c !== "\r" || text[at + 1] !== "\n") {
      field += c;
    }
    at++;
  }
  if (field !== "" || row.length > 0) endRow();
  return rows;
}

class Table implements CsvTable {
  constructor(
    readonly columns: readonly string[],
    readonly rows: readonly (readonly string[])[],
  ) {}

  #position(column: string): number {
    const at = this.columns.indexOf(column);
    if (at >= 0) return at;
    throw new ArgumentError(`CsvTable: no column "${column}"; it has ${this.columns.join(", ")}`, { op: "CsvTable" });
  }

  text(column: string): string[] {
    const at = this.#position(column);
    return this.rows.map((row) => row[at] as string);
  }

  numbers(column: string): Tensor {
    return tensor(Float32Array.from(this.text(column), (field, row) => numberOf(field, column, row)));
  }

  matrix(columns: readonly string[] = this.columns): Tensor {
    const places = columns.map((column) => this.#position(column));
    const values = this.rows.flatMap((row, i) =>
      places.map((at, j) => numberOf(row[at] as string, columns[j] as string, i)),
    );
    return tensor(Float32Array.from(values)).reshape([this.rows.length, columns.length]);
  }

  categories(column: string): { codes: Tensor; names: string[] } {
    const codes = new Map<string, number>();
    const all = this.text(column).map((name) => {
      const code = codes.get(name) ?? codes.size;
      codes.set(name, code);
      return code;
    });
    return { codes: tensor(Int32Array.from(all)), names: [...codes.keys()] };
  }
}

function numberOf(field: string, column: string, row: number): number {
  const text = field.trim();
  if (text === "") return Number.NaN;
  const value = Number(text);
  if (!Number.isNaN(value) || text.toLowerCase() === "nan") return value;
  throw new FormatError(`CsvTable: "${field}" in column ${column}, row ${row}, is no number; use categories()`, {
    op: "CsvTable",
  });
}

function textOf(op: string, file: string): string {
  return new TextDecoder().decode(readBytes(op, file, "use parseCsv"));
}

/**
 * Reads a CSV file, UTF-8: see parseCsv.
 * @throws FormatError if it is missing, a row has another number of fields than the first, or a quote stays open.
 * @throws ArgumentError if the delimiter is not one character.
 * @example (await readCsv("iris.csv")).matrix(["width", "length"]).shape // [150, 2]
 */
export async function readCsv(file: string, options: CsvOptions = {}, ...surplus: []): Promise<CsvTable> {
  noMore("readCsv", surplus);
  return parseCsv(textOf("readCsv", file), options);
}

/**
 * The lines of a text file, UTF-8, without their ends; a last empty one does not count.
 * @throws FormatError if it is missing.
 */
export async function readLines(file: string, ...surplus: []): Promise<string[]> {
  noMore("readLines", surplus);
  const lines = textOf("readLines", file).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

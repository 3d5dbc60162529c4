// The table of parity with PyTorch, docs/parity.json: each name of PyTorch that an ordinary program may use, and what Gradus has for
// it. Read by `npm run parity`, which writes docs/parity.md, and by the test that each row says the truth.
import { readFileSync } from "node:fs";
import * as gradus from "gradus";
import * as data from "gradus/data";
import * as func from "gradus/func";
import * as linalg from "gradus/linalg";
import * as nn from "gradus/nn";
import * as functional from "gradus/nn/functional";
import * as optim from "gradus/optim";
import * as vision from "gradus/vision";

export type Status = "done" | "planned" | "not planned";

export interface Row {
  /** PyTorch's name within the section. */
  readonly name: string;
  status: Status;
  /** Gradus' name where it is not PyTorch's in camelCase. */
  readonly as?: string;
  /** Why it is not planned: a key of `reasons`, or a sentence. */
  reason?: string;
  /** What differs from PyTorch. */
  readonly note?: string;
}

export interface Section {
  /** PyTorch's namespace. */
  readonly name: string;
  /** Where Gradus has it: a subpath of the package, or "Tensor" for methods. */
  readonly place: string;
  readonly rows: readonly Row[];
}

/** Keyword arguments of PyTorch that functions and classes of the table do not take. */
export interface LeftOut {
  /** What takes them in PyTorch. */
  readonly of: string;
  /** PyTorch's names. */
  readonly names: readonly string[];
  /** Why, and what is written in their place. */
  readonly reason: string;
}

export interface Table {
  readonly torch: string;
  readonly reasons: Readonly<Record<string, string>>;
  readonly options: readonly LeftOut[];
  readonly sections: readonly Section[];
}

export const tablePath = new URL("../../docs/parity.json", import.meta.url);
export const pagePath = new URL("../../docs/parity.md", import.meta.url);

export function readTable(): Table {
  return JSON.parse(readFileSync(tablePath, "utf8"));
}

/** What each place offers. */
const places: Readonly<Record<string, object>> = {
  gradus,
  "gradus/data": data,
  "gradus/func": func,
  "gradus/linalg": linalg,
  "gradus/nn": nn,
  "gradus/nn/functional": functional,
  "gradus/nn init": nn.init,
  "gradus/nn utils": nn.utils,
  "gradus/optim": optim,
  "gradus/vision": vision,
  "gradus/vision functional": vision.functional,
  // A tensor, not the prototype: methods are there once the first one was made.
  Tensor: gradus.zeros(1),
};

/** PyTorch's name in camelCase; a trailing _ (in place) stays. */
export function camelCase(name: string): string {
  return name.replace(/([a-z0-9])_([a-z0-9])/g, (_, before: string, after: string) => before + after.toUpperCase());
}

export function gradusName(row: Row): string {
  return row.as ?? camelCase(row.name);
}

/** Whether the package has what the row names. */
export function exists(section: Section, row: Row): boolean {
  const place = places[section.place];
  if (!place) throw new Error(`docs/parity.json: section ${section.name} has the unknown place ${section.place}`);
  return gradusName(row) in place;
}

/** What is wrong with the table, one line a problem. */
export function tableProblems(table: Table): string[] {
  const problems: string[] = [];
  for (const section of table.sections) {
    const seen = new Set<string>();
    for (const row of section.rows) {
      const shown = `${section.name}.${row.name}`;
      if (seen.has(row.name)) problems.push(`${shown}: stands twice`);
      seen.add(row.name);
      const isThere = exists(section, row);
      if (row.status === "done" && !isThere)
        problems.push(`${shown}: done, but ${section.place} has no ${gradusName(row)}`);
      if (row.status !== "done" && isThere)
        problems.push(`${shown}: ${row.status}, but ${section.place} has ${gradusName(row)}`);
      if (row.status === "not planned" && !row.reason) problems.push(`${shown}: not planned, but says no reason`);
    }
  }
  return problems;
}

/** Status by what is there: rows that exist are done, others that were done are planned. */
export function updateStatus(table: Table): void {
  for (const section of table.sections) {
    for (const row of section.rows) {
      if (exists(section, row)) {
        row.status = "done";
        delete row.reason;
      }
      if (!exists(section, row) && row.status === "done") row.status = "planned";
    }
  }
}

/** The table as a page. */
export function renderPage(table: Table): string {
  const count = (rows: readonly Row[], status: Status) => rows.filter((row) => row.status === status).length;
  const lines = [
    "# Parity with PyTorch",
    "",
    `What Gradus has of PyTorch ${table.torch}. Written by \`npm run parity\` from \`docs/parity.json\`; a test compares each row with the`,
    "package. Names are PyTorch's in camelCase unless another one is given; optional arguments go into one object, last.",
    "",
    "| namespace | in Gradus | done | planned | not planned |",
    "| --- | --- | --- | --- | --- |",
    ...table.sections.map(
      ({ name, place, rows }) =>
        `| \`${name}\` | \`${place}\` | ${count(rows, "done")} | ${count(rows, "planned")} | ${count(rows, "not planned")} |`,
    ),
  ];
  for (const section of table.sections) lines.push("", ...renderSection(section, table.reasons));
  lines.push("", "## Options left out", "");
  for (const { of, names, reason } of table.options) {
    lines.push(`- ${names.map((name) => `\`${name}\``).join(", ")} of ${of}: ${reason}.`);
  }
  return `${lines.join("\n")}\n`;
}

function renderSection({ name, place, rows }: Section, reasons: Table["reasons"]): string[] {
  const shown = (row: Row) => (row.as ? `\`${row.name}\` (\`${row.as}\`)` : `\`${row.name}\``);
  const list = (status: Status) => rows.filter((row) => row.status === status);
  const lines = [`## ${name}`, "", `In \`${place}\`.`];
  const done = list("done");
  if (done.length > 0) lines.push("", `**Done:** ${done.map(shown).join(", ")}.`);
  const notes = rows.filter((row) => row.note);
  if (notes.length > 0) lines.push("", ...notes.map((row) => `- \`${row.name}\`: ${row.note}.`));
  const planned = list("planned");
  if (planned.length > 0) lines.push("", `**Planned:** ${planned.map(shown).join(", ")}.`);
  const groups = new Map<string, Row[]>();
  for (const row of list("not planned")) {
    const reason = reasons[row.reason ?? ""] ?? row.reason ?? "";
    groups.set(reason, [...(groups.get(reason) ?? []), row]);
  }
  if (groups.size > 0) lines.push("", "**Not planned:**", "");
  for (const [reason, members] of groups) lines.push(`- ${reason}: ${members.map(shown).join(", ")}.`);
  return lines;
}

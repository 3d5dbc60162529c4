// ARCHITECTURE.md names files and folders: they exist. Every source folder stands in its table of layers.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const text = readFileSync(new URL("ARCHITECTURE.md", root), "utf8");
const named = [...text.matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g)].map((match) => match[1] as string);

describe("ARCHITECTURE.md", () => {
  it("names only files and folders that exist", () => {
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });

  it("has every folder of src in its table", () => {
    const folders = readdirSync(new URL("src/", root), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((f) => `src/${f.name}`).filter((path) => !named.includes(path))).toEqual([]);
  });
});

// The generator of inputs against samples written by its Python twin.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generate, type Kind, textSeed } from "./inputs.js";

interface Sample {
  readonly name: string;
  readonly kind: Kind;
  readonly count: number;
  readonly bits: string;
}

const samples: Sample[] = JSON.parse(readFileSync(new URL("../fixtures/data/generator.json", import.meta.url), "utf8"));

/** Every NaN has one spelling, as in the samples. */
function bits(values: Float64Array): string {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => {
    if (Number.isNaN(value)) bytes.writeBigUInt64LE(0x7ff8000000000000n, i * 8);
    else bytes.writeDoubleLE(value, i * 8);
  });
  return bytes.toString("hex");
}

test.each(samples)(
  "inputs: given kind $kind and seed text '$name', gives the bits of the Python generator",
  (sample) => {
    const { name, kind, count } = sample;

    const values = generate(textSeed(name), count, kind);

    expect(bits(values)).toBe(sample.bits);
  },
);

// What docstrings say is thrown is thrown.
import { describe, expect, it } from "vitest";
import { thrown } from "./thrown/index.js";
import { thrownBy } from "./thrown/types.js";

describe.each(thrown)("errors that docstrings of $prefix name", ({ errors }) => {
  const calls = Object.entries(errors).flatMap(([symbol, named]) =>
    Object.entries(named).map(([name, call]) => [symbol, name, call] as const),
  );

  it.each(calls)("given wrong values for %s, an %s is thrown", async (symbol, name, call) => {
    const error = await thrownBy(call);

    expect(`${symbol}: ${error?.name} ${error?.message}`).toMatch(new RegExp(`: ${name} \\S`));
  });
});

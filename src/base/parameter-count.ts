// How many arguments a function takes at most, optional ones included: `length` leaves those out, the function's text has them.

const counts = new WeakMap<object, number>();

/**
 * The number of parameters of a function; Infinity where it takes any number (`...rest`, `arguments`) or its text does not tell
 * (native and bound functions, regular expressions among the defaults).
 */
export function parameterCount(fn: object): number {
  let count = counts.get(fn);
  if (count === undefined) {
    count = countIn(Function.prototype.toString.call(fn));
    counts.set(fn, count);
  }
  return count;
}

function countIn(text: string): number {
  if (/\[native code\]\s*\}$|\barguments\b/.test(text)) return Infinity;
  if (/^(async\s+)?[\w$]+\s*=>/.test(text)) return 1;
  // `name(…`, `function name(…`, `async *name(…`, `(…`: whatever else stands before the list is not read.
  const head = /^[\w$*#\s]*\(/.exec(text);
  return head === null ? Infinity : listed(text, head[0].length);
}

const closing: Readonly<Record<string, number>> = { "(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1 };

/** Parameters from `start`, behind the opening parenthesis: commas between them, but for one behind the last. */
function listed(text: string, start: number): number {
  let count = 0;
  let depth = 0;
  let isOpen = false;
  // Comments, strings, and single characters; a template or another slash may hide brackets.
  const tokens = /\/\*.*?\*\/|\/\/.*?\n|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\.\.\.|\s+|./gsu;
  for (const [token] of text.slice(start).matchAll(tokens)) {
    if (token === "/" || token === "`") return Infinity;
    if (token === "..." && depth === 0) return Infinity;
    if (token === ")" && depth === 0) return count + (isOpen ? 1 : 0);
    depth += closing[token] ?? 0;
    if (token === "," && depth === 0) [count, isOpen] = [count + 1, false];
    else if (!/^(\s|\/[*/])/.test(token)) isOpen = true;
  }
  return Infinity;
}

// Numbers as Python formats them: ties go to the even digit, exponents have two digits, specials are words.

/** `f"{x:.{digits}f}"`. */
export function fixed(x: number, digits: number): string {
  if (!Number.isFinite(x)) return special(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  return sign + halfEven(Math.abs(x).toFixed(digits), Math.abs(x).toFixed(digits + 40), digits);
}

/** `f"{x:.{digits}e}"`. */
export function scientific(x: number, digits: number): string {
  if (!Number.isFinite(x)) return special(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  const a = Math.abs(x);
  const [rounded = "", exponent = ""] = a.toExponential(digits).split("e");
  const [exact = "", exactExponent = ""] = a.toExponential(digits + 40).split("e");
  const mantissa = exponent === exactExponent ? halfEven(rounded, exact, digits) : rounded;
  return `${sign}${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

function special(x: number): string {
  return Number.isNaN(x) ? "nan" : x < 0 ? "-inf" : "inf";
}

/** JavaScript rounds ties up; where `exact` is a tie and was rounded to an odd digit, the truncated form is the even one. */
function halfEven(rounded: string, exact: string, digits: number): string {
  const cut = exact.length - 40;
  if (!/^50*$/.test(exact.slice(cut))) return rounded;
  const down = exact.slice(0, digits === 0 ? cut - 1 : cut);
  return Number(down.at(-1)) % 2 === 0 ? down : rounded;
}

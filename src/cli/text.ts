// Numbers and durations as people read them.

/** 12,345 */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** 4 s, 1 min 05 s, 2 h 03 min */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

/** 98.63% */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

/** A word as a POSIX shell reads it back. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The nearest of 0 to 255 to a whole number. Nearly all are bytes already: the test costs less than what stores to a clamped array do. */
export function byteOf(value: number): number {
  return (value & ~0xff) === 0 ? value : value < 0 ? 0 : 0xff;
}

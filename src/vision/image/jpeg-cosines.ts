// Constants of libjpeg(-turbo)'s accurate integer transforms, forward and back: jfdctint.c, jidctint.c. Licence: IJG.

/** Bits behind the point of the cosines. */
export const CONST_BITS = 13;
/** Bits behind the point of what the first of two passes hands on. */
export const PASS1_BITS = 2;
/** Cosines of the Loeffler–Ligtenberg–Moschytz transform times 2^13. */
export const F = {
  f0298: 2446,
  f0390: 3196,
  f0541: 4433,
  f0765: 6270,
  f0899: 7373,
  f1175: 9633,
  f1501: 12299,
  f1847: 15137,
  f1961: 16069,
  f2053: 16819,
  f2562: 20995,
  f3072: 25172,
} as const;

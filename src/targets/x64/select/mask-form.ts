// How bool vectors lie in registers: opmasks on AVX-512, where only as many low bits as there are lanes mean something; on
// AVX2 vectors with lanes of all ones or all zeros.

/** Bits of a lane in the natural form on AVX2: kernels with few lanes work on wide elements. */
export function maskBits(lanes: number): 32 | 64 {
  return lanes <= 4 ? 64 : 32;
}

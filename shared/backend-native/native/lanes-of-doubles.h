/**
 * @file Vectors of doubles, for what must have the bits that JavaScript's numbers have: every operation is rounded by itself. A lane is a block of
 * values, or a group of one, so that sums over its values are added in their order.
 */
#pragma once
#include <cstdint>
#include <cstring>

#include "block-formats.h"
#include "simd.h"

namespace arrowsmith {

#if defined(EMULATED_AVX512)
constexpr int kDoubleBytes = 32;  // so that keepInRegister can keep them
#else
constexpr int kDoubleBytes = kVectorBytes;
#endif

/** Doubles in a vector. */
constexpr int kDoubles = kDoubleBytes / 8;

typedef double Doubles __attribute__((vector_size(kDoubleBytes)));
typedef float NarrowDoubles __attribute__((vector_size(kDoubleBytes / 2)));

inline Doubles every(double x) { return x - Doubles{}; }

/** a · b, which the compiler must not fuse with a sum. */
inline __attribute__((always_inline)) Doubles times(Doubles a, Doubles b) {
  Doubles product = a * b;
  keepInRegister(product);
  return product;
}

inline double times(double a, double b) {
  double product = a * b;
  keepInRegister(product);
  return product;
}

inline Doubles magnitude(Doubles x) { return x < every(0) ? -x : x; }
inline Doubles smaller(Doubles a, Doubles b) { return b < a ? b : a; }
inline Doubles larger(Doubles a, Doubles b) { return b > a ? b : a; }

/** As float32, like Math.fround. */
inline Doubles toFloats(Doubles x) { return __builtin_convertvector(__builtin_convertvector(x, NarrowDoubles), Doubles); }

/** The nearest integers, halves to the one above, like Math.round; of magnitudes below 2^51. No zero has a sign. */
inline Doubles nearestInteger(Doubles x) {
  const Doubles magic = every(6755399441055744.0);  // 1.5 · 2^52: the sum has no bits for fractions, and is rounded to even
  const Doubles even = (x + magic) - magic;
  return even + (x - even == every(0.5) ? every(1) : every(0));
}

/** … of those from least to most, which are integers. */
inline Doubles nearestInteger(Doubles x, double least, double most) {
  return nearestInteger(smaller(larger(x, every(least)), every(most)));
}

inline double nearestInteger(double x, double least, double most) { return nearestInteger(every(x), least, most)[0]; }

/** 1 / scale as float32; 0 where that is too large for one. */
inline Doubles inverseOf(Doubles scale) {
  const Doubles inverse = toFloats(every(1) / scale);
  return magnitude(inverse) <= every(3.4028234663852886e38) ? inverse : every(0);
}

/** The half-precision number that is nearest, halves to even, of a double that is rounded to float32 before unless it is below all normal halves. */
inline double toHalf(double value) {
  const float single = static_cast<float>(value);
  uint32_t word;
  std::memcpy(&word, &single, 4);
  const uint32_t sign = (word >> 16) & 0x8000, size = word & 0x7fffffff;
  uint32_t half;
  if (size > 0x7f800000) {
    half = 0x7e00;
  } else if (size >= 0x47800000) {
    half = 0x7c00;
  } else if (size >= 0x38800000) {
    half = (size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13;
  } else {
    const double magic = 6755399441055744.0;
    half = static_cast<uint32_t>((times(std::fabs(value), 0x1p24) + magic) - magic);
  }
  return floatOfHalf(static_cast<uint16_t>(sign | half));
}

inline Doubles toHalves(Doubles x) {
  for (int lane = 0; lane < kDoubles; lane++) x[lane] = toHalf(x[lane]);
  return x;
}

}  // namespace arrowsmith

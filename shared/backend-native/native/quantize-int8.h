/** @file Values quantized to int8: value = scale · int8, with scale = max|x| / 127, halves rounded away from zero, as ggml's Q8_0. */
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "simd.h"

namespace arrowsmith {

/** Integers as wide as a vector's floats. */
typedef int32_t VecIntegers __attribute__((vector_size(kVectorBytes)));
typedef int8_t VecInt8 __attribute__((vector_size(kLanes)));

/** The largest magnitude of a value; −128 is left out, so that the code is symmetric. */
constexpr float kLargestInt8 = 127;
/** Below the smallest normal number a scale has too few bits to be divided by. */
constexpr float kSmallestInt8Scale = 0x1p-126f;

/** The nearest integers, halves away from zero. */
inline VecIntegers nearestIntegers(Vec x) {
  const VecIntegers whole = __builtin_convertvector(x, VecIntegers);
  const Vec rest = x - __builtin_convertvector(whole, Vec);
  return whole - (rest >= splat(0.5f)) + (rest <= splat(-0.5f));  // what is true is −1
}

/** max|x|, or NaN: magnitudes are in the order of their bits, and NaN is above all of them. */
inline float largestMagnitude(const float* x, int64_t count) {
  VecIntegers largest{};
  forEachVector(0, count, [&](int64_t i, auto lanes) {
    const VecIntegers bits = reinterpret_cast<VecIntegers>(lanes.load(x + i)) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  });
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  const int32_t bits = _mm512_reduce_max_epi32((__m512i)largest);
#else
  int32_t bits = 0;
  for (int lane = 0; lane < kLanes; lane++) bits = std::max(bits, largest[lane]);
#endif
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/**
 * Quantizes `count` values.
 *
 * @return the scale: 0 for zeros; what is no finite number where one of the values is none, with zeros as integers, so that it is not lost
 */
inline float quantizeInt8(const float* x, int64_t count, int8_t* values) {
  const float scale = largestMagnitude(x, count) / kLargestInt8;
  if (!std::isfinite(scale) || scale < kSmallestInt8Scale) {
    std::memset(values, 0, static_cast<size_t>(count));
    return scale < kSmallestInt8Scale ? 0 : scale;
  }
  const Vec divisor = splat(scale);
  forEachVector(0, count, [&](int64_t i, auto lanes) {
    const VecInt8 narrow = __builtin_convertvector(nearestIntegers(lanes.load(x + i) / divisor), VecInt8);
    std::memcpy(values + i, &narrow, static_cast<size_t>(std::min<int64_t>(kLanes, count - i)));
  });
  return scale;
}

}  // namespace arrowsmith

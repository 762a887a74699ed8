/**
 * @file Number formats whose values come in blocks, with what scales them: those of `shared/quantization/src/formats`, where each layout is described. A
 * block decodes to the very float32 numbers that are decoded there.
 */
#pragma once
#include <cstdint>
#include <cstring>

namespace arrowsmith {

/** All formats of stored matrices: `formatCode` of the package's addon.ts, in its order. */
enum class Format {
  f32,
  bf16,
  int8,
  f16,
  int8Groups32,
  int8Groups32Asymmetric,
  int8Groups128,
  int8Groups128Asymmetric,
  int4Groups32,
  int4Groups32Asymmetric,
  int4Groups128,
  int4Groups128Asymmetric,
  int3Groups32,
  int3Groups32Asymmetric,
  int3Groups128,
  int3Groups128Asymmetric,
  int2Groups32,
  int2Groups32Asymmetric,
  int2Groups128,
  int2Groups128Asymmetric,
  q8_0,
  q5_1,
  q5_0,
  q4_1,
  q4_0,
  iq4Nl,
  q6K,
  q5K,
  q4K,
  q3K,
  q2K,
};
constexpr int kFormats = static_cast<int>(Format::q2K) + 1;

struct BlockFormat {
  /** Values of a block, and its bytes. */
  int64_t size, bytes;
  /** Decodes blocks that follow one another. */
  void (*decode)(const uint8_t* blocks, int64_t count, float* values);
  /** y[count] = rows[count, blocks] x[blocks · size], decoded in registers, in the order of dot-tile.h; null for formats that are decoded to memory first. */
  void (*multiplyOne)(const uint8_t* rows, int64_t count, int64_t blocks, const float* x, float* y);
};

/** A half-precision number; NaN and infinities stay so. */
inline float floatOfHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3ff;
  uint32_t bits;
  if (exponent == 31) {
    bits = sign | 0x7f800000 | fraction << 13;
  } else if (exponent > 0) {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  } else {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;  // exact
    std::memcpy(&bits, &magnitude, 4);
    bits |= sign;
  }
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/** How a format's blocks are decoded; null for those whose elements are read one by one (stored-matrix.h). */
const BlockFormat* blockFormat(Format format);

}  // namespace arrowsmith

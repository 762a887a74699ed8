/**
 * @file Matrices as artifacts store them, in 32-bit words that are read as they are: nothing makes a copy of float32 of one.
 *
 *     f32    float32, row-major
 *     bf16   the upper halves of float32, row-major
 *     f16    half-precision numbers (IEEE 754 binary16), row-major
 *     int8   a float32 scale for each row (all rows first), then the int8 values, row-major; value = scale · int8
 *     other  blocks of values with what scales them (block-formats.h), row-major; a row is a whole number of blocks
 *
 * All numbers are little-endian.
 */
#pragma once
#include <cstdint>
#include <cstring>

#include "block-formats.h"
#include "simd.h"

namespace arrowsmith {

/** How f32's rows are read; of other formats likewise. */
struct F32Elements {
  using Element = float;
  static Vec load(const float* p) { return arrowsmith::load(p); }
  /** The first `count` elements, and zeros. */
  static Vec loadPartial(const float* p, int64_t count) { return arrowsmith::loadPartial(p, count); }
};

/** The first `count` elements at p, and zeros, at another place in memory. */
template <class Element>
struct PaddedElements {
  Element values[kLanes] = {};
  PaddedElements(const Element* p, int64_t count) { std::memcpy(values, p, static_cast<size_t>(count) * sizeof(Element)); }
};

struct Bf16Elements {
  using Element = uint16_t;
  static Vec load(const uint16_t* p) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return (Vec)_mm512_slli_epi32(wide, 16);
#elif defined(__AVX2__) && !defined(__AVX512F__)
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return (Vec)_mm256_slli_epi32(wide, 16);
#else
    VecBits bits;
    for (int i = 0; i < kLanes; i++) bits[i] = static_cast<uint32_t>(p[i]) << 16;
    return reinterpret_cast<Vec>(bits);
#endif
  }
  static Vec loadPartial(const uint16_t* p, int64_t count) { return load(PaddedElements<uint16_t>(p, count).values); }
};

struct F16Elements {
  using Element = uint16_t;
  static Vec load(const uint16_t* p) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
    return (Vec)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__AVX2__) && defined(__F16C__) && !defined(__AVX512F__)
    return (Vec)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#elif defined(__aarch64__)
    return (Vec)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
#else
    Vec values;
    for (int i = 0; i < kLanes; i++) values[i] = floatOfHalf(p[i]);
    return values;
#endif
  }
  static Vec loadPartial(const uint16_t* p, int64_t count) { return load(PaddedElements<uint16_t>(p, count).values); }
};

/** Without their row's scale. */
struct Int8Elements {
  using Element = int8_t;
  static Vec load(const int8_t* p) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
    return (Vec)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#elif defined(__AVX2__) && !defined(__AVX512F__)
    return (Vec)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#elif defined(__aarch64__)
    int32_t four;
    std::memcpy(&four, p, sizeof four);
    const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
    return (Vec)vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
#else
    Vec values;
    for (int i = 0; i < kLanes; i++) values[i] = p[i];
    return values;
#endif
  }
  static Vec loadPartial(const int8_t* p, int64_t count) { return load(PaddedElements<int8_t>(p, count).values); }
};

/** Calls `body` with what reads the elements of a format without blocks. */
template <class Body>
auto withElements(Format format, Body&& body) {
  switch (format) {
    case Format::bf16: return body(Bf16Elements{});
    case Format::int8: return body(Int8Elements{});
    case Format::f16: return body(F16Elements{});
    default: return body(F32Elements{});
  }
}

/** Bytes of elements, which are a whole number of blocks where there are any. */
inline int64_t bytesOf(Format format, int64_t elements) {
  if (const BlockFormat* blocks = blockFormat(format)) return elements / blocks->size * blocks->bytes;
  return elements * (format == Format::f32 ? 4 : format == Format::int8 ? 1 : 2);
}

/** Whether rows of so many elements can be stored. */
inline bool takesRows(Format format, int64_t columns) {
  const BlockFormat* const blocks = blockFormat(format);
  return blocks == nullptr || columns % blocks->size == 0;
}

/** 32-bit words that a matrix of `rows` rows with `elements` elements altogether takes; the last may have bytes to spare. */
inline int64_t storedWords(Format format, int64_t rows, int64_t elements) {
  const int64_t bytes = bytesOf(format, elements);
  return (format == Format::int8 ? rows : 0) + bytes / 4 + (bytes % 4 != 0 ? 1 : 0);
}

/** A stored matrix, or some of its rows: [rows, columns]. */
struct StoredMatrix {
  Format format;
  int64_t rows, columns;
  /** Of each row; null where the format has none. */
  const float* scales;
  const char* values;

  StoredMatrix(Format storedFormat, int64_t rowCount, int64_t columnCount, const int32_t* words)
      : format(storedFormat),
        rows(rowCount),
        columns(columnCount),
        scales(storedFormat == Format::int8 ? reinterpret_cast<const float*>(words) : nullptr),
        values(reinterpret_cast<const char*>(words + (storedFormat == Format::int8 ? rowCount : 0))) {}

  int64_t rowBytes() const { return bytesOf(format, columns); }

  const void* row(int64_t index) const { return values + index * rowBytes(); }

  /** `count` rows from `first` on. */
  StoredMatrix part(int64_t first, int64_t count) const {
    StoredMatrix result = *this;
    result.rows = count;
    result.values = values + first * rowBytes();
    if (scales != nullptr) result.scales = scales + first;
    return result;
  }
};

}  // namespace arrowsmith

/**
 * @file Stands in front of the compiler's header of this name, so that what is written for AVX-512 can be tested on a processor that has
 * AVX2 only: the intrinsics that the kernels use, lane by lane, after Intel's Intrinsics Guide. The compiler makes two AVX2
 * instructions, or a loop, of each. For tests of results, not of speed. With EMULATE_BF16, bfloat16 products are there, too.
 */
#pragma once
#include_next <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#if !defined(__AVX512F__)

#define __AVX512F__ 1
#define EMULATED_AVX512 1
#if defined(EMULATE_BF16)
#define __AVX512BF16__ 1
#endif

namespace emulated {

typedef float Floats __attribute__((vector_size(64), may_alias));
typedef int32_t Words __attribute__((vector_size(64), may_alias));
typedef uint32_t Bits __attribute__((vector_size(64), may_alias));
typedef int16_t Halves __attribute__((vector_size(64), may_alias));
typedef int64_t Longs __attribute__((vector_size(64), may_alias));

// ---- Memory. Where the mask has a 0, nothing is read or written.

template <class Vector, class Element>
inline Vector load(Vector otherwise, __mmask16 mask, const Element* from) {
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) otherwise[i] = from[i];
  }
  return otherwise;
}

template <class Vector, class Element>
inline void store(Element* to, __mmask16 mask, Vector v) {
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) to[i] = v[i];
  }
}

/** The largest of all elements. */
inline float largest(Floats v) {
  float most = v[0];
  for (int i = 1; i < 16; i++) most = v[i] > most ? v[i] : most;
  return most;
}

// ---- Order

/** Pairs of elements of a and b from half of each 128-bit lane, which has `PerLane` elements. */
template <class Vector, int PerLane, bool upper>
inline __m512i unpack(__m512i a, __m512i b) {
  const Vector x = (Vector)a, y = (Vector)b;
  Vector result = x;
  for (int i = 0; i < 4 * PerLane; i++) {
    const int from = i / PerLane * PerLane + (upper ? PerLane / 2 : 0) + i % PerLane / 2;
    result[i] = i % 2 == 0 ? x[from] : y[from];
  }
  return (__m512i)result;
}

/** Two 128-bit lanes of a, then two of b. */
inline __m512i shuffleLanes(__m512i a, __m512i b, int selection) {
  const Longs x = (Longs)a, y = (Longs)b;
  Longs result = x;
  for (int lane = 0; lane < 4; lane++) {
    const int from = selection >> 2 * lane & 3;
    for (int i = 0; i < 2; i++) result[2 * lane + i] = (lane < 2 ? x : y)[2 * from + i];
  }
  return (__m512i)result;
}

inline __m512i permuteHalves(__m512i order, __m512i a) {
  const Halves from = (Halves)order, x = (Halves)a;
  Halves result = x;
  for (int i = 0; i < 32; i++) result[i] = x[from[i] & 31];
  return (__m512i)result;
}

inline __m512 permuteFloats(__m512i order, __m512 a) {
  const Words from = (Words)order;
  Floats result = (Floats)a;
  for (int i = 0; i < 16; i++) result[i] = a[from[i] & 15];
  return (__m512)result;
}

// ---- bfloat16

/** Rounds to nearest, ties to even; subnormal numbers become zeros, NaNs quiet. */
inline int16_t rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (std::isnan(x)) return static_cast<int16_t>(bits >> 16 | 0x40);
  if (std::fpclassify(x) == FP_SUBNORMAL) return static_cast<int16_t>(bits >> 16 & 0x8000);
  return static_cast<int16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/** The lower 16 are of b. */
inline __m512bh toBf16(__m512 a, __m512 b) {
  Halves result = {};
  for (int i = 0; i < 16; i++) {
    result[i] = rounded(b[i]);
    result[16 + i] = rounded(a[i]);
  }
  return (__m512bh)result;
}

/** Every lane adds two products, that of the upper elements first. */
inline __m512 addProducts(__m512 sum, __m512bh a, __m512bh b) {
  const Bits upper = Bits{} + 0xffff0000u, x = (Bits)a, y = (Bits)b;
  const Floats withUpper = (Floats)sum + (Floats)(x & upper) * (Floats)(y & upper);
  return (__m512)(withUpper + (Floats)(x << 16) * (Floats)(y << 16));
}

}  // namespace emulated

#define _mm512_mask_loadu_ps(otherwise, mask, from) ((__m512)emulated::load((emulated::Floats)(otherwise), mask, from))
#define _mm512_maskz_loadu_ps(mask, from) ((__m512)emulated::load(emulated::Floats{}, mask, from))
#define _mm512_mask_storeu_ps(to, mask, v) emulated::store(to, mask, (emulated::Floats)(v))
#define _mm512_mask_storeu_epi32(to, mask, v) emulated::store(to, mask, (emulated::Bits)(v))
#define _mm512_load_si512(from) (*reinterpret_cast<const __m512i*>(from))
#define _mm512_store_si512(to, v) (void)(*reinterpret_cast<__m512i*>(to) = (v))
#define _mm512_stream_ps(to, v) (void)(*reinterpret_cast<__m512*>(to) = (v))
#define _mm512_stream_si512(to, v) (void)(*(to) = (v))
#define _mm512_setzero_si512() (__m512i{})
#define _mm512_set1_epi32(x) ((__m512i)(emulated::Words{} + (x)))
#define _mm512_set_epi16(...) ((__m512i)__builtin_shuffle((emulated::Halves){__VA_ARGS__}, emulated::reversed))
#define _mm512_castps512_ps256(v) (__m256{(v)[0], (v)[1], (v)[2], (v)[3], (v)[4], (v)[5], (v)[6], (v)[7]})
#define _mm512_extractf32x8_ps(v, i) (__m256{(v)[8], (v)[9], (v)[10], (v)[11], (v)[12], (v)[13], (v)[14], (v)[15]})
#define _mm512_reduce_max_ps(v) emulated::largest((emulated::Floats)(v))
#define _mm512_unpacklo_epi32(a, b) emulated::unpack<emulated::Words, 4, false>(a, b)
#define _mm512_unpackhi_epi32(a, b) emulated::unpack<emulated::Words, 4, true>(a, b)
#define _mm512_unpacklo_epi64(a, b) emulated::unpack<emulated::Longs, 2, false>(a, b)
#define _mm512_unpackhi_epi64(a, b) emulated::unpack<emulated::Longs, 2, true>(a, b)
#define _mm512_shuffle_i32x4(a, b, selection) emulated::shuffleLanes(a, b, selection)
#define _mm512_permutexvar_epi16(order, v) emulated::permuteHalves(order, v)
#define _mm512_permutexvar_ps(order, v) emulated::permuteFloats(order, v)
#define _mm512_cvtne2ps_pbh(a, b) emulated::toBf16(a, b)
#define _mm512_dpbf16_ps(sum, a, b) emulated::addProducts(sum, a, b)

namespace emulated {
/** `set` functions name the last element first. */
constexpr Halves reversed = {31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
                             15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0};
}  // namespace emulated

#endif

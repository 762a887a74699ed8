/**
 * @file Products of bytes with int8, four to a lane, with sums of int32: what processors have instructions for. A vector of weights has four bytes of
 * each of kLanes rows, one row to a lane, so that a lane's sum is that of its row alone, the same integer with every instruction set.
 *
 * Bytes below 128 are multiplied as they are. Of 8 bits, the instruction of VNNI takes those without a sign, and the others with one: {@link wideBytes}
 * makes them so, and {@link kWideOffset} says what has been added to them.
 */
#pragma once
#include <cstdint>
#include <cstring>

#include "quantize-int8.h"
#include "simd.h"

namespace arrowsmith {

#if (defined(__AVX512VNNI__) && defined(__AVX512F__)) || (defined(__AVXVNNI__) && !defined(__AVX512F__))
constexpr int32_t kWideOffset = 128;
#else
constexpr int32_t kWideOffset = 0;
#endif

/** Bits of weights that are multiplied by way of {@link wideBytes}; fewer are as they are. */
constexpr int kWideBits = 8;

/** Bytes with a sign, or (`isUnsigned`) those that are 128 more, as they are multiplied. */
template <bool isUnsigned>
inline VecBits wideBytes(VecBits bytes) {
  return isUnsigned == (kWideOffset == 128) ? bytes : bytes ^ 0x80808080u;
}

/** Four int8 in every lane. */
inline VecBits fourInEveryLane(const int8_t* p) {
  uint32_t four;
  std::memcpy(&four, p, 4);
  return four - VecBits{};
}

// Without VNNI, one instruction adds pairs of products in 16 bits, and another one pairs of these sums.
#if defined(__AVX512BW__) && !defined(EMULATED_AVX512) && !defined(__AVX512VNNI__)
#define SUMS_OF_PAIRS
inline VecBits sumsOfPairs(VecBits bytes, VecBits int8) { return (VecBits)_mm512_maddubs_epi16((__m512i)bytes, (__m512i)int8); }
inline VecBits addSums(VecBits a, VecBits b) { return (VecBits)_mm512_add_epi16((__m512i)a, (__m512i)b); }
inline VecIntegers pairsOfSums(VecBits sums) { return (VecIntegers)_mm512_madd_epi16((__m512i)sums, _mm512_set1_epi16(1)); }
#elif defined(__AVX2__) && !defined(__AVX512F__) && !defined(__AVXVNNI__)
#define SUMS_OF_PAIRS
inline VecBits sumsOfPairs(VecBits bytes, VecBits int8) { return (VecBits)_mm256_maddubs_epi16((__m256i)bytes, (__m256i)int8); }
inline VecBits addSums(VecBits a, VecBits b) { return (VecBits)_mm256_add_epi16((__m256i)a, (__m256i)b); }
inline VecIntegers pairsOfSums(VecBits sums) { return (VecIntegers)_mm256_madd_epi16((__m256i)sums, _mm256_set1_epi16(1)); }
#endif

/**
 * In each lane sum + Σ weight · x of its four bytes, exactly.
 *
 * Where the instruction adds pairs of products in 16 bits, these are at most 2 · 127 · 127, or of magnitudes 2 · 128 · 127 = 32,512.
 *
 * @param bits of the weights
 * @param x from −127 on
 */
template <int bits>
inline __attribute__((always_inline)) VecIntegers addDots(VecIntegers sum, VecBits weights, VecBits x) {
#if defined(__AVX512VNNI__) && defined(__AVX512F__) && !defined(EMULATED_AVX512)
  return (VecIntegers)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, (__m512i)x);
#elif defined(__AVX512BW__) && !defined(EMULATED_AVX512)
  if constexpr (bits < kWideBits) return sum + pairsOfSums(sumsOfPairs(weights, x));
  const __m512i of = (__m512i)weights;
  const __m512i turned = _mm512_mask_sub_epi8((__m512i)x, _mm512_movepi8_mask(of), _mm512_setzero_si512(), (__m512i)x);
  return sum + pairsOfSums(sumsOfPairs((VecBits)_mm512_abs_epi8(of), (VecBits)turned));
#elif defined(__AVXVNNI__) && !defined(__AVX512F__)
  return (VecIntegers)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)weights, (__m256i)x);
#elif defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (bits < kWideBits) return sum + pairsOfSums(sumsOfPairs(weights, x));
  const __m256i of = (__m256i)weights;
  return sum + pairsOfSums(sumsOfPairs((VecBits)_mm256_abs_epi8(of), (VecBits)_mm256_sign_epi8((__m256i)x, of)));
#elif defined(__aarch64__)
  const int8x16_t of = (int8x16_t)weights, by = (int8x16_t)x;
#if defined(__ARM_FEATURE_DOTPROD)
  return (VecIntegers)vdotq_s32((int32x4_t)sum, of, by);
#else
  const int16x8_t low = vmull_s8(vget_low_s8(of), vget_low_s8(by)), high = vmull_high_s8(of, by);
  return (VecIntegers)vpadalq_s16((int32x4_t)sum, vpaddq_s16(low, high));
#endif
#else
  typedef int8_t Bytes __attribute__((vector_size(kVectorBytes)));
  typedef uint8_t Unsigned __attribute__((vector_size(kVectorBytes)));
  const Bytes by = reinterpret_cast<Bytes>(x);
  for (int lane = 0; lane < kLanes; lane++) {
    for (int i = 4 * lane; i < 4 * lane + 4; i++) {
      const int weight = kWideOffset == 128 ? static_cast<int>(reinterpret_cast<Unsigned>(weights)[i]) : static_cast<int>(reinterpret_cast<Bytes>(weights)[i]);
      sum[lane] += weight * by[i];
    }
  }
  return sum;
#endif
}

/** So many vectors of weights are multiplied before pairs of sums are added: as many as 16 bits hold the sums of, a power of two, 8 at most. */
template <int bits>
constexpr int vectorsTogether() {
#if defined(SUMS_OF_PAIRS)
  int together = 8;
  while (together > 1 && together * 2 * ((1 << bits) - 1) * 127 > INT16_MAX) together /= 2;
  return together;
#else
  return 1;
#endif
}

/** {@link addDots} for `count` vectors in succession, {@link vectorsTogether} at most. @param x four int8 for each */
template <int bits, int count>
inline __attribute__((always_inline)) VecIntegers addAllDots(VecIntegers sum, const VecBits* weights, const int8_t* x) {
  static_assert(count <= vectorsTogether<bits>());
  if constexpr (count == 1) return addDots<bits>(sum, weights[0], fourInEveryLane(x));
#if defined(SUMS_OF_PAIRS)
  VecBits sums = sumsOfPairs(weights[0], fourInEveryLane(x));
#pragma GCC unroll 8
  for (int i = 1; i < count; i++) sums = addSums(sums, sumsOfPairs(weights[i], fourInEveryLane(x + 4 * i)));
  return sum + pairsOfSums(sums);
#endif
}

// ---- Bytes of kLanes rows, a stride apart

typedef uint32_t FourWords __attribute__((vector_size(16)));

inline FourWords sixteenBytes(const uint8_t* p) {
  FourWords words;
  std::memcpy(&words, p, sizeof words);
  return words;
}

/** Four bytes of each row. */
inline __attribute__((always_inline)) VecBits wordsOfRows(const uint8_t* p, int64_t stride) {
  VecBits words;
  for (int row = 0; row < kLanes; row++) std::memcpy(reinterpret_cast<char*>(&words) + 4 * row, p + row * stride, 4);
  return words;
}

/** Sixteen bytes of each row: four vectors, of the first to the last four bytes. */
inline __attribute__((always_inline)) void linesOfRows(const uint8_t* p, int64_t stride, VecBits (&words)[4]) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  __m512i rows[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const auto at = [&](int row) { return (__m128i)sixteenBytes(p + row * stride); };
    rows[i] = _mm512_castsi128_si512(at(i));
    rows[i] = _mm512_inserti32x4(rows[i], at(i + 4), 1);
    rows[i] = _mm512_inserti32x4(rows[i], at(i + 8), 2);
    rows[i] = _mm512_inserti32x4(rows[i], at(i + 12), 3);
  }
  const __m512i a = _mm512_unpacklo_epi32(rows[0], rows[1]), b = _mm512_unpacklo_epi32(rows[2], rows[3]);
  const __m512i c = _mm512_unpackhi_epi32(rows[0], rows[1]), d = _mm512_unpackhi_epi32(rows[2], rows[3]);
  words[0] = (VecBits)_mm512_unpacklo_epi64(a, b);
  words[1] = (VecBits)_mm512_unpackhi_epi64(a, b);
  words[2] = (VecBits)_mm512_unpacklo_epi64(c, d);
  words[3] = (VecBits)_mm512_unpackhi_epi64(c, d);
#elif defined(__AVX2__) && !defined(__AVX512F__)
  __m256i rows[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const auto at = [&](int row) { return (__m128i)sixteenBytes(p + row * stride); };
    rows[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(at(i)), at(i + 4), 1);
  }
  const __m256i a = _mm256_unpacklo_epi32(rows[0], rows[1]), b = _mm256_unpacklo_epi32(rows[2], rows[3]);
  const __m256i c = _mm256_unpackhi_epi32(rows[0], rows[1]), d = _mm256_unpackhi_epi32(rows[2], rows[3]);
  words[0] = (VecBits)_mm256_unpacklo_epi64(a, b);
  words[1] = (VecBits)_mm256_unpackhi_epi64(a, b);
  words[2] = (VecBits)_mm256_unpacklo_epi64(c, d);
  words[3] = (VecBits)_mm256_unpackhi_epi64(c, d);
#else
  for (int i = 0; i < 4; i++) words[i] = wordsOfRows(p + 4 * i, stride);
#endif
}

/** A half-precision number of each row. */
inline __attribute__((always_inline)) Vec halvesOfRows(const uint8_t* p, int64_t stride) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  uint16_t halves[kLanes];
  for (int row = 0; row < kLanes; row++) std::memcpy(halves + row, p + row * stride, 2);
  return (Vec)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves)));
#elif defined(__F16C__) && defined(__AVX2__) && !defined(__AVX512F__)
  uint16_t halves[kLanes];
  for (int row = 0; row < kLanes; row++) std::memcpy(halves + row, p + row * stride, 2);
  return (Vec)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves)));
#else
  VecBits halves;
  for (int row = 0; row < kLanes; row++) {
    uint16_t half;
    std::memcpy(&half, p + row * stride, 2);
    halves[row] = half;
  }
  // The exponent's bias is 112 less; of what is no finite number, all bits of the exponent stay ones.
  const VecBits magnitude = (halves & 0x7fffu) << 13, sign = (halves & 0x8000u) << 16;
  const Vec scaled = reinterpret_cast<Vec>(magnitude) * splat(0x1p112f);
  const VecBits finite = reinterpret_cast<VecBits>(scaled);
  const VecBits bits = magnitude >= (0x7c00u << 13) ? (magnitude | 0x7f800000u) : finite;
  return reinterpret_cast<Vec>(bits | sign);
#endif
}

/** A byte of each row. */
inline __attribute__((always_inline)) VecIntegers bytesOfRows(const uint8_t* p, int64_t stride) {
  VecIntegers bytes;
  for (int row = 0; row < kLanes; row++) bytes[row] = p[row * stride];
  return bytes;
}

}  // namespace arrowsmith

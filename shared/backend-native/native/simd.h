/**
 * @file Vectors of floats, written once for every instruction set: GCC's and Clang's vector extensions compile to AVX-512, AVX2,
 * NEON or SSE by the compiler's flags alone.
 */
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace arrowsmith {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

/** Floats in a vector. */
constexpr int kLanes = kVectorBytes / 4;

/** Floats in a line, which is what caches hold and pass on as one. */
constexpr int64_t kLineFloats = 16;

typedef float Vec __attribute__((vector_size(kVectorBytes)));
/** Their bits. */
typedef uint32_t VecBits __attribute__((vector_size(kVectorBytes)));
/** The same floats in memory, which is viewed as floats and as vectors: the compiler is to expect that. */
typedef float AlignedVec __attribute__((vector_size(kVectorBytes), may_alias));
/** … at an address of any alignment. */
typedef float UnalignedVec __attribute__((vector_size(kVectorBytes), aligned(4), may_alias));

/** x in every lane. (0 + x would not be the same for -0, so that compilers do add; x - 0 is.) */
inline Vec splat(float x) { return x - Vec{}; }
inline Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
/** From a multiple of kVectorBytes. */
inline Vec loadAligned(const float* p) { return *reinterpret_cast<const AlignedVec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }

/**
 * a · b + c, rounded once where the instruction set has that, and otherwise twice: never left to the compiler, which may fuse an expression in one place
 * and not in another.
 */
inline Vec multiplyAdd(Vec a, Vec b, Vec c) {
#if defined(EMULATED_AVX512)
  return a * b + c;
#elif defined(__AVX512F__)
  return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
  return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
  return (Vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

/** Whether {@link storeStreaming} is more than a store. */
#if defined(__AVX2__)
constexpr bool kStreams = true;
#else
constexpr bool kStreams = false;
#endif

/**
 * Stores past the caches, p being a multiple of kVectorBytes. For whole lines that other cores are to read: a core need not fetch
 * lines first that others have in their caches, which takes as long as 100 multiply-adds a line where two groups of cores share no cache.
 */
inline void storeStreaming(float* p, Vec v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
  _mm256_stream_ps(p, (__m256)v);
#else
  store(p, v);
#endif
}

/**
 * Keeps a value in its register. g++ would rather read it from memory again for each of a few uses, of which the processor does one of
 * whole vectors in a cycle.
 */
template <class V>
inline __attribute__((always_inline)) void keepInRegister(V& v) {
#if defined(EMULATED_AVX512)
  if constexpr (sizeof(V) <= 32) asm("" : "+x"(v));
  else asm("" : "+m"(v));  // it has two registers
#elif defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__SSE__)
  asm("" : "+x"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#else
  (void)v;
#endif
}

/** Makes what {@link storeStreaming} has stored visible to other threads before whatever is stored after it. */
inline void completeStreaming() {
#if defined(__AVX2__)
  _mm_sfence();
#endif
}

#if defined(__AVX512F__)
/** The mask of the first `count` of 16 lanes; none of fewer than one, all of more. */
inline __mmask16 firstLanes(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : static_cast<__mmask16>((1u << count) - 1);
}
#elif defined(__AVX2__)
/** All bits of the first `count` of 8 lanes, none of the others. */
inline __m256i firstLanes(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/** The first `count` (0 … kLanes) floats at p, and `rest` in the other lanes. */
inline Vec loadPartial(const float* p, int64_t count, float rest = 0) {
#if defined(__AVX512F__)
  return (Vec)_mm512_mask_loadu_ps((__m512)splat(rest), firstLanes(count), p);
#elif defined(__AVX2__)
  const __m256i mask = firstLanes(count);
  return (Vec)_mm256_blendv_ps((__m256)splat(rest), _mm256_maskload_ps(p, mask), (__m256)mask);
#else
  Vec v = splat(rest);
  std::memcpy(&v, p, static_cast<size_t>(count) * 4);
  return v;
#endif
}

/** Stores the first `count` lanes. */
inline void storePartial(float* p, Vec v, int64_t count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, firstLanes(count), (__m512)v);
#elif defined(__AVX2__)
  _mm256_maskstore_ps(p, firstLanes(count), (__m256)v);
#else
  std::memcpy(p, &v, static_cast<size_t>(count) * 4);
#endif
}

/** The sum of all lanes, always in the same order: halves are added until one lane is left. */
inline float sum(Vec v) {
#if defined(__AVX512F__)
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
#elif defined(__AVX2__)
  const __m256 eight = (__m256)v;
#endif
#if defined(__AVX2__)
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
#else
  float lanes[kLanes];
  std::memcpy(lanes, &v, sizeof v);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  }
  return lanes[0];
#endif
}

/** Four floats. */
typedef float Four __attribute__((vector_size(16)));

/** The {@link sum} of each of four vectors, in the same order, so that each has the bits that it has alone. */
inline Four sumsOfFour(Vec a, Vec b, Vec c, Vec d) {
#if defined(__AVX512F__) && !defined(EMULATED_AVX512)
  const auto halves = [](Vec low, Vec high) {
    const __m512 x = (__m512)low, y = (__m512)high;
    return _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x44), _mm512_shuffle_f32x4(x, y, 0xee));
  };
  const __m512 ab = halves(a, b), cd = halves(c, d);
  const __m512 fours = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
  const __m512 twos = _mm512_add_ps(fours, _mm512_permute_ps(fours, 0x4e));
  const __m512 ones = _mm512_add_ps(twos, _mm512_permute_ps(twos, 0xb1));
  return (Four)_mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, ones));
#else
  return Four{sum(a), sum(b), sum(c), sum(d)};
#endif
}

/** The largest lane; any number where there is a NaN. */
inline float largestLane(Vec v) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps((__m512)v);
#else
  float lanes[kLanes];
  std::memcpy(lanes, &v, sizeof v);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
  }
  return lanes[0];
#endif
}

/** The larger of each lane; a NaN in either wins, so that none is lost on the way to a softmax. */
inline Vec maximum(Vec a, Vec b) {
  const Vec larger = a > b ? a : b;  // b where a is NaN
  return a != a ? a : larger;
}

/** The largest lane; NaN if there is one. */
inline float maximum(Vec v) {
  float largest = v[0];
  for (int i = 1; i < kLanes; i++) largest = (v[i] > largest || v[i] != v[i]) ? v[i] : largest;
  return largest;
}

/**
 * e^x to about one unit in the last place, for x in [−87.3, 88.7]. Cody and Waite's reduction to [−ln 2 / 2, ln 2 / 2], and the minimax
 * polynomial of Cephes' expf.
 */
inline Vec exponentialWithin(Vec x) {
  // Adding and subtracting 1.5 · 2^23 rounds to the nearest integer, which then also stands in the sum's lowest bits.
  const Vec magic = splat(12582912.0f);
  const Vec shifted = x * splat(1.44269504088896341f) + magic;
  const Vec n = shifted - magic;
  Vec r = x - n * splat(0.693359375f);
  r = r - n * splat(-2.12194440e-4f);
  Vec p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * (r * r) + r + splat(1.0f);
  // n is added to the exponent of p, which lies in [0.7, 1.5): p · 2^n, also for n = 128, whose power is no float.
  return reinterpret_cast<Vec>(reinterpret_cast<VecBits>(p) + (reinterpret_cast<VecBits>(shifted) << 23));
}

/** e^x to about one unit in the last place: 0 below −87.3 (no subnormal results), ∞ above 88.7, NaN for NaN. */
inline Vec exponential(Vec x) {
  const Vec low = splat(-87.33654f), high = splat(88.72283f);
  const Vec result = exponentialWithin(x < low ? low : (x > high ? high : x));
  const Vec bounded = x < low ? splat(0.0f) : (x > high ? splat(__builtin_inff()) : result);
  return x != x ? x : bounded;
}

/**
 * ln x of normal numbers, to about one unit in the last place; NaN for NaN and ∞. With x = 2^e m, √½ ≤ m < √2, it is e ln 2 + ln m, of which
 * the series' first terms are exact, and the rest is the polynomial of Cephes' logf.
 */
inline Vec logarithm(Vec x) {
  const VecBits bits = reinterpret_cast<VecBits>(x);
  const VecBits offset = bits - 0x3f3504f3u;  // √½: what is below has the next exponent
  typedef int32_t VecIntegers __attribute__((vector_size(kVectorBytes)));
  const VecIntegers exponent = reinterpret_cast<VecIntegers>(offset) >> 23;
  const Vec e = __builtin_convertvector(exponent, Vec);
  const VecBits mantissa = bits - reinterpret_cast<VecBits>(exponent << 23);
  const Vec f = reinterpret_cast<Vec>(mantissa) - splat(1.0f), square = f * f;
  Vec p = splat(7.0376836292e-2f);
  p = p * f + splat(-1.1514610310e-1f);
  p = p * f + splat(1.1676998740e-1f);
  p = p * f + splat(-1.2420140846e-1f);
  p = p * f + splat(1.4249322787e-1f);
  p = p * f + splat(-1.6668057665e-1f);
  p = p * f + splat(2.0000714765e-1f);
  p = p * f + splat(-2.4999993993e-1f);
  p = p * f + splat(3.3333331174e-1f);
  const Vec small = (p * f * square + e * splat(-2.12194440e-4f)) - square * splat(0.5f);
  return small + f + e * splat(0.693359375f) + (x - x);
}

/** 1 / (1 + e^−x), where that is below 10⁻³⁷ 0; NaN for NaN. */
inline Vec sigmoid(Vec x) {
  const Vec limit = splat(87.0f);
  const Vec power = x > limit ? splat(0.0f) : exponentialWithin(-x);
  const Vec result = x < -limit ? splat(0.0f) : splat(1.0f) / (splat(1.0f) + power);
  return x != x ? x : result;
}

/** tanh x = 1 − 2 / (e^2x + 1); for small |x|, where that cancels, the series x − x³/3 + 2x⁵/15 − 17x⁷/315. */
inline Vec hyperbolicTangent(Vec x) {
  const Vec far = splat(1.0f) - splat(2.0f) / (exponential(x + x) + splat(1.0f));
  const Vec square = x * x;
  Vec series = splat(-17.0f / 315.0f);
  series = series * square + splat(2.0f / 15.0f);
  series = series * square + splat(-1.0f / 3.0f);
  const Vec near = x + x * square * series;
  return square < splat(0.04f) ? near : far;
}

/** All lanes of a vector: what {@link forEachVector} hands to its body. */
struct AllLanes {
  Vec load(const float* p, float = 0) const { return arrowsmith::load(p); }
  void store(float* p, Vec v) const { arrowsmith::store(p, v); }
};

/** The first lanes of a vector; the others load as `rest` and are not stored. */
struct FirstLanes {
  int64_t count;
#if defined(__AVX512F__)
  __mmask16 mask() const { return static_cast<__mmask16>((1u << count) - 1); }
  Vec load(const float* p, float rest = 0) const { return _mm512_mask_loadu_ps(splat(rest), mask(), p); }
  void store(float* p, Vec v) const { _mm512_mask_storeu_ps(p, mask(), v); }
#else
  Vec load(const float* p, float rest = 0) const { return loadPartial(p, count, rest); }
  void store(float* p, Vec v) const { storePartial(p, v, count); }
#endif
};

/** Calls `body(i, lanes)` for the vectors of [begin, end); in the last one `lanes` leaves out what lies beyond the end. */
template <class Body>
inline void forEachVector(int64_t begin, int64_t end, Body&& body) {
  for (; begin + kLanes <= end; begin += kLanes) body(begin, AllLanes{});
  if (begin < end) body(begin, FirstLanes{end - begin});
}

}  // namespace arrowsmith

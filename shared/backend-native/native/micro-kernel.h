/**
 * @file The innermost loops of matrix products: a few rows of C times one panel of columns, whose sums stay in registers while the
 * loop runs over k. After Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
 */
#pragma once
#include "read-next.h"
#include "simd.h"

#if defined(__clang__)
#define ARROWSMITH_UNROLL _Pragma("unroll")
#else
#define ARROWSMITH_UNROLL _Pragma("GCC unroll 16")
#endif

namespace arrowsmith {

/** Rows of C that a micro-kernel computes. */
constexpr int kTileRows = 6;

/** Vectors in a row of a panel: with kTileRows, sums take 24 of 32 registers, or 12 of 16. */
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kPanelVectors = 4;
#else
constexpr int kPanelVectors = 2;
#endif

constexpr int kPanelWidth = kPanelVectors * kLanes;

/** Steps over k for each line that the cache is asked for: about 100 cycles. */
constexpr int64_t kStepsPerLine = 256 / kPanelWidth;

/** Calls `step(p)` for p in [0, count), and now and then asks for what is read next, if that is known. */
template <class Step>
inline __attribute__((always_inline)) void forEachStep(int64_t count, ReadNext* next, Step&& step) {
  int64_t p = 0;
  if (next != nullptr) {
    for (; p + kStepsPerLine <= count; p += kStepsPerLine) {
      next->fetch();
      for (int64_t q = p; q < p + kStepsPerLine; q++) step(q);
    }
  }
  for (; p < count; p++) step(p);
}

/** How the sums of a micro-kernel are stored: with a part of each row's last vector, or past the caches, to multiples of a vector's size. */
enum class Storing { whole, partial, streaming };

/** Where the sums of a micro-kernel go. */
struct SumsTarget {
  float* c;
  /** What is added: like C, or null. */
  const float* addend;
  /** Distance between rows of both. */
  int64_t stride;
  Storing storing;
  /** Lanes of a row's last vector. */
  int lastLanes;
};

/** All lanes, which are stored past the caches. */
struct StreamedLanes {
  Vec load(const float* p) const { return arrowsmith::load(p); }
  void store(float* p, Vec v) const { storeStreaming(p, v); }
};

/** Writes the sums of one micro-kernel to C, with what stands at the addend added. */
template <int M, int V>
inline __attribute__((always_inline)) void storeSums(const Vec (&sums)[M][V], const SumsTarget& target) {
  const auto storeRows = [&](auto lanes, auto lastLanes) __attribute__((always_inline)) {
    float* c = target.c;
    const float* addend = target.addend;
    ARROWSMITH_UNROLL
    for (int i = 0; i < M; i++) {
      if (addend == nullptr) {
        ARROWSMITH_UNROLL
        for (int j = 0; j < V - 1; j++) lanes.store(c + j * kLanes, sums[i][j]);
        lastLanes.store(c + (V - 1) * kLanes, sums[i][V - 1]);
      } else {
        ARROWSMITH_UNROLL
        for (int j = 0; j < V - 1; j++) lanes.store(c + j * kLanes, lanes.load(addend + j * kLanes) + sums[i][j]);
        lastLanes.store(c + (V - 1) * kLanes, lastLanes.load(addend + (V - 1) * kLanes) + sums[i][V - 1]);
        addend += target.stride;
      }
      c += target.stride;
    }
  };
  switch (target.storing) {
    case Storing::whole: return storeRows(AllLanes{}, AllLanes{});
    case Storing::partial: return storeRows(AllLanes{}, FirstLanes{target.lastLanes});
    case Storing::streaming: return storeRows(StreamedLanes{}, StreamedLanes{});
  }
}

/**
 * C[M, ≤ V · kLanes] = Σ_k A[·, k] panel[k, ·] in float32.
 *
 * @param a element (i, k) is at a[i · stride + k] or, if `Columns`, at a[k · stride + i]
 * @param panel kPanelWidth floats for each k
 * @param next what is asked for meanwhile; may be null
 */
template <int M, int V, bool Columns>
inline __attribute__((always_inline)) void microKernel(int64_t k, const float* a, int64_t stride, const float* panel,
                                                       const SumsTarget& target, ReadNext* next) {
  Vec sums[M][V] = {};
  forEachStep(k, next, [&](int64_t p) __attribute__((always_inline)) {
    Vec b[V];
    ARROWSMITH_UNROLL
    for (int j = 0; j < V; j++) {
      b[j] = loadAligned(panel + p * kPanelWidth + j * kLanes);
      keepInRegister(b[j]);
    }
    ARROWSMITH_UNROLL
    for (int i = 0; i < M; i++) {
      const Vec x = splat(Columns ? a[p * stride + i] : a[i * stride + p]);
      ARROWSMITH_UNROLL
      for (int j = 0; j < V; j++) sums[i][j] += x * b[j];
    }
  });
  storeSums<M, V>(sums, target);
}

#if defined(__AVX512BF16__)

/**
 * The same for inputs of bfloat16 in pairs of neighbours in k: every lane adds two products.
 *
 * @param a pair (i, p) is at a[i · strideRow + p]
 * @param panel kPanelWidth pairs for each p
 */
template <int M, int V>
inline __attribute__((always_inline)) void microKernelBf16(int64_t pairs, const uint32_t* a, int64_t strideRow,
                                                           const uint32_t* panel, const SumsTarget& target,
                                                           ReadNext* next) {
  Vec sums[M][V] = {};
  forEachStep(pairs, next, [&](int64_t p) __attribute__((always_inline)) {
    __m512bh b[V];
    ARROWSMITH_UNROLL
    for (int j = 0; j < V; j++) {
      b[j] = (__m512bh)_mm512_load_si512(panel + p * kPanelWidth + j * kLanes);
      keepInRegister(b[j]);
    }
    ARROWSMITH_UNROLL
    for (int i = 0; i < M; i++) {
      const __m512bh x = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[i * strideRow + p]));
      ARROWSMITH_UNROLL
      for (int j = 0; j < V; j++) sums[i][j] = (Vec)_mm512_dpbf16_ps((__m512)sums[i][j], x, b[j]);
    }
  });
  storeSums<M, V>(sums, target);
}

#endif

/** Calls `kernel.run<M, V>()` for m in [1, kTileRows] rows and v in [1, kPanelVectors] vectors. */
template <int V, class Kernel>
inline void withRows(int m, const Kernel& kernel) {
  switch (m) {
    case 1: return kernel.template run<1, V>();
    case 2: return kernel.template run<2, V>();
    case 3: return kernel.template run<3, V>();
    case 4: return kernel.template run<4, V>();
    case 5: return kernel.template run<5, V>();
    default: return kernel.template run<kTileRows, V>();
  }
}

template <class Kernel>
inline void withSize(int m, int v, const Kernel& kernel) {
  switch (v) {
    case 1: return withRows<1>(m, kernel);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 2: return withRows<2>(m, kernel);
    case 3: return withRows<3>(m, kernel);
#endif
    default: return withRows<kPanelVectors>(m, kernel);
  }
}

}  // namespace arrowsmith

#include "block.h"

#include "pack.h"
#include "scratch.h"
#include "streaming.h"

namespace arrowsmith {
namespace {

/** Calls `kernel.run<M, V>()` for each micro-kernel of a block, panel by panel for every kTileRows rows; `kernelAt(row, column)`. */
template <class KernelAt>
void sweep(const BlockTarget& target, KernelAt&& kernelAt) {
  for (int64_t i = 0; i < target.rows; i += kTileRows) {
    const int count = static_cast<int>(std::min<int64_t>(kTileRows, target.rows - i));
    for (int64_t n = target.n0; n < target.n1; n += kPanelWidth) {
      const int width = static_cast<int>(std::min<int64_t>(kPanelWidth, target.n1 - n));
      const int vectors = (width + kLanes - 1) / kLanes;
      withSize(count, vectors, kernelAt(i, n, width - (vectors - 1) * kLanes));
    }
  }
}

/** What a micro-kernel of a block writes, and reads besides. */
struct Sums {
  SumsTarget target;
  ReadNext* next;
  bool asks;

  Sums(const BlockTarget& block, int64_t row, int64_t n, int lastLanes)
      : next(block.next), asks(!block.inCache && !block.streams) {
    const int64_t at = row * block.strideC + (n - block.n0);
    const Storing storing = block.streams ? Storing::streaming : lastLanes == kLanes ? Storing::whole : Storing::partial;
    target = {block.c + at, block.addend == nullptr ? nullptr : block.addend + at, block.strideC, storing, lastLanes};
  }

  /** Asks for where the sums go, so that it comes while they are computed. */
  template <int M, int V>
  void prefetch() const {
    if (!asks) return;
    ARROWSMITH_UNROLL
    for (int i = 0; i < M; i++) {
      ARROWSMITH_UNROLL
      for (int j = 0; j < V * kLanes; j += kLineFloats) __builtin_prefetch(target.c + i * target.stride + j, 1);
    }
  }
};

template <bool Columns>
struct F32Kernel {
  Sums sums;
  int64_t k;
  const float* a;
  int64_t stride;
  const float* panel;

  template <int M, int V>
  void run() const {
    sums.prefetch<M, V>();
    microKernel<M, V, Columns>(k, a, stride, panel, sums.target, sums.next);
  }
};

void sweepRows(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1) {
  const float* panels = static_cast<const float*>(b.data) + k0 * kPanelWidth;
  sweep(target, [&](int64_t i, int64_t n, int lastLanes) {
    return F32Kernel<false>{Sums(target, i, n, lastLanes), k1 - k0, a.data + i * a.stride, a.stride, panels + n * b.k};
  });
}

void sweepStrips(const BlockTarget& target, const float* strips, const PackedB& b, int64_t k0, int64_t k1) {
  const float* panels = static_cast<const float*>(b.data) + k0 * kPanelWidth;
  sweep(target, [&](int64_t i, int64_t n, int lastLanes) {
    return F32Kernel<true>{Sums(target, i, n, lastLanes), k1 - k0, strips + i * (k1 - k0), kTileRows, panels + n * b.k};
  });
}

/** @param a transposed: its columns are rows in memory */
void sweepColumns(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1) {
  const float* panels = static_cast<const float*>(b.data) + k0 * kPanelWidth;
  sweep(target, [&](int64_t i, int64_t n, int lastLanes) {
    return F32Kernel<true>{Sums(target, i, n, lastLanes), k1 - k0, a.data + i, a.stride, panels + n * b.k};
  });
}

#if defined(__AVX512BF16__)

struct Bf16Kernel {
  Sums sums;
  int64_t pairs;
  const uint32_t* a;
  const uint32_t* panel;

  template <int M, int V>
  void run() const {
    sums.prefetch<M, V>();
    microKernelBf16<M, V>(pairs, a, pairs, panel, sums.target, sums.next);
  }
};

void sweepPairs(const BlockTarget& target, const uint32_t* rows, const PackedB& b, int64_t k0, int64_t k1) {
  const int64_t pairs = (k1 - k0 + 1) / 2, panelPairs = (b.k + 1) / 2;
  const uint32_t* panels = static_cast<const uint32_t*>(b.data) + k0 / 2 * kPanelWidth;
  sweep(target, [&](int64_t i, int64_t n, int lastLanes) {
    return Bf16Kernel{Sums(target, i, n, lastLanes), pairs, rows + i * pairs, panels + n * panelPairs};
  });
}

#endif

}  // namespace

bool isWorthPacking(Matrix transposed, int64_t columns) {
  constexpr int64_t kConflictingFloats = 512, kManyPanels = 16;
  return transposed.stride % kConflictingFloats == 0 || columns > kManyPanels * kPanelWidth;
}

namespace {

void multiplyUnfenced(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1) {
  const int64_t k = k1 - k0;
  if (b.precision == Precision::f32 && !a.transposed) return sweepRows(target, a, b, k0, k1);
  if (b.precision == Precision::f32 && !isWorthPacking(a, target.n1 - target.n0)) return sweepColumns(target, a, b, k0, k1);
  void* packed = scratchBytes(Scratch::packedA, packedLeftBytes(b.precision, target.rows, k));
  packLeft(b.precision, a, target.rows, 0, k, k, packed);
#if defined(__AVX512BF16__)
  if (b.precision == Precision::bf16) return sweepPairs(target, static_cast<const uint32_t*>(packed), b, k0, k1);
#endif
  sweepStrips(target, static_cast<const float*>(packed), b, k0, k1);
}

}  // namespace

void multiplyBlock(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1) {
  multiplyUnfenced(target, a, b, k0, k1);
  if (target.streams) completeStreaming();
}

void multiplyInBlocks(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1) {
  const Blocking blocking(b.precision, k1 - k0);
  const bool streams = target.streams && k1 - k0 <= blocking.depth && canStream(target.c, target.strideC, target.n1 - target.n0);
  for (int64_t k = k0; k < k1; k += blocking.depth) {
    for (int64_t n = target.n0; n < target.n1; n += blocking.columns) {
      for (int64_t row = 0; row < target.rows; row += kBlockRows) {
        const int64_t at = row * target.strideC + (n - target.n0);
        const float* const addend = k > k0 ? target.c + at : target.addend == nullptr ? nullptr : target.addend + at;
        const BlockTarget block{std::min(kBlockRows, target.rows - row), n, std::min(target.n1, n + blocking.columns), target.c + at,
                                addend, target.strideC, target.next, target.inCache, streams};
        multiplyBlock(block, part(a, row, k - k0), b, k, std::min(k1, k + blocking.depth));
      }
    }
  }
}

size_t packedLeftBytes(Precision precision, int64_t rows, int64_t k) {
  if (precision == Precision::bf16) return static_cast<size_t>(rows * ((k + 1) / 2) * 4);
  return static_cast<size_t>(pieces(rows, kTileRows) * kTileRows * k) * sizeof(float);
}

void packLeft(Precision precision, Matrix a, int64_t rows, int64_t k0, int64_t k1, int64_t k, void* out) {
#if defined(__AVX512BF16__)
  if (precision == Precision::bf16) return packRowsBf16(a, rows, k0, k1, k, static_cast<uint32_t*>(out));
#endif
  (void)precision;
  packStrips(a, rows, k0, k1, k, static_cast<float*>(out));
}

void multiplyPackedBlock(const BlockTarget& target, const void* packedLeft, int64_t row, const PackedB& b) {
#if defined(__AVX512BF16__)
  if (b.precision == Precision::bf16) {
    return sweepPairs(target, static_cast<const uint32_t*>(packedLeft) + row * ((b.k + 1) / 2), b, 0, b.k);
  }
#endif
  sweepStrips(target, static_cast<const float*>(packedLeft) + row * b.k, b, 0, b.k);
}

}  // namespace arrowsmith

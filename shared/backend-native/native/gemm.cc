#include "gemm.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#if defined(ARROWSMITH_ACCELERATE)
#include <Accelerate/Accelerate.h>
#endif

#include "block.h"
#include "pack.h"
#include "parallel.h"
#include "scratch.h"
#include "streaming.h"
#include "tall-products.h"

namespace arrowsmith {

const int64_t kPanelColumns = kPanelWidth;

namespace {

/** Products of fewer rows go without packing, which would cost more than they do. */
constexpr int64_t kFewRows = 6;
/** Rows from which on products Aᵀ B are worth packing layer by layer. */
constexpr int64_t kTallDepth = 1536;

/** C[m, n] for few rows, straight from B's rows: a dot product for each element. */
void multiplyFewRows(int64_t m, int64_t n, int64_t k, const float* a, int64_t strideA, const float* b, int64_t strideB,
                     float* c, const float* addend, int64_t strideC) {
  const int64_t columns = std::max<int64_t>(8, kWorthSharing / (m * k));
  parallelRanges(n, columns, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; j++) {
      const float* column = b + j * strideB;
      for (int64_t i = 0; i < m; i++) {
        const float* row = a + i * strideA;
        Vec sums[4] = {};
        int64_t p = 0;
        for (; p + 4 * kLanes <= k; p += 4 * kLanes) {
          for (int q = 0; q < 4; q++) sums[q] += load(row + p + q * kLanes) * load(column + p + q * kLanes);
        }
        for (; p + kLanes <= k; p += kLanes) sums[0] += load(row + p) * load(column + p);
        if (p < k) sums[1] += loadPartial(row + p, k - p) * loadPartial(column + p, k - p);
        const float dot = sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
        c[i * strideC + j] = addend != nullptr ? addend[i * strideC + j] + dot : dot;
      }
    }
  });
}

}  // namespace

bool hasBf16() {
#if defined(__AVX512BF16__)
  return true;
#else
  return false;
#endif
}

size_t packedBytes(Precision precision, int64_t k, int64_t n) {
  const int64_t columns = pieces(n, kPanelWidth) * kPanelWidth;
  return static_cast<size_t>(available(precision) == Precision::bf16 ? (k + 1) / 2 * columns * 4 : k * columns * 4);
}

namespace {

/** Packs B on all threads. */
void packOnAllThreads(const PackedB& packed, Matrix b) {
  // Pieces that are contiguous in memory: rows of B, or where it is transposed, its columns.
  constexpr int64_t kPieceFloats = 1 << 15;
  const int64_t panels = pieces(packed.n, kPanelWidth);
  if (b.transposed) {
    parallelRanges(panels, std::max<int64_t>(1, kPieceFloats / (packed.k * kPanelWidth)),
                   [&](int64_t first, int64_t last) { packPanels(packed, b, 0, packed.k, first, last, Readers::allThreads); });
  } else {
    parallelRanges(packed.k, std::max<int64_t>(2, kPieceFloats / packed.n / 2 * 2),
                   [&](int64_t k0, int64_t k1) { packPanels(packed, b, k0, k1, 0, panels, Readers::allThreads); });
  }
}

}  // namespace

void pack(const PackedB& packed, Matrix b) {
  packPanels(packed, b, 0, packed.k, 0, pieces(packed.n, kPanelWidth), Readers::thisThread);
}

void multiplyPacked(int64_t m, Matrix a, const PackedB& b, int64_t k0, int64_t k1, int64_t n0, int64_t n1, float* c,
                    int64_t strideC, bool accumulate) {
  multiplyInBlocks({m, n0, n1, c, accumulate ? c : nullptr, strideC}, a, b, k0, k1);
}

namespace {

/** C = A B + addend on all threads; rows of the addend are as far apart as those of C. */
void gemmPacked(int64_t m, Matrix a, const PackedB& b, float* c, int64_t strideC, const Epilogue& epilogue) {
  const Blocking blocking(b.precision, b.k);
  const int64_t fair = pieces(m, 4 * threads());
  const int64_t rows = evenPiece(std::max(kLeastBlockRows, std::min(kBlockRows, fair)), kBlockRows, kTileRows);
  const int64_t down = pieces(m, rows);
  const int64_t wide = pieces(2 * threads(), down);  // cuts of the columns that it takes to give every thread two blocks
  const int64_t columns = evenPiece(b.n, std::min(blocking.columns, pieces(b.n, wide)), kPanelWidth);
  const int64_t across = pieces(b.n, columns), layer = down * across;

  struct Place {
    int64_t row, n, k;
  };
  const auto placeOf = [&](int64_t index) -> Place {
    return {index % down * rows, index % layer / down * columns, index / layer * blocking.depth};
  };
  const int64_t blocks = pieces(b.k, blocking.depth) * layer;

  // All blocks of one part of k come before those of the next, and down the rows before across: a thread's blocks in succession have
  // the same part of B, which its cache then has. A block adds to C when the one of the part of k before it has.
  std::vector<std::atomic<int64_t>> done(static_cast<size_t>(layer));
  needForBlocks(b.precision, b.k);
  parallelFor(blocks, [&](int64_t index) {
    const auto [row, n, k] = placeOf(index);
    const int64_t depth = index / layer;
    std::atomic<int64_t>& progress = done[static_cast<size_t>(index % layer)];
    waitUntil([&] { return progress.load(std::memory_order_acquire) == depth; });
    const int64_t at = row * strideC + n, lastRow = std::min(m, row + rows), lastColumn = std::min(b.n, n + columns);
    const float* const addend = depth > 0 ? c + at : epilogue.addend == nullptr ? nullptr : epilogue.addend + at;
    BlockTarget target{lastRow - row, n, lastColumn, c + at, addend, strideC};
    target.streams = epilogue.streams && m * b.n >= kStreamedFloats && b.k <= blocking.depth && canStream(c, strideC, b.n);
    ReadNext next;
    if (const int64_t following = index + threads(); following < blocks) {
      const Place place = placeOf(following);
      const int64_t nextRows = std::min(rows, m - place.row), columns = std::min(blocking.depth, b.k - place.k);
      const float* const first = part(a, place.row, place.k).data;
      next.add(first, a.stride, a.transposed ? columns : nextRows, a.transposed ? nextRows : columns);
      target.next = &next;
    }
    multiplyBlock(target, part(a, row, k), b, k, std::min(b.k, k + blocking.depth));
    if (k + blocking.depth >= b.k && epilogue.whenComplete) epilogue.whenComplete({row, lastRow, n, lastColumn});
    progress.store(depth + 1, std::memory_order_release);
  });
}

}  // namespace

SharedB::SharedB(Precision precision, int64_t k, int64_t n, Matrix b, Scratch memory) : packed_{}, matrix_(b) {
  const Precision used = available(precision);
#if defined(ARROWSMITH_ACCELERATE)
  packed_ = {used, k, n, nullptr};
  (void)memory;
#else
  packed_ = {used, k, n, scratchBytes(memory, packedBytes(used, k, n))};
  packOnAllThreads(packed_, b);
#endif
}

void SharedB::multiply(int64_t m, Matrix a, float* c, int64_t strideC, bool accumulate) const {
  if (packed_.data == nullptr) return gemm(packed_.precision, m, packed_.n, packed_.k, a, matrix_, c, strideC, accumulate);
  gemmPacked(m, a, packed_, c, strideC, {accumulate ? c : nullptr});
}

namespace {

/** C = A B + addend. @return whether the epilogue has been called for all of C */
bool gemmAdding(Precision precision, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t strideC,
                const Epilogue& epilogue) {
  const float* const addend = epilogue.addend;
  // For products that can add to C only.
  const auto addToC = [&] {
    if (addend == nullptr || addend == c) return;
    for (int64_t i = 0; i < m; i++) std::memcpy(c + i * strideC, addend + i * strideC, static_cast<size_t>(n) * sizeof(float));
  };
  if (k == 0) {
    addToC();
    for (int64_t i = 0; i < m && addend == nullptr; i++) std::memset(c + i * strideC, 0, static_cast<size_t>(n) * sizeof(float));
    return false;
  }
  if (m < kFewRows && b.transposed && !a.transposed) {
    multiplyFewRows(m, n, k, a.data, a.stride, b.data, b.stride, c, addend, strideC);
    return false;
  }
  const bool small = m * n * k < kWorthSharing;
#if defined(ARROWSMITH_ACCELERATE)
  // Apple's library reaches the processor's matrix units, which no instruction set of ours does.
  if (!small) {
    addToC();
    const auto transposition = [](Matrix matrix) { return matrix.transposed ? CblasTrans : CblasNoTrans; };
    cblas_sgemm(CblasRowMajor, transposition(a), transposition(b), static_cast<int>(m), static_cast<int>(n),
                static_cast<int>(k), 1, a.data, static_cast<int>(a.stride), b.data, static_cast<int>(b.stride),
                addend != nullptr ? 1 : 0, c, static_cast<int>(strideC));
    return false;
  }
#else
  if (a.transposed && !b.transposed && k >= kTallDepth) {
    addToC();
    const TallProduct product{m, a.data, a.stride, c, strideC, addend != nullptr};
    multiplyTall(precision, k, n, b.data, b.stride, &product, 1);
    return false;
  }
#endif
  const PackedB packed{available(precision), k, n, scratchBytes(Scratch::packedB, packedBytes(precision, k, n))};
  if (small) {
    addToC();
    pack(packed, b);
    multiplyPacked(m, a, packed, 0, k, 0, n, c, strideC, addend != nullptr);
    return false;
  }
  packOnAllThreads(packed, b);
  gemmPacked(m, a, packed, c, strideC, epilogue);
  return true;
}

}  // namespace

void gemm(Precision precision, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t strideC,
          bool accumulate) {
  if (m > 0 && n > 0) gemmAdding(precision, m, n, k, a, b, c, strideC, {accumulate ? c : nullptr});
}

void gemm(Precision precision, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, const Epilogue& epilogue) {
  if (m == 0 || n == 0 || gemmAdding(precision, m, n, k, a, b, c, n, epilogue) || !epilogue.whenComplete) return;
  constexpr int64_t kRegionFloats = 16384;
  parallelRanges(m, std::max<int64_t>(1, kRegionFloats / n),
                 [&](int64_t row0, int64_t row1) { epilogue.whenComplete({row0, row1, 0, n}); });
}

void gemmBatched(Precision precision, bool transposeA, bool transposeB, int64_t count, int64_t m, int64_t n, int64_t k,
                 const float* a, int64_t distanceA, const float* b, int64_t distanceB, float* c) {
  const auto one = [&](int64_t i) {
    gemm(precision, m, n, k, Matrix{a + i * distanceA, transposeA ? m : k, transposeA},
         Matrix{b + i * distanceB, transposeB ? k : n, transposeB}, c + i * m * n, n, false);
  };
  if (count >= 2 * threads()) {
    needOfPieces([&] { one(0); });
    parallelFor(count, one);
  } else {
    for (int64_t i = 0; i < count; i++) one(i);
  }
}

}  // namespace arrowsmith

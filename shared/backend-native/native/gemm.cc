#include "gemm.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#if defined(ARROWSMITH_ACCELERATE)
#include <Accelerate/Accelerate.h>
#endif

#include "micro-kernel.h"
#include "pack.h"
#include "parallel.h"
#include "scratch.h"

namespace arrowsmith {

const int64_t kPanelColumns = kPanelWidth;

namespace {

/** Length of the sums that a micro-kernel adds up before it goes on to the next columns: its part of A stays in the first cache. */
constexpr int64_t kDepth = 384;
/** Bytes of panels that one block of rows sweeps again and again: about half of a second-level cache. */
constexpr int64_t kPanelGroupBytes = 512 * 1024;
/** Rows of C in a block, at most: what is packed of A for it stays in the second-level cache, too. */
constexpr int64_t kBlockRows = 96;
/** … and at least, for the sake of many threads. */
constexpr int64_t kLeastBlockRows = 24;
/** Products of fewer rows go without packing, which would cost more than they do. */
constexpr int64_t kFewRows = 6;
/** Multiplications that are worth waking another thread for. */
constexpr int64_t kWorthSharing = 1 << 17;

struct F32Kernel {
  int64_t k;
  const float* a;
  int64_t strideRow;
  const float* panel;
  float* c;
  int64_t strideC;
  bool accumulate;
  int lastLanes;

  template <int M, int V>
  void run() const {
    microKernel<M, V, false>(k, a, strideRow, panel, c, strideC, accumulate, lastLanes);
  }
};

struct F32StripKernel : F32Kernel {
  template <int M, int V>
  void run() const {
    microKernel<M, V, true>(k, a, strideRow, panel, c, strideC, accumulate, lastLanes);
  }
};

#if defined(__AVX512BF16__)
struct Bf16Kernel {
  int64_t pairs;
  const uint32_t* a;
  int64_t strideRow;
  const uint32_t* panel;
  float* c;
  int64_t strideC;
  bool accumulate;
  int lastLanes;

  template <int M, int V>
  void run() const {
    microKernelBf16<M, V>(pairs, a, strideRow, panel, c, strideC, accumulate, lastLanes);
  }
};
#endif

/** Rounds a length up to a multiple of `unit`, of the fewest pieces of at most `limit`. */
int64_t evenPiece(int64_t length, int64_t limit, int64_t unit) {
  const int64_t piece = pieces(length, pieces(length, limit));
  return (piece + unit - 1) / unit * unit;
}

int64_t elementBytes(const PackedB& b) { return b.precision == Precision::bf16 ? 2 : 4; }

/** How a product is cut into blocks: kDepth bytes' worth of k at a time, and as many columns as stay in the cache with that. */
struct Blocking {
  int64_t depth, columns;

  Blocking(const PackedB& b, int64_t k) {
    depth = evenPiece(k, kDepth * 4 / elementBytes(b), 2);
    columns = std::max<int64_t>(1, kPanelGroupBytes / (depth * kPanelWidth * elementBytes(b))) * kPanelWidth;
  }
};

/** One block of a product: rows of A, and a part of B that stays in the cache while the rows go by. */
struct Block {
  int64_t rows;
  Matrix a;
  int64_t k0, k1, n0, n1;
  float* c;
  int64_t strideC;
  bool accumulate;

  /** Calls `kernel(i, n, rows, vectors, lastLanes)` for each micro-kernel: panel by panel for every kTileRows rows. */
  template <class Body>
  void sweep(Body&& body) const {
    for (int64_t i = 0; i < rows; i += kTileRows) {
      const int count = static_cast<int>(std::min<int64_t>(kTileRows, rows - i));
      for (int64_t n = n0; n < n1; n += kPanelWidth) {
        const int width = static_cast<int>(std::min<int64_t>(kPanelWidth, n1 - n));
        const int vectors = (width + kLanes - 1) / kLanes;
        body(i, n, count, vectors, width - (vectors - 1) * kLanes);
      }
    }
  }
};

void multiplyBlockF32(const Block& block, const PackedB& b) {
  const int64_t k = block.k1 - block.k0;
  const float* panels = static_cast<const float*>(b.data) + block.k0 * kPanelWidth;
  const float* strips = nullptr;
  if (block.a.transposed) {
    float* packed = scratchFloats(Scratch::packedA, (block.rows + kTileRows) * k + kLanes);
    packStrips(block.a, 0, block.rows, 0, k, packed);
    strips = packed;
  }
  block.sweep([&](int64_t i, int64_t n, int count, int vectors, int lastLanes) {
    const float* panel = panels + n / kPanelWidth * b.k * kPanelWidth;
    float* c = block.c + i * block.strideC + (n - block.n0);
    if (strips != nullptr) {
      withSize(count, vectors,
               F32StripKernel{{k, strips + i * k, 0, panel, c, block.strideC, block.accumulate, lastLanes}});
    } else {
      const float* a = block.a.data + i * block.a.stride;
      withSize(count, vectors, F32Kernel{k, a, block.a.stride, panel, c, block.strideC, block.accumulate, lastLanes});
    }
  });
}

#if defined(__AVX512BF16__)
void multiplyBlockBf16(const Block& block, const PackedB& b) {
  const int64_t k = block.k1 - block.k0, pairs = (k + 1) / 2, panelPairs = (b.k + 1) / 2;
  const uint32_t* panels = static_cast<const uint32_t*>(b.data) + block.k0 / 2 * kPanelWidth;
  uint32_t* rounded = static_cast<uint32_t*>(scratchBytes(Scratch::packedA, static_cast<size_t>(block.rows * pairs * 4)));
  packRowsBf16(block.a, 0, block.rows, 0, k, rounded);
  block.sweep([&](int64_t i, int64_t n, int count, int vectors, int lastLanes) {
    withSize(count, vectors,
             Bf16Kernel{pairs, rounded + i * pairs, pairs, panels + n / kPanelWidth * panelPairs * kPanelWidth,
                        block.c + i * block.strideC + (n - block.n0), block.strideC, block.accumulate, lastLanes});
  });
}
#endif

void multiplyBlock(const Block& block, const PackedB& b) {
#if defined(__AVX512BF16__)
  if (b.precision == Precision::bf16) return multiplyBlockBf16(block, b);
#endif
  multiplyBlockF32(block, b);
}

/** The part of A from a row and a column on. */
Matrix part(Matrix a, int64_t row, int64_t column) {
  return {a.data + (a.transposed ? column * a.stride + row : row * a.stride + column), a.stride, a.transposed};
}

Precision available(Precision precision) { return hasBf16() ? precision : Precision::f32; }

/** C[m, n] for few rows, straight from B's rows: a dot product for each element. */
void multiplyFewRows(int64_t m, int64_t n, int64_t k, const float* a, int64_t strideA, const float* b, int64_t strideB,
                     float* c, int64_t strideC, bool accumulate) {
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
        float& element = c[i * strideC + j];
        element = accumulate ? element + dot : dot;
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

/** Packs rows [k0, k1) of panels [firstPanel, lastPanel). */
void packPart(const PackedB& packed, Matrix b, int64_t k0, int64_t k1, int64_t firstPanel, int64_t lastPanel) {
  for (int64_t panel = firstPanel; panel < lastPanel; panel++) {
#if defined(__AVX512BF16__)
    if (packed.precision == Precision::bf16) {
      uint32_t* out = static_cast<uint32_t*>(packed.data) + panel * ((packed.k + 1) / 2) * kPanelWidth;
      packPanelBf16(b, k0, k1, packed.n, panel * kPanelWidth, out);
      continue;
    }
#endif
    float* out = static_cast<float*>(packed.data) + panel * packed.k * kPanelWidth;
    packPanel(b, k0, k1, packed.n, panel * kPanelWidth, out);
  }
}

/** Packs B on all threads. */
void packOnAllThreads(const PackedB& packed, Matrix b) {
  // Pieces that are contiguous in memory: rows of B, or where it is transposed, its columns.
  constexpr int64_t kPieceFloats = 1 << 15;
  const int64_t panels = pieces(packed.n, kPanelWidth);
  if (b.transposed) {
    parallelRanges(panels, std::max<int64_t>(1, kPieceFloats / (packed.k * kPanelWidth)),
                   [&](int64_t first, int64_t last) { packPart(packed, b, 0, packed.k, first, last); });
  } else {
    parallelRanges(packed.k, std::max<int64_t>(2, kPieceFloats / packed.n / 2 * 2),
                   [&](int64_t k0, int64_t k1) { packPart(packed, b, k0, k1, 0, panels); });
  }
}

}  // namespace

void pack(const PackedB& packed, Matrix b) { packPart(packed, b, 0, packed.k, 0, pieces(packed.n, kPanelWidth)); }

void multiplyPacked(int64_t m, Matrix a, const PackedB& b, int64_t k0, int64_t k1, int64_t n0, int64_t n1, float* c,
                    int64_t strideC, bool accumulate) {
  const Blocking blocking(b, k1 - k0);
  for (int64_t k = k0; k < k1; k += blocking.depth) {
    for (int64_t n = n0; n < n1; n += blocking.columns) {
      for (int64_t row = 0; row < m; row += kBlockRows) {
        multiplyBlock({std::min(kBlockRows, m - row), part(a, row, k - k0), k, std::min(k1, k + blocking.depth), n,
                       std::min(n1, n + blocking.columns), c + row * strideC + (n - n0), strideC, accumulate || k > k0},
                      b);
      }
    }
  }
}

namespace {

/** C = A B, or C += A B, on all threads. */
void gemmPacked(int64_t m, Matrix a, const PackedB& b, float* c, int64_t strideC, bool accumulate) {
  const Blocking blocking(b, b.k);
  const int64_t fair = pieces(m, 4 * threads());
  const int64_t rows = evenPiece(std::max(kLeastBlockRows, std::min(kBlockRows, fair)), kBlockRows, kTileRows);
  const int64_t down = pieces(m, rows);
  const int64_t wide = pieces(2 * threads(), down);  // cuts of the columns that it takes to give every thread two blocks
  const int64_t columns = evenPiece(b.n, std::min(blocking.columns, pieces(b.n, wide)), kPanelWidth);
  const int64_t across = pieces(b.n, columns), layer = down * across;

  // All blocks of one part of k come before those of the next, and down the rows before across: a thread's blocks in succession have
  // the same part of B, which its cache then has. A block adds to C when the one of the part of k before it has.
  std::vector<std::atomic<int64_t>> done(static_cast<size_t>(layer));
  parallelFor(pieces(b.k, blocking.depth) * layer, [&](int64_t index) {
    const int64_t depth = index / layer, n = index % layer / down * columns, row = index % down * rows;
    const int64_t k = depth * blocking.depth;
    std::atomic<int64_t>& progress = done[static_cast<size_t>(index % layer)];
    while (progress.load(std::memory_order_acquire) != depth) std::this_thread::yield();
    multiplyBlock({std::min(rows, m - row), part(a, row, k), k, std::min(b.k, k + blocking.depth), n,
                   std::min(b.n, n + columns), c + row * strideC + n, strideC, accumulate || depth > 0},
                  b);
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
  gemmPacked(m, a, packed_, c, strideC, accumulate);
}

void gemm(Precision precision, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t strideC,
          bool accumulate) {
  if (k == 0 && !accumulate) {
    for (int64_t i = 0; i < m; i++) std::memset(c + i * strideC, 0, static_cast<size_t>(n) * sizeof(float));
  }
  if (m == 0 || n == 0 || k == 0) return;
  if (m < kFewRows && b.transposed && !a.transposed) {
    return multiplyFewRows(m, n, k, a.data, a.stride, b.data, b.stride, c, strideC, accumulate);
  }
#if defined(ARROWSMITH_ACCELERATE)
  // Apple's library reaches the processor's matrix units, which no instruction set of ours does.
  if (m * n * k >= kWorthSharing) {
    const auto transposition = [](Matrix matrix) { return matrix.transposed ? CblasTrans : CblasNoTrans; };
    cblas_sgemm(CblasRowMajor, transposition(a), transposition(b), static_cast<int>(m), static_cast<int>(n),
                static_cast<int>(k), 1, a.data, static_cast<int>(a.stride), b.data, static_cast<int>(b.stride),
                accumulate ? 1 : 0, c, static_cast<int>(strideC));
    return;
  }
#endif
  const PackedB packed{available(precision), k, n, scratchBytes(Scratch::packedB, packedBytes(precision, k, n))};
  if (m * n * k < kWorthSharing) {
    pack(packed, b);
    return multiplyPacked(m, a, packed, 0, k, 0, n, c, strideC, accumulate);
  }
  packOnAllThreads(packed, b);
  gemmPacked(m, a, packed, c, strideC, accumulate);
}

void gemmBatched(Precision precision, bool transposeA, bool transposeB, int64_t count, int64_t m, int64_t n, int64_t k,
                 const float* a, int64_t distanceA, const float* b, int64_t distanceB, float* c) {
  const auto one = [&](int64_t i) {
    gemm(precision, m, n, k, Matrix{a + i * distanceA, transposeA ? m : k, transposeA},
         Matrix{b + i * distanceB, transposeB ? k : n, transposeB}, c + i * m * n, n, false);
  };
  if (count >= 2 * threads()) {
    parallelFor(count, one);
  } else {
    for (int64_t i = 0; i < count; i++) one(i);
  }
}

}  // namespace arrowsmith

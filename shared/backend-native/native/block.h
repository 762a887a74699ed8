/**
 * @file One block of a matrix product: some rows of A times a part of B that stays in the caches while the rows go by. What products are
 * made of, however they are cut into blocks.
 */
#pragma once
#include <algorithm>
#include <cstdint>

#include "dry-run.h"
#include "gemm.h"
#include "micro-kernel.h"
#include "parallel.h"
#include "read-next.h"

namespace arrowsmith {

/** Length of the sums that a micro-kernel adds up before it goes on to the next columns: its part of A, 24 KB, stays in the first cache. */
constexpr int64_t kDepth = 1024;
/**
 * Bytes of panels that one block of rows sweeps again and again. More than a second-level cache holds: panels are read in order, which
 * the processor foresees, so that they may come from the third, while each further group of them reads all of A again.
 */
constexpr int64_t kPanelGroupBytes = 2 * 1024 * 1024;
/** Rows of C in a block, at most: what is packed of A for it stays in the second-level cache, too. */
constexpr int64_t kBlockRows = 96;
/** … and at least, for the sake of many threads. */
constexpr int64_t kLeastBlockRows = 24;
/** Multiplications that are worth waking another thread for. */
constexpr int64_t kWorthSharing = 1 << 17;

/** Rounds a length up to a multiple of `unit`, of the fewest pieces of at most `limit`. */
inline int64_t evenPiece(int64_t length, int64_t limit, int64_t unit) {
  const int64_t piece = pieces(length, pieces(length, limit));
  return (piece + unit - 1) / unit * unit;
}

inline int64_t elementBytes(Precision precision) { return precision == Precision::bf16 ? 2 : 4; }

/** How a product is cut into blocks: a part of k at a time, and as many columns as make a group of panels with that. */
struct Blocking {
  int64_t depth, columns;

  /**
   * @param most the part of k at most, for float32; elements of half the size are twice as many
   * @param unit what `depth` is a multiple of
   */
  Blocking(Precision precision, int64_t k, int64_t most = kDepth, int64_t unit = 2) {
    depth = evenPiece(k, most * 4 / elementBytes(precision), unit);
    columns = std::max<int64_t>(1, kPanelGroupBytes / (depth * kPanelWidth * elementBytes(precision))) * kPanelWidth;
  }
};

/** Where a block's products go: C[rows, n1 − n0], for columns [n0, n1) of B; n0 is a multiple of kPanelWidth. */
struct BlockTarget {
  int64_t rows, n0, n1;
  float* c;
  /** What is added to the products: a matrix like C, C itself, or null for nothing. */
  const float* addend;
  /** Distance between rows of both. */
  int64_t strideC;
  /** What is read after this block, if that is known. */
  ReadNext* next = nullptr;
  /** Whether C is in the cache already, so that nothing need ask for it. */
  bool inCache = false;
  /** Whether C is stored past the caches: for complete sums, where {@link canStream} says so. */
  bool streams = false;
};


/** The part of A from a row and a column on. */
inline Matrix part(Matrix a, int64_t row, int64_t column) {
  return {a.data + (a.transposed ? column * a.stride + row : row * a.stride + column), a.stride, a.transposed};
}

/**
 * Whether a transposed A of float32 is better packed than read where it is, for a B of so many columns: where its rows in memory are a
 * multiple of 2 KiB apart, and so compete for few places in the caches, or where each element is read many times.
 */
bool isWorthPacking(Matrix transposed, int64_t columns);

/** C = A[rows, k1 − k0] B[k0 … k1, n0 … n1] + addend on the calling thread; k0 is even. */
void multiplyBlock(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1);

/** The same for any sizes: in parts that the caches hold. */
void multiplyInBlocks(const BlockTarget& target, Matrix a, const PackedB& b, int64_t k0, int64_t k1);

/** Bytes that {@link packLeft} takes for `rows` rows of A with k columns. */
size_t packedLeftBytes(Precision precision, int64_t rows, int64_t k);

/** Says that pieces of work multiply blocks of an A with k columns, which may have to be packed. */
inline void needForBlocks(Precision precision, int64_t k) {
  needOnEachThread(Scratch::packedA, packedLeftBytes(precision, kBlockRows, std::min(k, kDepth * 4 / elementBytes(precision))));
}

/**
 * Packs columns [k0, k1) of A[rows, k] for {@link multiplyPackedBlock}, as part of a packed matrix of depth k. Parts may be packed at once;
 * they begin at multiples of 32.
 */
void packLeft(Precision precision, Matrix a, int64_t rows, int64_t k0, int64_t k1, int64_t k, void* out);

/**
 * C = A B + addend for a packed A of the depth of B, from its row `row` on, which is a multiple of kTileRows, on the calling
 * thread.
 */
void multiplyPackedBlock(const BlockTarget& target, const void* packedLeft, int64_t row, const PackedB& b);

/** bf16 where this build has it. */
inline Precision available(Precision precision) { return hasBf16() ? precision : Precision::f32; }

}  // namespace arrowsmith

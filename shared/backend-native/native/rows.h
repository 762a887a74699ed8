/** @file What kernels that go through a matrix row by row have in common: how rows are cut into pieces of work, and their sums. */
#pragma once
#include <algorithm>
#include <cstdint>

#include "parallel.h"
#include "simd.h"

namespace arrowsmith {

/** Floats in a piece of work on rows. */
constexpr int64_t kRowPieceFloats = 16384;
/** Each piece of a sum over rows leaves a whole row of partial sums, which costs about as much as a row of its work. */
constexpr int64_t kLeastSummedRows = 32;

/** A shorter row costs about as much as one of so many floats. */
constexpr int64_t kLeastRowFloats = 64;

/** Rows of d floats in a piece of work. */
inline int64_t rowsPerPiece(int64_t d) { return std::max<int64_t>(1, kRowPieceFloats / std::max(kLeastRowFloats, d)); }

/** … in one that leaves partial sums over its rows. */
inline int64_t summedRowsPerPiece(int64_t d) { return std::max(kLeastSummedRows, rowsPerPiece(d)); }

/**
 * Asks for `columns` floats of some rows that will be read soon, and need not exist. Few columns of rows that lie far apart are what the
 * processor does not foresee by itself.
 */
inline void prefetchRows(const float* first, int64_t stride, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t j = 0; j < columns; j += kLineFloats) __builtin_prefetch(first + row * stride + j);
  }
}

/** The sum over [0, d) of `term(i, lanes)`, 0 in lanes beyond d. Four sums, so that none waits for the other. */
template <class Term>
float sumOf(int64_t d, Term&& term) {
  constexpr int kSums = 4;
  Vec sums[kSums] = {};
  int64_t i = 0;
  for (; i + kSums * kLanes <= d; i += kSums * kLanes) {
    for (int k = 0; k < kSums; k++) sums[k] += term(i + k * kLanes, AllLanes{});
  }
  forEachVector(i, d, [&](int64_t j, auto lanes) { sums[0] += term(j, lanes); });
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/** {@link sumOf} / d. */
template <class Term>
float meanOf(int64_t d, Term&& term) {
  return sumOf(d, term) / static_cast<float>(d);
}

/** total[d] = the sum of the rows of partials[parts, d], in their order. */
inline void sumParts(int64_t parts, int64_t d, const float* partials, float* total) {
  // Few parts: one piece. Many parts of a wide row: ranges of columns.
  const int64_t columns = std::max<int64_t>(kLanes, kRowPieceFloats / std::max<int64_t>(1, parts));
  parallelRanges(d, columns, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end, [&](int64_t j, auto lanes) {
      Vec sum = splat(0);
      for (int64_t part = 0; part < parts; part++) sum += lanes.load(partials + part * d + j);
      lanes.store(total + j, sum);
    });
  });
}

}  // namespace arrowsmith

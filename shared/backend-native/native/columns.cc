/** @file The columns of a matrix: their means, factors and addends for each, and the gradients of these. */
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** sums[d] = the sum over rows of `term(i, lanes)`, for i from where a row begins to where it ends in memory. */
template <class Term>
void sumColumns(int64_t n, int64_t d, float* sums, Term&& term) {
  const int64_t rows = summedRowsPerPiece(d), parts = pieces(n, rows);
  float* partials = scratchFloats(Scratch::partials, parts * d);  // [parts, d]
  parallelRanges(n, rows, [&](int64_t begin, int64_t end) {
    float* part = partials + begin / rows * d;
    std::fill(part, part + d, 0.0f);
    for (int64_t row = begin; row < end; row++) {
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(part + j, lanes.load(part + j) + term(row * d + j, lanes)); });
    }
  });
  sumParts(parts, d, partials, sums);
}

}  // namespace

void addToColumns(int64_t n, int64_t d, const float* x, const float* addends, float* y) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(y + row * d + j, lanes.load(x + row * d + j) + lanes.load(addends + j)); });
    }
  });
}

void columnSums(int64_t n, int64_t d, const float* x, float* sums) {
  sumColumns(n, d, sums, [&](int64_t i, auto lanes) { return lanes.load(x + i); });
}

void columnMeans(int64_t n, int64_t d, const float* x, float* means) {
  sumColumns(n, d, means, [&](int64_t i, auto lanes) { return lanes.load(x + i); });
  for (int64_t j = 0; j < d; j++) means[j] /= static_cast<float>(n);
}

void columnMeansGradient(int64_t n, int64_t d, const float* dMeans, float* dX) {
  const Vec share = splat(1 / static_cast<float>(n));
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(dX + row * d + j, lanes.load(dMeans + j) * share); });
    }
  });
}

void scaleColumns(int64_t n, int64_t d, const float* x, const float* factors, float* y) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(y + row * d + j, lanes.load(x + row * d + j) * lanes.load(factors + j)); });
    }
  });
}

void columnProducts(int64_t n, int64_t d, const float* a, const float* b, float* products) {
  sumColumns(n, d, products, [&](int64_t i, auto lanes) { return lanes.load(a + i) * lanes.load(b + i); });
}

}  // namespace arrowsmith

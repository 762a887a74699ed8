/** @file Sums of several matrices with coefficients of each row's own, and the products of their rows. */
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

int64_t rowsPerPiece(int64_t d) { return std::max<int64_t>(1, kPieceFloats / std::max<int64_t>(1, d)); }

float dot(int64_t d, const float* a, const float* b) {
  Vec total = splat(0);
  forEachVector(0, d, [&](int64_t j, auto lanes) { total += lanes.load(a + j) * lanes.load(b + j); });
  return sum(total);
}

}  // namespace

void mixRows(int64_t n, int64_t d, int64_t inputs, int64_t outputs, int64_t rowStride, int64_t inputStride, int64_t outputStride,
             const float* coefficients, const float* const* xs, float* const* ys) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* own = coefficients + row * rowStride;
      for (int64_t i = 0; i < outputs; i++) {
        forEachVector(0, d, [&](int64_t k, auto lanes) {
          Vec total = splat(0);
          for (int64_t j = 0; j < inputs; j++) {
            total += lanes.load(xs[j] + row * d + k) * splat(own[i * outputStride + j * inputStride]);
          }
          lanes.store(ys[i] + row * d + k, total);
        });
      }
    }
  });
}

void rowProducts(int64_t n, int64_t d, int64_t as, int64_t bs, const float* const* a, const float* const* b, float* products) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      for (int64_t i = 0; i < as; i++) {
        for (int64_t j = 0; j < bs; j++) products[(row * as + i) * bs + j] = dot(d, a[i] + row * d, b[j] + row * d);
      }
    }
  });
}

}  // namespace arrowsmith

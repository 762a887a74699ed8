/** @file Products with a factor for each position of a sequence. */
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

}  // namespace

void scalePositions(int64_t rows, int64_t s, int64_t d, const float* x, const float* factors, float* y) {
  parallelRanges(rows, std::max<int64_t>(1, kPieceFloats / d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const Vec factor = splat(factors[row % s]);
      forEachVector(row * d, (row + 1) * d, [&](int64_t i, auto lanes) { lanes.store(y + i, lanes.load(x + i) * factor); });
    }
  });
}

}  // namespace arrowsmith

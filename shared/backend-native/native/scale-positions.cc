/** @file Products with a factor for each position of a sequence. */
#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {

void scalePositions(int64_t rows, int64_t s, int64_t d, const float* x, const float* factors, float* y) {
  parallelRanges(rows, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const Vec factor = splat(factors[row % s]);
      forEachVector(row * d, (row + 1) * d, [&](int64_t i, auto lanes) { lanes.store(y + i, lanes.load(x + i) * factor); });
    }
  });
}

}  // namespace arrowsmith

/** @file Matrices whose rows are scaled to the root mean square of another matrix's. */
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {
namespace {

float meanSquare(int64_t d, const float* x) {
  return meanOf(d, [&](int64_t k, auto lanes) {
    const Vec v = lanes.load(x + k);
    return v * v;
  });
}

}  // namespace

void matchMagnitudes(int64_t n, int64_t d, int64_t count, float least, const float* other, const float* const* xs, float* const* ys) {
  parallelRanges(n, rowsPerPiece(d * (count + 1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float wanted = meanSquare(d, other + row * d);
      for (int64_t i = 0; i < count; i++) {
        const float* from = xs[i] + row * d;
        float* to = ys[i] + row * d;
        const Vec ratio = splat(std::sqrt(wanted / std::max(meanSquare(d, from), least)));
        forEachVector(0, d, [&](int64_t k, auto lanes) { lanes.store(to + k, ratio * lanes.load(from + k)); });
      }
    }
  });
}

void matchMagnitudesGradient(int64_t n, int64_t d, int64_t count, float least, const float* const* dYs, const float* other,
                             const float* const* xs, float* dOther, float* const* dXs) {
  const float size = static_cast<float>(d);
  parallelRanges(n, rowsPerPiece(d * (2 * count + 1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* wantedRow = other + row * d;
      const float wanted = meanSquare(d, wantedRow);
      float byOther = 0;
      for (int64_t i = 0; i < count; i++) {
        const float *from = xs[i] + row * d, *gradient = dYs[i] + row * d;
        float* to = dXs[i] + row * d;
        const float own = meanSquare(d, from), divisor = std::max(own, least), ratio = std::sqrt(wanted / divisor);
        const float product = sumOf(d, [&](int64_t k, auto lanes) { return lanes.load(gradient + k) * lanes.load(from + k); });
        // y = r x with r = √(wanted / divisor): dr / dwanted = 1 / (2 r divisor), dr / ddivisor = −r / (2 divisor).
        if (ratio > 0) byOther += product / (ratio * divisor * size);
        const Vec byOwn = splat(own >= least ? ratio * product / (divisor * size) : 0), factor = splat(ratio);
        forEachVector(0, d, [&](int64_t k, auto lanes) {
          lanes.store(to + k, factor * lanes.load(gradient + k) - byOwn * lanes.load(from + k));
        });
      }
      const Vec factor = splat(byOther);
      forEachVector(0, d, [&](int64_t k, auto lanes) { lanes.store(dOther + row * d + k, factor * lanes.load(wantedRow + k)); });
    }
  });
}

}  // namespace arrowsmith

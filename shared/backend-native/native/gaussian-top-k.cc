/** @file The statistical top-k of Gemma 3n (after "Spark Transformer", https://arxiv.org/abs/2506.06644), and its gradient. */
#include <cmath>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {

void gaussianTopK(int64_t n, int64_t d, const float* x, float deviations, float* y, float* means, float* standardDeviations) {
  const float share = 1 / static_cast<float>(d);
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      float* out = y + row * d;
      const float mean = sumOf(d, [&](int64_t j, auto lanes) { return lanes.load(in + j); }) * share;
      const float squares = sumOf(d, [&](int64_t j, auto lanes) {
        const Vec centered = lanes.load(in + j, mean) - splat(mean);
        return centered * centered;
      });
      means[row] = mean;
      standardDeviations[row] = std::sqrt(squares * share);
      const Vec cutOff = splat(mean + deviations * standardDeviations[row]), zero = splat(0);
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        const Vec above = lanes.load(in + j) - cutOff;
        lanes.store(out + j, above < zero ? zero : above);  // NaN stays
      });
    }
  });
}

void gaussianTopKGradient(int64_t n, int64_t d, const float* dY, const float* x, float deviations, const float* means,
                          const float* standardDeviations, float* dX) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      const float* gradient = dY + row * d;
      float* out = dX + row * d;
      const float mean = means[row], deviation = standardDeviations[row];
      const Vec cutOff = splat(mean + deviations * deviation);
      // Of what is cut off to 0, NaN apart, nothing passes.
      const auto passed = [&](int64_t j, auto lanes) {
        return lanes.load(in + j) <= cutOff ? splat(0) : lanes.load(gradient + j);
      };
      // d cutOff / dx = (1 + deviations (x − mean) / deviation) / d; of equal numbers the deviation has no slope.
      const float total = sumOf(d, [&](int64_t j, auto lanes) { return passed(j, lanes); }) / static_cast<float>(d);
      const float slope = deviation > 0 ? deviations / deviation : 0;
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        const Vec byCutOff = splat(1) + (lanes.load(in + j) - splat(mean)) * splat(slope);
        lanes.store(out + j, passed(j, lanes) - splat(total) * byCutOff);
      });
    }
  });
}

}  // namespace arrowsmith

/** @file Layer normalisation without bias (Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450), and its gradient. */
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {

void layerNorm(int64_t n, int64_t d, const float* x, const float* weight, float epsilon, float* y, float* means,
               float* inverseDeviations) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      float* out = y + row * d;
      const float mean = meanOf(d, [&](int64_t j, auto lanes) { return lanes.load(in + j); });
      const float variance = meanOf(d, [&](int64_t j, auto lanes) {
        const Vec centered = lanes.load(in + j, mean) - splat(mean);
        return centered * centered;
      });
      const float inverse = 1 / std::sqrt(variance + epsilon);
      means[row] = mean;
      inverseDeviations[row] = inverse;
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        lanes.store(out + j, (lanes.load(in + j) - splat(mean)) * splat(inverse) * lanes.load(weight + j));
      });
    }
  });
}

void layerNormGradient(int64_t n, int64_t d, const float* dY, const float* x, const float* weight, const float* means,
                       const float* inverseDeviations, float* dX, float* dWeight) {
  const int64_t rows = summedRowsPerPiece(d);
  const int64_t parts = pieces(n, rows);
  float* partials = scratchFloats(Scratch::partials, parts * d);  // [parts, d]
  parallelRanges(n, rows, [&](int64_t begin, int64_t end) {
    float* dWeightPart = partials + begin / rows * d;
    std::fill(dWeightPart, dWeightPart + d, 0.0f);
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      const float* gradient = dY + row * d;
      float* out = dX + row * d;
      const float mean = means[row], inverse = inverseDeviations[row];
      const auto normed = [&](int64_t j, auto lanes) { return (lanes.load(in + j) - splat(mean)) * splat(inverse); };
      // With x̂ the normed row and g = weight · dY: dX = inverse · (g − mean(g) − x̂ · mean(g · x̂)); dWeight = Σ dY · x̂ over rows.
      const float shift = meanOf(d, [&](int64_t j, auto lanes) { return lanes.load(gradient + j) * lanes.load(weight + j); });
      const float slope = meanOf(d, [&](int64_t j, auto lanes) {
        return lanes.load(gradient + j) * lanes.load(weight + j) * normed(j, lanes);
      });
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        const Vec g = lanes.load(gradient + j), v = normed(j, lanes);
        lanes.store(dWeightPart + j, lanes.load(dWeightPart + j) + g * v);
        lanes.store(out + j, (g * lanes.load(weight + j) - splat(shift) - v * splat(slope)) * splat(inverse));
      });
    }
  });
  sumParts(parts, d, partials, dWeight);
}

}  // namespace arrowsmith

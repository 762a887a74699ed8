/** @file RMSNorm (Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467) and its gradient. */
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"
#include "streaming.h"

namespace arrowsmith {

void rmsNorm(int64_t n, int64_t d, const float* x, const float* weight, float epsilon, float* y, float* inverseRms) {
  const StreamingStore storeY(y, n, d);
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      float* out = y + row * d;
      const float squares = sumOf(d, [&](int64_t j, auto lanes) {
        const Vec v = lanes.load(in + j);
        return v * v;
      });
      const float inverse = 1 / std::sqrt(squares / static_cast<float>(d) + epsilon);
      inverseRms[row] = inverse;
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        storeY(out + j, lanes.load(in + j) * splat(inverse) * lanes.load(weight + j), lanes);
      });
    }
    completeStreaming();
  });
}

void rmsNormGradient(int64_t n, int64_t d, const float* dY, const float* x, const float* weight,
                     const float* inverseRms, const float* dResidual, float* dX, float* dWeight) {
  const int64_t rows = summedRowsPerPiece(d);
  const int64_t parts = pieces(n, rows);
  float* partials = scratchFloats(Scratch::partials, parts * d);  // [parts, d]
  const StreamingStore storeDX(dX, n, d);
  parallelRanges(n, rows, [&](int64_t begin, int64_t end) {
    float* dWeightPart = partials + begin / rows * d;
    std::fill(dWeightPart, dWeightPart + d, 0.0f);
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      const float* gradient = dY + row * d;
      float* out = dX + row * d;
      const float inverse = inverseRms[row];
      const float product = sumOf(d, [&](int64_t j, auto lanes) {
        return lanes.load(gradient + j) * lanes.load(weight + j) * lanes.load(in + j);
      });
      // With r = inverseRms: dX = r · weight · dY − x · r³ / d · Σ weight · dY · x; dWeight = Σ dY · x · r over rows.
      const float share = product / static_cast<float>(d) * inverse * inverse;
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        const Vec g = lanes.load(gradient + j) * splat(inverse);
        const Vec v = lanes.load(in + j);
        lanes.store(dWeightPart + j, lanes.load(dWeightPart + j) + g * v);
        const Vec dIn = g * lanes.load(weight + j) - v * splat(share * inverse);
        storeDX(out + j, dResidual == nullptr ? dIn : dIn + lanes.load(dResidual + row * d + j), lanes);
      });
    }
    completeStreaming();
  });
  sumParts(parts, d, partials, dWeight);
}

}  // namespace arrowsmith

/** @file The sum of two matrices whose rows have a vector for each layer, taken apart by layer. */
#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {

void sumLayerSlices(int64_t n, int64_t layers, int64_t p, const float* a, float factorA, const float* b, float factorB,
                    float* const* ys) {
  parallelRanges(n, rowsPerPiece(layers * p), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      for (int64_t layer = 0; layer < layers; layer++) {
        const int64_t at = (row * layers + layer) * p;
        float* to = ys[layer] + row * p;
        forEachVector(0, p, [&](int64_t k, auto lanes) {
          lanes.store(to + k, lanes.load(a + at + k) * splat(factorA) + lanes.load(b + at + k) * splat(factorB));
        });
      }
    }
  });
}

void sumLayerSlicesGradient(int64_t n, int64_t layers, int64_t p, const float* const* dYs, float factorA, float factorB, float* dA,
                            float* dB) {
  parallelRanges(n, rowsPerPiece(layers * p), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      for (int64_t layer = 0; layer < layers; layer++) {
        const int64_t at = (row * layers + layer) * p;
        const float* from = dYs[layer] + row * p;
        forEachVector(0, p, [&](int64_t k, auto lanes) {
          const Vec gradient = lanes.load(from + k);
          lanes.store(dA + at + k, gradient * splat(factorA));
          lanes.store(dB + at + k, gradient * splat(factorB));
        });
      }
    }
  });
}

}  // namespace arrowsmith

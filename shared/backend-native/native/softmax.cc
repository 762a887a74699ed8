/** @file The softmax of rows, of a router's logits say, and its gradient. */
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

int64_t rowsPerPiece(int64_t d) { return std::max<int64_t>(1, kPieceFloats / d); }

}  // namespace

void softmax(int64_t n, int64_t d, const float* x, float* y) {
  const float low = -__builtin_inff();
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      float* out = y + row * d;
      Vec largest = splat(low), total{};
      forEachVector(0, d, [&](int64_t j, auto lanes) { largest = maximum(largest, lanes.load(in + j, low)); });
      const Vec top = splat(maximum(largest));
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        const Vec power = exponential(lanes.load(in + j, low) - top);
        total += power;
        lanes.store(out + j, power);
      });
      const Vec factor = splat(1 / sum(total));
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(out + j, lanes.load(out + j) * factor); });
    }
  });
}

void softmaxGradient(int64_t n, int64_t d, const float* dY, const float* y, float* dX) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* gradient = dY + row * d;
      const float* value = y + row * d;
      float* out = dX + row * d;
      Vec products{};
      forEachVector(0, d, [&](int64_t j, auto lanes) { products += lanes.load(gradient + j) * lanes.load(value + j); });
      const Vec mean = splat(sum(products));
      forEachVector(0, d, [&](int64_t j, auto lanes) {
        lanes.store(out + j, lanes.load(value + j) * (lanes.load(gradient + j) - mean));
      });
    }
  });
}

}  // namespace arrowsmith

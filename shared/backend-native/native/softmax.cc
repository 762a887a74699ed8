/** @file The softmax of rows, of a router's logits say, the logarithm of its denominator, and division by the sum; and their gradients. */
#include <cmath>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {

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

void logSumExp(int64_t n, int64_t d, const float* x, float* y) {
  const float low = -__builtin_inff();
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      Vec largest = splat(low);
      forEachVector(0, d, [&](int64_t j, auto lanes) { largest = maximum(largest, lanes.load(in + j, low)); });
      const float top = maximum(largest);
      Vec total{};
      forEachVector(0, d, [&](int64_t j, auto lanes) { total += exponential(lanes.load(in + j, low) - splat(top)); });
      y[row] = top + std::log(sum(total));
    }
  });
}

void logSumExpGradient(int64_t n, int64_t d, const float* dY, const float* x, const float* y, float* dX) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      float* out = dX + row * d;
      const Vec gradient = splat(dY[row]), whole = splat(y[row]);
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(out + j, gradient * exponential(lanes.load(in + j) - whole)); });
    }
  });
}

void normalizeSum(int64_t n, int64_t d, const float* x, float* y, float* sums) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * d;
      float* out = y + row * d;
      sums[row] = sumOf(d, [&](int64_t j, auto lanes) { return lanes.load(in + j); });
      const Vec whole = splat(sums[row]);
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(out + j, lanes.load(in + j) / whole); });
    }
  });
}

void normalizeSumGradient(int64_t n, int64_t d, const float* dY, const float* y, const float* sums, float* dX) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* gradient = dY + row * d;
      const float* value = y + row * d;
      float* out = dX + row * d;
      const float product = sumOf(d, [&](int64_t j, auto lanes) { return lanes.load(gradient + j) * lanes.load(value + j); });
      const Vec mean = splat(product), whole = splat(sums[row]);
      forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(out + j, (lanes.load(gradient + j) - mean) / whole); });
    }
  });
}

}  // namespace arrowsmith

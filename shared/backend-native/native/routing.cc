/**
 * @file Routing of tokens to experts: the choice of experts, and the ways of rows to them and back (Lepikhin et al., "GShard", 2020,
 * https://arxiv.org/abs/2006.16668).
 */
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Whether a comes before b: NaN is larger than all numbers, as in PyTorch, and never equal values swap. */
bool isLarger(float a, float b) { return a > b || (std::isnan(a) && !std::isnan(b)); }

/** y = x · factor. */
void scaledRow(int64_t d, const float* x, float factor, float* y) {
  forEachVector(0, d, [&](int64_t i, auto lanes) { lanes.store(y + i, lanes.load(x + i) * splat(factor)); });
}

}  // namespace

void topK(int64_t n, int64_t experts, int64_t k, const float* x, float* values, int32_t* indices) {
  parallelRanges(n, rowsPerPiece(experts), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* in = x + row * experts;
      float* best = values + row * k;
      int32_t* at = indices + row * k;
      int64_t found = 0;
      for (int64_t j = 0; j < experts; j++) {
        if (found == k && !isLarger(in[j], best[k - 1])) continue;
        int64_t place = found < k ? found++ : k - 1;
        for (; place > 0 && isLarger(in[j], best[place - 1]); place--) {
          best[place] = best[place - 1];
          at[place] = at[place - 1];
        }
        best[place] = in[j];
        at[place] = static_cast<int32_t>(j);
      }
    }
  });
}

void topKGradient(int64_t n, int64_t experts, int64_t k, const float* dValues, const int32_t* indices, float* dX) {
  parallelRanges(n, rowsPerPiece(experts), [&](int64_t begin, int64_t end) {
    std::fill(dX + begin * experts, dX + end * experts, 0.0f);
    for (int64_t i = begin * k; i < end * k; i++) dX[i / k * experts + indices[i]] += dValues[i];
  });
}

void dispatch(int64_t n, int64_t k, int64_t d, const int32_t* slots, const float* weights, const float* x, float* y) {
  parallelRanges(n, rowsPerPiece(k * d), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * k; i < end * k; i++) {
      const float* from = x + i / k * d;
      float* to = y + slots[i] * d;
      if (weights == nullptr) {
        std::memcpy(to, from, static_cast<size_t>(d) * sizeof(float));
      } else {
        scaledRow(d, from, weights[i], to);
      }
    }
  });
}

void combine(int64_t n, int64_t k, int64_t d, const int32_t* slots, const float* weights, const float* x, float* y) {
  parallelRanges(n, rowsPerPiece(k * d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int32_t* at = slots + row * k;
      const float* factors = weights + row * k;  // not read where there are none
      forEachVector(0, d, [&](int64_t i, auto lanes) {
        Vec total = splat(0);
        for (int64_t j = 0; j < k; j++) {
          const Vec value = lanes.load(x + at[j] * d + i);
          total += weights == nullptr ? value : value * splat(factors[j]);
        }
        lanes.store(y + row * d + i, total);
      });
    }
  });
}

void slotProducts(int64_t n, int64_t k, int64_t d, const int32_t* slots, const float* a, const float* b, float* products) {
  parallelRanges(n, rowsPerPiece(k * d), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * k; i < end * k; i++) {
      const float* left = a + i / k * d;
      const float* right = b + slots[i] * d;
      Vec total{};
      forEachVector(0, d, [&](int64_t j, auto lanes) { total += lanes.load(left + j) * lanes.load(right + j); });
      products[i] = sum(total);
    }
  });
}

}  // namespace arrowsmith

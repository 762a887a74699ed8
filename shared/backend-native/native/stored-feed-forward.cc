/** @file Gated feed-forward networks with matrices as they are stored. */
#include <algorithm>

#include "gated-activation.h"
#include "kernels.h"
#include "parallel.h"
#include "quantized-rows.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** Rows that go through together: their inner features are kept until the last product. */
constexpr int64_t kRowsTogether = 512;

/** hidden = activation(gate) · hidden for a part of matrices [n, f]; its first output is a multiple of kLanes. */
template <class Function>
void activate(Function function, const ProductPart& part, int64_t f, const float* gate, float* hidden) {
  for (int64_t row = part.row0; row < part.row1; row++) {
    forEachVector(part.out0, part.out1, [&](int64_t j, auto lanes) {
      const int64_t at = row * f + j;
      Vec activated = function.value(lanes.load(gate + at));
      keepInRegister(activated);
      lanes.store(hidden + at, activated * lanes.load(hidden + at));
    });
  }
}

}  // namespace

void storedGatedFeedForward(Activation activation, int64_t n, const float* x, const StoredFeedForward& weights, const float* residual,
                            float* y, InputPrecision inputs) {
  const int64_t f = weights.gate.rows, d = weights.gate.columns, most = std::min(n, kRowsTogether);
  float* const gate = scratchFloats(Scratch::features, 2 * most * f);
  float* const hidden = gate + most * f;
  for (int64_t first = 0; first < n; first += kRowsTogether) {
    const int64_t rows = std::min(kRowsTogether, n - first);
    StoredProduct both[] = {{weights.gate, rows, x + first * d, nullptr, gate, inputs}, {weights.up, rows, x + first * d, nullptr, hidden, inputs}};
    const QuantizedInputs quantized(both, 2);
    const StoredProduct &gates = both[0], &ups = both[1];
    const ProductCut cut(rows, weights.gate, 2);
    needForProduct(gates);
    needForProduct(ups);
    withActivation(activation, [&](auto function) {
      shareWork(2 * workOf(gates), cut.parts(), [&](int64_t index) {
        const ProductPart part = cut.part(index, rows, f);
        multiplyPart(gates, part);
        multiplyPart(ups, part);
        activate(function, part, f, gate, hidden);
      });
    });
    StoredProduct down{weights.down, rows, hidden, residual == nullptr ? nullptr : residual + first * d, y + first * d, inputs};
    multiplyStored(&down, 1);
  }
}

}  // namespace arrowsmith

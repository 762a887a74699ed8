/**
 * @file Gated feed-forward networks. What is between the products is done on parts of them that are still in the cache, and the activated
 * hidden features, which are cheaper to compute again than to keep, exist only while they are needed.
 */
#include "gated-activation.h"
#include "tall-products.h"

namespace arrowsmith {
namespace {

/** Calls `body(i, lanes)` for the vectors of a region of a matrix with f columns. */
template <class Body>
void forEachVectorOf(const Region& region, int64_t f, Body&& body) {
  for (int64_t row = region.row0; row < region.row1; row++) {
    forEachVector(row * f + region.column0, row * f + region.column1, body);
  }
}

}  // namespace

void gatedFeedForward(Precision precision, const FeedForwardShape& shape, const float* x, const FeedForwardWeights& weights,
                      const float* residual, float* gate, float* up, float* hidden, float* y) {
  const auto [activation, n, d, f] = shape;
  gemm(precision, n, f, d, {x, d, false}, {weights.gate, d, true}, gate, f, false);
  withActivation(activation, [&, f = f, n = n, d = d](auto function) {
    const auto activate = [&](const Region& region) {
      forEachVectorOf(region, f, [&](int64_t i, auto lanes) {
        lanes.store(hidden + i, function.value(lanes.load(gate + i)) * lanes.load(up + i));
      });
    };
    gemm(precision, n, f, d, {x, d, false}, {weights.up, d, true}, up, {nullptr, activate});
  });
  gemm(precision, n, d, f, {hidden, f, false}, {weights.down, f, true}, y, {residual, nullptr});
}

void gatedFeedForwardGradient(Precision precision, const FeedForwardShape& shape, const float* dY, const float* x,
                              const FeedForwardWeights& weights, float* gate, float* up, float* memory, float* dX,
                              const FeedForwardGradients& gradients) {
  const auto [activation, n, d, f] = shape;
  float* const dGate = memory;
  // Each element of gate and up is read for the last time just before what takes its place is written.
  float* const hidden = gate;
  float* const dUp = up;
  withActivation(activation, [&, f = f, n = n, d = d](auto function) {
    const auto differentiate = [&](const Region& region) {
      forEachVectorOf(region, f, [&](int64_t i, auto lanes) {
        const Vec dHidden = lanes.load(dGate + i), linear = lanes.load(up + i);
        const Activated activated = function.valueAndSlope(lanes.load(gate + i));
        lanes.store(dGate + i, dHidden * linear * activated.slope);
        lanes.store(dUp + i, dHidden * activated.value);
        lanes.store(hidden + i, activated.value * linear);
      });
    };
    gemm(precision, n, f, d, {dY, d, false}, {weights.down, f, false}, dGate, {nullptr, differentiate});
  });
  const TallProduct down{d, dY, d, gradients.down, f, false};
  multiplyTall(precision, n, f, hidden, f, &down, 1);
  const LinearLayer layers[] = {{f, dGate, weights.gate, gradients.gate}, {f, dUp, weights.up, gradients.up}};
  linearGradients(precision, n, d, x, layers, 2, dX);
}

}  // namespace arrowsmith

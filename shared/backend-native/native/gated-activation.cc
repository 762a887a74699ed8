/** @file Gated activations: SwiGLU and GeGLU (Shazeer 2020, https://arxiv.org/abs/2002.05202), and their gradients. */
#include "gated-activation.h"

#include "parallel.h"

namespace arrowsmith {
namespace {

/** Elements in a piece of work. */
constexpr int64_t kPieceElements = 8192;

}  // namespace

void gatedActivation(Activation activation, int64_t count, const float* gate, const float* up, float* y) {
  withActivation(activation, [&](auto function) {
    parallelRanges(count, kPieceElements, [&](int64_t begin, int64_t end) {
      forEachVector(begin, end, [&](int64_t i, auto lanes) {
        lanes.store(y + i, function.value(lanes.load(gate + i)) * lanes.load(up + i));
      });
    });
  });
}

void gatedActivationGradient(Activation activation, int64_t count, const float* dY, const float* gate, const float* up,
                             float* dGate, float* dUp) {
  withActivation(activation, [&](auto function) {
    parallelRanges(count, kPieceElements, [&](int64_t begin, int64_t end) {
      forEachVector(begin, end, [&](int64_t i, auto lanes) {
        const Vec gradient = lanes.load(dY + i);
        const Activated activated = function.valueAndSlope(lanes.load(gate + i));
        const Vec dGateVector = gradient * lanes.load(up + i) * activated.slope;
        lanes.store(dGate + i, dGateVector);
        lanes.store(dUp + i, gradient * activated.value);
      });
    });
  });
}

}  // namespace arrowsmith

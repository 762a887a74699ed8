/** @file Gated activations: SwiGLU and GeGLU (Shazeer 2020, https://arxiv.org/abs/2002.05202), and their gradients. */
#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Elements in a piece of work. */
constexpr int64_t kPieceElements = 8192;

/** 2 √(2/π), and the cubic term's share of it. */
constexpr float kGeluLinear = 1.5957691216057308f;
constexpr float kGeluCubic = kGeluLinear * 0.044715f;

/** An activation's value and slope. */
struct Activated {
  Vec value, slope;
};

/** g σ(g), with the slope σ (1 + g (1 − σ)). */
struct Silu {
  static Vec value(Vec gate) { return gate * sigmoid(gate); }

  static Activated valueAndSlope(Vec gate) {
    const Vec s = sigmoid(gate);
    const Vec value = gate * s;
    return {value, s + value * (splat(1) - s)};
  }
};

/** g/2 (1 + tanh u) = g σ(2u), where 2u = 2 √(2/π) (g + 0.044715 g³). */
struct GeluTanh {
  static Vec value(Vec gate) { return gate * sigmoid(gate * (splat(kGeluLinear) + splat(kGeluCubic) * gate * gate)); }

  /** The slope is σ + g (1 − σ) σ · 2u′. */
  static Activated valueAndSlope(Vec gate) {
    // Beyond ±11 σ is 0 or 1, and so is the slope; the polynomials of large gates would be infinite, and 0 · ∞ is NaN.
    const Vec limit = splat(11);
    const Vec g = gate < -limit ? -limit : (gate > limit ? limit : gate);
    const Vec square = g * g;
    const Vec s = sigmoid(g * (splat(kGeluLinear) + splat(kGeluCubic) * square));
    const Vec inner = splat(kGeluLinear) + splat(3 * kGeluCubic) * square;
    return {gate * s, s + g * inner * (s * (splat(1) - s))};
  }
};

template <class Function>
void forward(int64_t count, const float* gate, const float* up, float* y) {
  parallelRanges(count, kPieceElements, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end, [&](int64_t i, auto lanes) {
      lanes.store(y + i, Function::value(lanes.load(gate + i)) * lanes.load(up + i));
    });
  });
}

template <class Function>
void backward(int64_t count, const float* dY, const float* gate, const float* up, float* dGate, float* dUp) {
  parallelRanges(count, kPieceElements, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end, [&](int64_t i, auto lanes) {
      const Vec gradient = lanes.load(dY + i);
      const Activated activated = Function::valueAndSlope(lanes.load(gate + i));
      const Vec dGateVector = gradient * lanes.load(up + i) * activated.slope;
      lanes.store(dGate + i, dGateVector);
      lanes.store(dUp + i, gradient * activated.value);
    });
  });
}

}  // namespace

void gatedActivation(Activation activation, int64_t count, const float* gate, const float* up, float* y) {
  return activation == Activation::silu ? forward<Silu>(count, gate, up, y) : forward<GeluTanh>(count, gate, up, y);
}

void gatedActivationGradient(Activation activation, int64_t count, const float* dY, const float* gate, const float* up,
                             float* dGate, float* dUp) {
  return activation == Activation::silu ? backward<Silu>(count, dY, gate, up, dGate, dUp)
                                        : backward<GeluTanh>(count, dY, gate, up, dGate, dUp);
}

}  // namespace arrowsmith

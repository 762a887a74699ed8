/** @file The functions of gated activations, on vectors. */
#pragma once
#include "kernels.h"
#include "simd.h"

namespace arrowsmith {

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

/** Calls `body` with the activation's functions. */
template <class Body>
auto withActivation(Activation activation, Body&& body) {
  return activation == Activation::silu ? body(Silu{}) : body(GeluTanh{});
}

}  // namespace arrowsmith

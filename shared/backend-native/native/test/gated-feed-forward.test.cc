/** @file Tests of gated feed-forward networks against the layers that they consist of. */
#include <memory>
#include <vector>

#include "../kernels.h"
#include "../simd.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Sums as in the tests of linear layers, three of them after each other. */
constexpr double kTolerance = 2e-5;

// No multiple of anything, few rows, and more than a layer of the tall products; blocks of rows, of whole lines and in parts.
const FeedForwardShape kShapes[] = {{Activation::silu, 1, 1, 1},      {Activation::geluTanh, 2, 5, 3},
                                    {Activation::silu, 7, 33, 20},    {Activation::geluTanh, 37, 48, 129},
                                    {Activation::silu, 130, 65, 300}, {Activation::geluTanh, 1601, 17, 40},
                                    {Activation::geluTanh, 515, 24, 64},  {Activation::silu, 520, 7, 1090},
                                    {Activation::silu, 1030, 24, 1024},   {Activation::silu, 1030, 1024, 24}};

struct Case {
  FeedForwardShape shape;
  std::vector<float> x, gateWeight, upWeight, downWeight, residual, dY;

  explicit Case(const FeedForwardShape& s)
      : shape(s),
        x(randomFloats(s.n * s.d, 1)),
        gateWeight(randomFloats(s.f * s.d, 2)),
        upWeight(randomFloats(s.f * s.d, 3)),
        downWeight(randomFloats(s.d * s.f, 4)),
        residual(randomFloats(s.n * s.d, 5)),
        dY(randomFloats(s.n * s.d, 6)) {}

  FeedForwardWeights weights() const { return {gateWeight.data(), upWeight.data(), downWeight.data()}; }
  size_t inner() const { return static_cast<size_t>(shape.n * shape.f); }
};

struct Result {
  std::vector<float> y, dX, dGate, dUp, dDown;

  std::vector<float> all() const {
    std::vector<float> joined;
    for (const auto* part : {&y, &dX, &dGate, &dUp, &dDown}) joined.insert(joined.end(), part->begin(), part->end());
    return joined;
  }
};

Result compute(Precision precision, const Case& c, bool hasResidual = true) {
  AlignedFloats gate(c.inner(), kNaN), up(c.inner(), kNaN), memory(c.inner(), kNaN), y(c.x.size(), kNaN);
  Result r{{}, std::vector<float>(c.x.size(), kNaN), std::vector<float>(c.gateWeight.size(), kNaN),
           std::vector<float>(c.upWeight.size(), kNaN), std::vector<float>(c.downWeight.size(), kNaN)};
  gatedFeedForward(precision, c.shape, c.x.data(), c.weights(), hasResidual ? c.residual.data() : nullptr, gate.data(), up.data(),
                   y.data());
  r.y.assign(y.data(), y.data() + c.x.size());
  gatedFeedForwardGradient(precision, c.shape, c.dY.data(), c.x.data(), c.weights(), gate.data(), up.data(), memory.data(),
                           r.dX.data(), {r.dGate.data(), r.dUp.data(), r.dDown.data()});
  return r;
}

/** The same by linear layers and a gated activation, each a kernel of its own. */
Result layerByLayer(Precision precision, const Case& c) {
  const auto [activation, n, d, f] = c.shape;
  std::vector<float> gate(c.inner()), up(c.inner()), hidden(c.inner()), dHidden(c.inner()), dGate(c.inner()), dUp(c.inner());
  Result r{std::vector<float>(c.x.size()), std::vector<float>(c.x.size()), std::vector<float>(c.gateWeight.size()),
           std::vector<float>(c.upWeight.size()), std::vector<float>(c.downWeight.size())};
  linear(precision, n, d, f, c.x.data(), c.gateWeight.data(), nullptr, gate.data());
  linear(precision, n, d, f, c.x.data(), c.upWeight.data(), nullptr, up.data());
  gatedActivation(activation, n * f, gate.data(), up.data(), hidden.data());
  linear(precision, n, f, d, hidden.data(), c.downWeight.data(), nullptr, r.y.data());
  for (size_t i = 0; i < r.y.size(); i++) r.y[i] += c.residual[i];

  const LinearLayer down{d, c.dY.data(), c.downWeight.data(), r.dDown.data()};
  linearGradients(precision, n, f, hidden.data(), &down, 1, dHidden.data());
  gatedActivationGradient(activation, n * f, dHidden.data(), gate.data(), up.data(), dGate.data(), dUp.data());
  const LinearLayer layers[] = {{f, dGate.data(), c.gateWeight.data(), r.dGate.data()},
                                {f, dUp.data(), c.upWeight.data(), r.dUp.data()}};
  linearGradients(precision, n, d, c.x.data(), layers, 2, r.dX.data());
  return r;
}

}  // namespace

TEST("a gated feed-forward network is its layers one after the other, forward and backward") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const FeedForwardShape& shape : kShapes) {
      const Case c(shape);
      const Result actual = compute(precision, c), expected = layerByLayer(precision, c);
      CHECK_CLOSE(actual.y, toDoubles(expected.y), kTolerance);
      CHECK_CLOSE(actual.dX, toDoubles(expected.dX), kTolerance);
      CHECK_CLOSE(actual.dGate, toDoubles(expected.dGate), kTolerance);
      CHECK_CLOSE(actual.dUp, toDoubles(expected.dUp), kTolerance);
      CHECK_CLOSE(actual.dDown, toDoubles(expected.dDown), kTolerance);
    }
  }
}

TEST("without a residual nothing is added") {
  Case c(kShapes[3]);
  const std::vector<float> alone = compute(Precision::f32, c, false).y;
  std::fill(c.residual.begin(), c.residual.end(), 0.0f);
  CHECK_CLOSE(alone, toDoubles(compute(Precision::f32, c).y), 1e-6);
}

TEST("feed-forward networks give the same bits on any number of threads") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const FeedForwardShape& shape : {kShapes[3], kShapes[4], kShapes[5], kShapes[6]}) {
      CHECK_SAME_FOR_ANY_THREADS([&] { return compute(precision, Case(shape)).all(); });
    }
  }
}

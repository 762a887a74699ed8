/** @file Tests of SwiGLU and GeGLU. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

const int64_t kCounts[] = {1, 3, 17, 64, 288, 8193, 20000};
const Activation kActivations[] = {Activation::silu, Activation::geluTanh};

double naive(Activation activation, double gate) {
  if (activation == Activation::silu) return gate / (1 + std::exp(-gate));
  return gate / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (gate + 0.044715 * gate * gate * gate)));
}

double naiveSlope(Activation activation, double gate) {
  const auto f = [&](const std::vector<double>& point) { return naive(activation, point[0]); };
  return centralDifferences(f, {gate})[0];
}

struct Gradients {
  std::vector<float> dGate, dUp;
};

Gradients gradients(Activation activation, const std::vector<float>& dY, const std::vector<float>& gate,
                    const std::vector<float>& up) {
  Gradients result{std::vector<float>(gate.size(), kNaN), std::vector<float>(gate.size(), kNaN)};
  gatedActivationGradient(activation, static_cast<int64_t>(gate.size()), dY.data(), gate.data(), up.data(),
                          result.dGate.data(), result.dUp.data());
  return result;
}

std::vector<float> forward(Activation activation, const std::vector<float>& gate, const std::vector<float>& up) {
  std::vector<float> y(gate.size(), kNaN);
  gatedActivation(activation, static_cast<int64_t>(gate.size()), gate.data(), up.data(), y.data());
  return y;
}

}  // namespace

TEST("gated activations equal the formulas in double precision") {
  for (const Activation activation : kActivations) {
    for (const int64_t count : kCounts) {
      const std::vector<float> gate = randomFloats(count, 1, -12, 12), up = randomFloats(count, 2, -2, 2);
      std::vector<double> expected;
      for (size_t i = 0; i < gate.size(); i++) expected.push_back(naive(activation, gate[i]) * up[i]);
      CHECK_CLOSE(forward(activation, gate, up), expected, 1e-6);
    }
  }
}

TEST("their gradients equal finite differences") {
  for (const Activation activation : kActivations) {
    for (const int64_t count : kCounts) {
      const std::vector<float> gate = randomFloats(count, 1, -12, 12), up = randomFloats(count, 2, -2, 2);
      const std::vector<float> dY = randomFloats(count, 3);
      std::vector<double> dGate, dUp;
      for (size_t i = 0; i < gate.size(); i++) {
        dGate.push_back(naiveSlope(activation, gate[i]) * up[i] * dY[i]);
        dUp.push_back(naive(activation, gate[i]) * dY[i]);
      }
      const Gradients actual = gradients(activation, dY, gate, up);
      CHECK_CLOSE(actual.dGate, dGate, 2e-6);
      CHECK_CLOSE(actual.dUp, dUp, 2e-6);
    }
  }
}

TEST("large gates pass or close: the value is the gate or 0, the slope 1 or 0") {
  const std::vector<float> one(1, 1);
  for (const Activation activation : kActivations) {
    for (const float large : {50.0f, 1e4f, 1e15f, 1e30f}) {
      CHECK_CLOSE(forward(activation, {large}, one)[0], large, 1e-6);
      CHECK_CLOSE(forward(activation, {-large}, one)[0], 0, 1e-15);
      CHECK_CLOSE(gradients(activation, one, {large}, one).dGate[0], 1, 1e-6);
      CHECK_CLOSE(gradients(activation, one, {-large}, one).dGate[0], 0, 1e-15);
    }
  }
}

TEST("NaN and infinities in any input of a gated activation reach the output") {
  const std::vector<float> one(1, 1);
  for (const Activation activation : kActivations) {
    for (const float bad : {kNaN, kInfinity}) {
      CHECK(!std::isfinite(forward(activation, {bad}, one)[0]));
      CHECK(!std::isfinite(forward(activation, one, {bad})[0]));
      CHECK(!std::isfinite(gradients(activation, {bad}, one, one).dGate[0]));
      CHECK(!std::isfinite(gradients(activation, {bad}, one, one).dUp[0]));
      CHECK(!std::isfinite(gradients(activation, one, {bad}, one).dUp[0]));
      CHECK(!std::isfinite(gradients(activation, one, one, {bad}).dGate[0]));
    }
    CHECK(std::isnan(gradients(activation, one, {kNaN}, one).dGate[0]));
  }
}

TEST("gated activations give the same bits on any number of threads") {
  const std::vector<float> gate = randomFloats(50001, 1, -5, 5), up = randomFloats(50001, 2);
  const std::vector<float> dY = randomFloats(50001, 3);
  for (const Activation activation : kActivations) {
    CHECK_SAME_FOR_ANY_THREADS([&] { return forward(activation, gate, up); });
    CHECK_SAME_FOR_ANY_THREADS([&] { return gradients(activation, dY, gate, up).dGate; });
  }
}

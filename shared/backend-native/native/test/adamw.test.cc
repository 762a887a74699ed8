/** @file Tests of AdamW. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Four arrays of one tensor. */
template <class Number>
struct State {
  std::vector<Number> parameter, gradient, firstMoment, secondMoment;
};

State<float> randomState(int64_t count, uint64_t seed) {
  return {randomFloats(count, seed), randomFloats(count, seed + 1), randomFloats(count, seed + 2, -0.1, 0.1),
          randomFloats(count, seed + 3, 0, 0.1)};
}

State<double> toDoubles(const State<float>& s) {
  using test::toDoubles;
  return {toDoubles(s.parameter), toDoubles(s.gradient), toDoubles(s.firstMoment), toDoubles(s.secondMoment)};
}

AdamWTensor tensorOf(State<float>& s, double weightDecay, double learningRateFactor = 1) {
  return {s.parameter.data(),    s.gradient.data(), s.firstMoment.data(),
          s.secondMoment.data(), static_cast<int64_t>(s.parameter.size()), weightDecay, learningRateFactor};
}

/** Algorithm 2 of the paper, with its bias-corrected moments spelled out, and its schedule in the learning rate. */
void naive(State<double>& s, double weightDecay, const AdamWOptions& o) {
  for (size_t i = 0; i < s.parameter.size(); i++) {
    const double g = s.gradient[i] * o.gradientScale;
    s.firstMoment[i] = o.beta1 * s.firstMoment[i] + (1 - o.beta1) * g;
    s.secondMoment[i] = o.beta2 * s.secondMoment[i] + (1 - o.beta2) * g * g;
    const double m = s.firstMoment[i] / (1 - std::pow(o.beta1, o.step));
    const double v = s.secondMoment[i] / (1 - std::pow(o.beta2, o.step));
    s.parameter[i] -= o.learningRate * (m / (std::sqrt(v) + o.epsilon) + weightDecay * s.parameter[i]);
  }
}

void checkState(const State<float>& actual, const State<double>& expected) {
  // A handful of roundings of 6e-8 each.
  CHECK_CLOSE(actual.parameter, expected.parameter, 5e-7);
  CHECK_CLOSE(actual.firstMoment, expected.firstMoment, 5e-7);
  CHECK_CLOSE(actual.secondMoment, expected.secondMoment, 5e-7);
}

}  // namespace

TEST("AdamW follows the published algorithm for tensors of all sizes at once") {
  const double decays[] = {0.1, 0, 0.01, 0.1, 0, 0.3};
  const int64_t counts[] = {1, 3, 17, 288, 16385, 40000};
  for (const int64_t step : {1, 2, 1000}) {
    const AdamWOptions options{3e-3, 0.9, 0.95, 1e-8, step, 0.7};
    std::vector<State<float>> states;
    std::vector<State<double>> expected;
    for (int t = 0; t < 6; t++) {
      states.push_back(randomState(counts[t], static_cast<uint64_t>(10 * t)));
      expected.push_back(toDoubles(states.back()));
      naive(expected.back(), decays[t], options);
    }
    std::vector<AdamWTensor> tensors;
    for (int t = 0; t < 6; t++) tensors.push_back(tensorOf(states[static_cast<size_t>(t)], decays[t]));
    adamW(tensors.data(), 6, options);
    for (size_t t = 0; t < 6; t++) checkState(states[t], expected[t]);
  }
}

TEST("a tensor's own factor multiplies its learning rate") {
  State<float> s = randomState(300, 5);
  State<double> expected = toDoubles(s);
  const AdamWOptions options{3e-3, 0.9, 0.95, 1e-8, 2, 0.7};
  naive(expected, 0.1, {0.25 * options.learningRate, 0.9, 0.95, 1e-8, 2, 0.7});
  const AdamWTensor tensor = tensorOf(s, 0.1, 0.25);
  adamW(&tensor, 1, options);
  checkState(s, expected);
}

TEST("the first AdamW update from zero moments moves every parameter by the learning rate, against its gradient") {
  State<float> s{{1, 1, 1}, {1e-3f, -20, 0}, {0, 0, 0}, {0, 0, 0}};
  const AdamWTensor tensor = tensorOf(s, 0);
  adamW(&tensor, 1, {0.01, 0.9, 0.999, 1e-12, 1, 1});
  CHECK_CLOSE(s.parameter, (std::vector<double>{0.99, 1.01, 1}), 1e-6);
}

TEST("repeated AdamW updates minimise a quadratic function") {
  State<float> s{randomFloats(50, 1, -3, 3), std::vector<float>(50), std::vector<float>(50), std::vector<float>(50)};
  const AdamWTensor tensor = tensorOf(s, 0);
  for (int64_t step = 1; step <= 2000; step++) {
    for (size_t i = 0; i < 50; i++) s.gradient[i] = 2 * (s.parameter[i] - 0.5f);
    adamW(&tensor, 1, {1e-2, 0.9, 0.95, 1e-8, step, 1});
  }
  CHECK_CLOSE(s.parameter, std::vector<double>(50, 0.5), 1e-2);
}

TEST("a NaN or infinite gradient makes its own parameter NaN, and no other") {
  State<float> s = randomState(40, 3);
  s.gradient[5] = kNaN;
  s.gradient[38] = kInfinity;
  const AdamWTensor tensor = tensorOf(s, 0.1);
  adamW(&tensor, 1, {1e-3, 0.9, 0.95, 1e-8, 3, 1});
  for (size_t i = 0; i < 40; i++) CHECK(std::isnan(s.parameter[i]) == (i == 5 || i == 38));
}

TEST("AdamW gives the same bits on any number of threads") {
  CHECK_SAME_FOR_ANY_THREADS([] {
    State<float> large = randomState(70001, 1), small = randomState(7, 2);
    const AdamWTensor tensors[] = {tensorOf(large, 0.1), tensorOf(small, 0)};
    adamW(tensors, 2, {1e-3, 0.9, 0.95, 1e-8, 3, 0.5});
    large.parameter.insert(large.parameter.end(), small.parameter.begin(), small.parameter.end());
    return large.parameter;
  });
}

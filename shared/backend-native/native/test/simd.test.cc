/** @file Tests of vectors: partial loads, reductions, and the accuracy of e^x, the sigmoid and tanh. */
#include <vector>

#include "../simd.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

std::vector<float> lanesOf(Vec v) {
  std::vector<float> lanes(kLanes);
  store(lanes.data(), v);
  return lanes;
}

float apply(Vec (*f)(Vec), float x) {
  const std::vector<float> lanes = lanesOf(f(splat(x)));
  for (const float lane : lanes) CHECK(std::memcmp(&lane, &lanes[0], sizeof lane) == 0);
  return lanes[0];
}

/** Largest relative error of f on an even grid over [low, high]. */
double relativeError(Vec (*f)(Vec), double (*exact)(double), double low, double high) {
  constexpr int kVectors = 20000;
  double worst = 0;
  for (int i = 0; i < kVectors; i++) {
    std::vector<float> x(kLanes);
    for (int lane = 0; lane < kLanes; lane++) {
      x[static_cast<size_t>(lane)] = static_cast<float>(low + (high - low) * (i * kLanes + lane) / (kVectors * kLanes));
    }
    const std::vector<float> y = lanesOf(f(load(x.data())));
    for (size_t lane = 0; lane < x.size(); lane++) {
      const double expected = exact(x[lane]);
      const double error = std::fabs(y[lane] - expected) / std::fabs(expected);
      if (expected != 0 && !(error <= worst)) worst = error;
    }
  }
  return worst;
}

double exactLogarithm(double x) { return std::log(x); }
double exactSigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST("vectors load and store at any address") {
  const std::vector<float> x = randomFloats(kLanes + 3, 1);
  for (size_t offset = 0; offset < 4; offset++) {
    std::vector<float> y(kLanes + 3);
    store(y.data() + offset, load(x.data() + offset));
    for (size_t i = 0; i < y.size(); i++) CHECK(y[i] == (i >= offset && i < offset + kLanes ? x[i] : 0));
  }
}

TEST("partial loads read and partial stores write the first lanes only") {
  for (int64_t count = 0; count <= kLanes; count++) {
    const std::vector<float> x = randomFloats(count + 1, 1);  // one more than is read, so that there is memory for none
    std::vector<float> expected(kLanes, 7.5f);
    std::copy(x.begin(), x.begin() + count, expected.begin());
    CHECK_SAME_BITS(lanesOf(loadPartial(x.data(), count, 7.5f)), expected);
    std::vector<float> y(static_cast<size_t>(count + 1), 3);
    storePartial(y.data(), load(expected.data()), count);
    for (int64_t i = 0; i <= count; i++) {
      CHECK(y[static_cast<size_t>(i)] == (i < count ? x[static_cast<size_t>(i)] : 3));
    }
  }
}

TEST("a loop over vectors touches each element of its range once, and none beyond") {
  for (int64_t count = 0; count <= 3 * kLanes + 1; count++) {
    const std::vector<float> x = randomFloats(count, 1);
    std::vector<float> y(x.size());
    float last = 0;
    forEachVector(0, count, [&](int64_t i, auto lanes) {
      lanes.store(y.data() + i, lanes.load(y.data() + i) + lanes.load(x.data() + i));
      last = lanes.load(x.data() + i, 7.5f)[kLanes - 1];
    });
    CHECK_SAME_BITS(y, x);
    if (count % kLanes != 0) CHECK(last == 7.5f);
  }
}

TEST("the sum and the maximum of all lanes") {
  const std::vector<float> x = randomFloats(kLanes, 1);
  double total = 0;
  float largest = x[0];
  for (const float value : x) {
    total += value;
    largest = std::fmax(largest, value);
  }
  CHECK_CLOSE(sum(load(x.data())), total, 1e-6);
  CHECK(maximum(load(x.data())) == largest);
  CHECK(largestLane(load(x.data())) == largest);
  for (size_t lane = 0; lane < kLanes; lane++) {
    std::vector<float> withMost = x;
    withMost[lane] = 2;
    CHECK(largestLane(load(withMost.data())) == 2);
  }
  for (size_t lane = 0; lane < kLanes; lane++) {
    std::vector<float> withNaN = x;
    withNaN[lane] = kNaN;
    CHECK(std::isnan(maximum(load(withNaN.data()))));
    CHECK(std::isnan(sum(load(withNaN.data()))));
    std::vector<float> withInfinity = x;
    withInfinity[lane] = kInfinity;
    CHECK(maximum(load(withInfinity.data())) == kInfinity);
  }
}

TEST("the maximum of two vectors keeps a NaN of either") {
  CHECK(maximum(splat(1), splat(2))[0] == 2);
  CHECK(maximum(splat(2), splat(1))[0] == 2);
  CHECK(maximum(splat(-kInfinity), splat(-5))[0] == -5);
  CHECK(std::isnan(maximum(splat(kNaN), splat(2))[0]));
  CHECK(std::isnan(maximum(splat(2), splat(kNaN))[0]));
}

TEST("e^x is exact to about a unit in the last place over the whole range of floats") {
  CHECK_CLOSE(relativeError(exponential, std::exp, -1, 1), 0, 1.5e-7);
  CHECK_CLOSE(relativeError(exponential, std::exp, -87.3, 88.72), 0, 1.5e-7);
  CHECK_CLOSE(relativeError(exponential, std::exp, -87.336, -86.5), 0, 1.5e-7);
  CHECK_CLOSE(relativeError(exponential, std::exp, 88, 88.722), 0, 1.5e-7);
}

TEST("e^x of special values") {
  CHECK(apply(exponential, 0.0f) == 1);
  CHECK(apply(exponential, -0.0f) == 1);
  CHECK(apply(exponential, 1e-30f) == 1);
  CHECK(apply(exponential, 89) == kInfinity);
  CHECK(apply(exponential, 1e30f) == kInfinity);
  CHECK(apply(exponential, kInfinity) == kInfinity);
  CHECK(apply(exponential, -88) == 0);
  CHECK(apply(exponential, -1e30f) == 0);
  CHECK(apply(exponential, -kInfinity) == 0);
  CHECK(std::isnan(apply(exponential, kNaN)));
}

TEST("lanes do not disturb each other in e^x") {
  std::vector<float> x(kLanes, 1), expected(kLanes, apply(exponential, 1));
  x[0] = kNaN;
  x[1] = kInfinity;
  x[2] = -kInfinity;
  expected[0] = kNaN;
  expected[1] = kInfinity;
  expected[2] = 0;
  CHECK_CLOSE(lanesOf(exponential(load(x.data()))), expected, 0);
}

TEST("ln x is exact to about a unit in the last place, and NaN for what is no number") {
  CHECK_CLOSE(relativeError(logarithm, exactLogarithm, 1, 3), 0, 2e-7);
  CHECK_CLOSE(relativeError(logarithm, exactLogarithm, 3, 70000), 0, 1.5e-7);
  CHECK_CLOSE(relativeError(logarithm, exactLogarithm, 1e-3, 0.99), 0, 2e-7);
  CHECK(apply(logarithm, 1) == 0);
  CHECK_CLOSE(apply(logarithm, 1.2e-38f), std::log(1.2e-38), 1e-5);
  CHECK_CLOSE(apply(logarithm, 3e38f), std::log(3e38), 1e-5);
  CHECK(std::isnan(apply(logarithm, kNaN)));
  CHECK(std::isnan(apply(logarithm, kInfinity)));
}

TEST("the sigmoid is exact to some units in the last place, and 0 or 1 far out") {
  CHECK_CLOSE(relativeError(sigmoid, exactSigmoid, -86.9, 86.9), 0, 4e-7);
  CHECK(apply(sigmoid, 87.5f) == 1);
  CHECK(apply(sigmoid, -87.5f) == 0);
  CHECK(apply(sigmoid, 0) == 0.5f);
  CHECK(apply(sigmoid, 1e30f) == 1);
  CHECK(apply(sigmoid, -1e30f) == 0);
  CHECK(apply(sigmoid, kInfinity) == 1);
  CHECK(apply(sigmoid, -kInfinity) == 0);
  CHECK(std::isnan(apply(sigmoid, kNaN)));
}

TEST("tanh is exact to some units in the last place also near zero, and ±1 far out") {
  CHECK_CLOSE(relativeError(hyperbolicTangent, std::tanh, -1e-3, 1e-3), 0, 3e-7);
  CHECK_CLOSE(relativeError(hyperbolicTangent, std::tanh, -0.3, 0.3), 0, 1e-6);
  CHECK_CLOSE(relativeError(hyperbolicTangent, std::tanh, -20, 20), 0, 1e-6);
  CHECK(apply(hyperbolicTangent, 0) == 0);
  CHECK(apply(hyperbolicTangent, 1e-30f) == 1e-30f);
  CHECK(apply(hyperbolicTangent, 1e30f) == 1);
  CHECK(apply(hyperbolicTangent, -1e30f) == -1);
  CHECK(apply(hyperbolicTangent, kInfinity) == 1);
  CHECK(apply(hyperbolicTangent, -kInfinity) == -1);
  CHECK(std::isnan(apply(hyperbolicTangent, kNaN)));
}

/** @file Tests of layer normalisation and its gradient. */
#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** A few roundings of sums of at most 300 numbers around 1. */
constexpr double kTolerance = 1e-5;
constexpr double kEpsilon = 1e-5;

struct Case {
  int64_t n, d;
};
const Case kCases[] = {{1, 2}, {3, 17}, {40, 64}, {130, 33}, {5, 300}};

size_t at(int64_t i) { return static_cast<size_t>(i); }

/** Σ dY · layerNorm(x). */
double weightedSum(int64_t n, int64_t d, const std::vector<double>& x, const std::vector<double>& weight,
                   const std::vector<double>& dY) {
  double total = 0;
  for (int64_t i = 0; i < n; i++) {
    double mean = 0, variance = 0;
    for (int64_t j = 0; j < d; j++) mean += x[at(i * d + j)] / static_cast<double>(d);
    for (int64_t j = 0; j < d; j++) variance += std::pow(x[at(i * d + j)] - mean, 2) / static_cast<double>(d);
    for (int64_t j = 0; j < d; j++) {
      total += dY[at(i * d + j)] * (x[at(i * d + j)] - mean) / std::sqrt(variance + kEpsilon) * weight[at(j)];
    }
  }
  return total;
}

struct Results {
  std::vector<float> y, means, inverseDeviations, dX, dWeight;
};

Results compute(const Case& c, const std::vector<float>& x, const std::vector<float>& weight, const std::vector<float>& dY) {
  Results r{std::vector<float>(x.size(), kNaN), std::vector<float>(at(c.n), kNaN), std::vector<float>(at(c.n), kNaN),
            std::vector<float>(x.size(), kNaN), std::vector<float>(weight.size(), kNaN)};
  layerNorm(c.n, c.d, x.data(), weight.data(), static_cast<float>(kEpsilon), r.y.data(), r.means.data(),
            r.inverseDeviations.data());
  layerNormGradient(c.n, c.d, dY.data(), x.data(), weight.data(), r.means.data(), r.inverseDeviations.data(), r.dX.data(),
                    r.dWeight.data());
  return r;
}

}  // namespace

TEST("layer normalisation brings rows to mean 0 and variance 1, also far from 0") {
  for (const Case& c : kCases) {
    const std::vector<float> x = randomFloats(c.n * c.d, 1, 99, 101), ones(at(c.d), 1.0f);
    const std::vector<float> y = compute(c, x, ones, x).y;
    for (int64_t i = 0; i < c.n; i++) {
      double mean = 0, square = 0;
      for (int64_t j = 0; j < c.d; j++) {
        mean += y[at(i * c.d + j)] / static_cast<double>(c.d);
        square += std::pow(y[at(i * c.d + j)], 2) / static_cast<double>(c.d);
      }
      CHECK_CLOSE(mean, 0, 1e-3);  // numbers around 100 are rounded to 1e-5
      CHECK_CLOSE(square, 1, 1e-2);  // epsilon, beside a variance as small as that of two numbers
    }
  }
}

TEST("gradients of layer normalisation match finite differences") {
  for (const Case& c : kCases) {
    const std::vector<float> x = randomFloats(c.n * c.d, 1), weight = randomFloats(c.d, 2), dY = randomFloats(c.n * c.d, 3);
    const std::vector<double> xs = toDoubles(x), weights = toDoubles(weight), dYs = toDoubles(dY);
    const Results r = compute(c, x, weight, dY);
    // Where two numbers are close, the slope is as steep as their distance is small; the others are around 1.
    const double tolerance = c.d == 2 ? 1e-3 : kTolerance;
    const auto ofX = [&](const std::vector<double>& point) { return weightedSum(c.n, c.d, point, weights, dYs); };
    const auto ofWeight = [&](const std::vector<double>& point) { return weightedSum(c.n, c.d, xs, point, dYs); };
    CHECK_CLOSE(r.dX, centralDifferences(ofX, xs), tolerance);
    CHECK_CLOSE(r.dWeight, centralDifferences(ofWeight, weights), tolerance);
  }
}

TEST("layer normalisation gives the same bits on any number of threads") {
  const Case c{700, 65};
  const std::vector<float> x = randomFloats(c.n * c.d, 1), weight = randomFloats(c.d, 2), dY = randomFloats(c.n * c.d, 3);
  CHECK_SAME_FOR_ANY_THREADS([&] {
    Results r = compute(c, x, weight, dY);
    r.y.insert(r.y.end(), r.dX.begin(), r.dX.end());
    r.y.insert(r.y.end(), r.dWeight.begin(), r.dWeight.end());
    return r.y;
  });
}

TEST("a NaN reaches its own row only, and the weight's gradient") {
  const Case c{5, 20};
  std::vector<float> x = randomFloats(c.n * c.d, 1);
  const std::vector<float> weight = randomFloats(c.d, 2);
  x[at(2 * c.d + 3)] = kNaN;
  const Results r = compute(c, x, weight, x);
  for (int64_t i = 0; i < c.n * c.d; i++) CHECK(std::isnan(r.y[at(i)]) == (i / c.d == 2));
  for (const float g : r.dWeight) CHECK(std::isnan(g));
}

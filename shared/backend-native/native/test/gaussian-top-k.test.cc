/** @file Tests of the statistical top-k and its gradient. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Shape {
  int64_t n, d;
  float deviations;
};

const Shape kShapes[] = {{1, 1, 0.5f}, {3, 7, 1.6448536f}, {5, 64, 0}, {2, 65, -0.5244f}, {300, 130, 1.6448536f}};

struct Moments {
  double mean, deviation;
};

Moments momentsOf(const double* x, int64_t d) {
  double mean = 0, squares = 0;
  for (int64_t j = 0; j < d; j++) mean += x[j] / static_cast<double>(d);
  for (int64_t j = 0; j < d; j++) squares += (x[j] - mean) * (x[j] - mean) / static_cast<double>(d);
  return {mean, std::sqrt(squares)};
}

std::vector<double> naive(const Shape& shape, const std::vector<double>& x) {
  std::vector<double> y;
  for (int64_t row = 0; row < shape.n; row++) {
    const double* in = x.data() + row * shape.d;
    const auto [mean, deviation] = momentsOf(in, shape.d);
    for (int64_t j = 0; j < shape.d; j++) y.push_back(std::fmax(0, in[j] - (mean + static_cast<double>(shape.deviations) * deviation)));
  }
  return y;
}

struct Result {
  std::vector<float> y, means, deviations, dX;
};

Result run(const Shape& shape, const std::vector<float>& x, const std::vector<float>& dY) {
  const auto [n, d, deviations] = shape;
  const std::vector<float> rows(static_cast<size_t>(n), kNaN), all(x.size(), kNaN);
  Result r{all, rows, rows, all};
  gaussianTopK(n, d, x.data(), deviations, r.y.data(), r.means.data(), r.deviations.data());
  gaussianTopKGradient(n, d, dY.data(), x.data(), deviations, r.means.data(), r.deviations.data(), r.dX.data());
  return r;
}

}  // namespace

TEST("what is above the cut-off passes, less the cut-off, as in double precision") {
  for (const Shape& shape : kShapes) {
    const std::vector<float> x = randomFloats(shape.n * shape.d, 1, -3, 3);
    const Result r = run(shape, x, x);
    CHECK_CLOSE(r.y, naive(shape, toDoubles(x)), 2e-6);
    const auto [mean, deviation] = momentsOf(toDoubles(x).data(), shape.d);
    CHECK_CLOSE(r.means[0], mean, 1e-6);
    CHECK_CLOSE(r.deviations[0], deviation, 1e-6);
  }
}

TEST("of many normally distributed numbers, the share passes that the cut-off is of") {
  // Twelve uniform numbers of variance 1/12 sum to about a normal distribution.
  const int64_t d = 20000;
  const std::vector<float> uniform = randomFloats(12 * d, 1);
  std::vector<float> x(static_cast<size_t>(d));
  for (size_t i = 0; i < uniform.size(); i++) x[i / 12] += uniform[i];
  const Result r = run({1, d, 1.6448536f}, x, x);
  int64_t passed = 0;
  for (const float value : r.y) passed += value > 0;
  CHECK_CLOSE(static_cast<double>(passed) / static_cast<double>(d), 0.05, 0.005);
}

TEST("the gradient of the statistical top-k equals finite differences") {
  for (const Shape& shape : {Shape{3, 7, 0.7f}, Shape{2, 33, 1.6448536f}, Shape{4, 20, -0.5244f}}) {
    const std::vector<float> x = randomFloats(shape.n * shape.d, 1, -3, 3), dY = randomFloats(shape.n * shape.d, 2);
    const auto f = [&, own = shape](const std::vector<double>& p) { return dot(naive(own, p), toDoubles(dY)); };
    CHECK_CLOSE(run(shape, x, dY).dX, centralDifferences(f, toDoubles(x)), 1e-5);
  }
}

TEST("of equal numbers none passes, and the gradient is finite") {
  const Result r = run({2, 5, 1}, std::vector<float>(10, 3), std::vector<float>(10, 1));
  CHECK_SAME_BITS(r.y, std::vector<float>(10));
  for (const float gradient : r.dX) CHECK(std::isfinite(gradient));
}

TEST("a NaN in a row of the statistical top-k reaches that row only") {
  std::vector<float> x = randomFloats(3 * 19, 1);
  x[19 + 18] = kNaN;
  const Result r = run({3, 19, 0.5f}, x, std::vector<float>(3 * 19, 1));
  for (size_t i = 0; i < x.size(); i++) {
    CHECK(std::isnan(r.y[i]) == (i / 19 == 1));
    CHECK(std::isnan(r.dX[i]) == (i / 19 == 1));
  }
}

TEST("the statistical top-k has the same bits on any number of threads") {
  const Shape shape{500, 100, 1};
  const std::vector<float> x = randomFloats(500 * 100, 1), dY = randomFloats(500 * 100, 2);
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(shape, x, dY).y; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(shape, x, dY).dX; });
}

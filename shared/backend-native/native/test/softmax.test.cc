/** @file Tests of the softmax of rows, of the logarithm of its denominator, of division by the sum, and of their gradients. */
#include <algorithm>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Shape {
  int64_t n, d;
};

const Shape kShapes[] = {{1, 1}, {3, 7}, {5, 16}, {2, 65}, {700, 8}};
/** Small enough for differences by every element. */
const Shape kSmallShapes[] = {{1, 1}, {3, 7}, {2, 33}};

/** ln Σ exp of each row. */
std::vector<double> naiveLogSumExp(const Shape& shape, const std::vector<double>& x) {
  std::vector<double> y;
  for (int64_t row = 0; row < shape.n; row++) {
    const auto begin = x.begin() + row * shape.d, end = begin + shape.d;
    const double top = *std::max_element(begin, end);
    double total = 0;
    for (auto value = begin; value < end; value++) total += std::exp(*value - top);
    y.push_back(top + std::log(total));
  }
  return y;
}

std::vector<double> naiveSoftmax(const Shape& shape, const std::vector<double>& x) {
  const std::vector<double> whole = naiveLogSumExp(shape, x);
  std::vector<double> y;
  for (size_t i = 0; i < x.size(); i++) y.push_back(std::exp(x[i] - whole[i / static_cast<size_t>(shape.d)]));
  return y;
}

std::vector<double> naiveShares(const Shape& shape, const std::vector<double>& x) {
  std::vector<double> y;
  for (size_t i = 0; i < x.size(); i++) {
    const int64_t row = static_cast<int64_t>(i) / shape.d;
    double total = 0;
    for (int64_t j = row * shape.d; j < (row + 1) * shape.d; j++) total += x[static_cast<size_t>(j)];
    y.push_back(x[i] / total);
  }
  return y;
}

struct Result {
  std::vector<float> y, dX;
};

Result runSoftmax(const Shape& shape, const std::vector<float>& x, const std::vector<float>& dY) {
  Result r{std::vector<float>(x.size(), kNaN), std::vector<float>(x.size(), kNaN)};
  softmax(shape.n, shape.d, x.data(), r.y.data());
  softmaxGradient(shape.n, shape.d, dY.data(), r.y.data(), r.dX.data());
  return r;
}

Result runLogSumExp(const Shape& shape, const std::vector<float>& x, const std::vector<float>& dY) {
  Result r{std::vector<float>(static_cast<size_t>(shape.n), kNaN), std::vector<float>(x.size(), kNaN)};
  logSumExp(shape.n, shape.d, x.data(), r.y.data());
  logSumExpGradient(shape.n, shape.d, dY.data(), x.data(), r.y.data(), r.dX.data());
  return r;
}

Result runShares(const Shape& shape, const std::vector<float>& x, const std::vector<float>& dY) {
  Result r{std::vector<float>(x.size(), kNaN), std::vector<float>(x.size(), kNaN)};
  std::vector<float> sums(static_cast<size_t>(shape.n));
  normalizeSum(shape.n, shape.d, x.data(), r.y.data(), sums.data());
  normalizeSumGradient(shape.n, shape.d, dY.data(), r.y.data(), sums.data(), r.dX.data());
  return r;
}

}  // namespace

TEST("softmax, its denominator's logarithm and division by the sum equal the formulas in double precision") {
  for (const Shape& shape : kShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1, -20, 20), positive = randomFloats(n * d, 2, 0.5, 2);
    CHECK_CLOSE(runSoftmax(shape, x, x).y, naiveSoftmax(shape, toDoubles(x)), 2e-6);
    CHECK_CLOSE(runLogSumExp(shape, x, x).y, naiveLogSumExp(shape, toDoubles(x)), 1e-6);
    CHECK_CLOSE(runShares(shape, positive, x).y, naiveShares(shape, toDoubles(positive)), 1e-6);
  }
}

TEST("the gradients of softmax, its denominator's logarithm and division by the sum equal finite differences") {
  for (const Shape& shape : kSmallShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1, -3, 3), positive = randomFloats(n * d, 2, 0.5, 2);
    const std::vector<float> dY = randomFloats(n * d, 3), dRows = randomFloats(n, 4);
    const auto byRows = [&](const auto& f, const std::vector<float>& gradient) {
      return [&f, &gradient, own = shape](const std::vector<double>& p) { return dot(f(own, p), toDoubles(gradient)); };
    };
    CHECK_CLOSE(runSoftmax(shape, x, dY).dX, centralDifferences(byRows(naiveSoftmax, dY), toDoubles(x)), 1e-5);
    CHECK_CLOSE(runLogSumExp(shape, x, dRows).dX, centralDifferences(byRows(naiveLogSumExp, dRows), toDoubles(x)), 1e-5);
    CHECK_CLOSE(runShares(shape, positive, dY).dX, centralDifferences(byRows(naiveShares, dY), toDoubles(positive)), 1e-5);
  }
}

TEST("logits in the thousands do not overflow") {
  const std::vector<float> x = {5000, 4999, -5000};
  const Shape shape{1, 3};
  const double first = 1 / (1 + std::exp(-1.0));
  CHECK_CLOSE(runSoftmax(shape, x, x).y, (std::vector<double>{first, 1 - first, 0}), 1e-6);
  CHECK_CLOSE(runLogSumExp(shape, x, {1}).y, std::vector<double>{5000 - std::log(first)}, 1e-6);
}

TEST("of a row of −∞ and a number, the number has all") {
  const std::vector<float> x = {-kInfinity, 3, -kInfinity, -kInfinity};
  CHECK_SAME_BITS(runSoftmax({1, 4}, x, std::vector<float>(4)).y, (std::vector<float>{0, 1, 0, 0}));
  CHECK_CLOSE(runLogSumExp({1, 4}, x, {1}).y, std::vector<double>{3}, 1e-6);
}

TEST("a NaN in a row of logits reaches that row only") {
  const Shape shape{3, 19};
  std::vector<float> x = randomFloats(3 * 19, 1);
  x[19 + 18] = kNaN;
  const Result r = runSoftmax(shape, x, std::vector<float>(3 * 19, 1));
  for (size_t i = 0; i < x.size(); i++) {
    CHECK(std::isnan(r.y[i]) == (i / 19 == 1));
    CHECK(std::isnan(r.dX[i]) == (i / 19 == 1));
  }
  const std::vector<float> whole = runLogSumExp(shape, x, std::vector<float>(3, 1)).y;
  for (size_t row = 0; row < 3; row++) CHECK(std::isnan(whole[row]) == (row == 1));
}

TEST("softmax, its denominator's logarithm and division by the sum have the same bits on any number of threads") {
  const Shape shape{900, 40};
  const std::vector<float> x = randomFloats(900 * 40, 1), positive = randomFloats(900 * 40, 2, 0.5, 2), dY = randomFloats(900 * 40, 3);
  CHECK_SAME_FOR_ANY_THREADS([&] { return runSoftmax(shape, x, dY).dX; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return runLogSumExp(shape, x, dY).dX; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return runShares(shape, positive, dY).dX; });
}

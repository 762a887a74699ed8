/** @file Tests of RMSNorm and its gradient. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

constexpr float kEpsilon = 1e-5f;

struct Shape {
  int64_t n, d;
};
const Shape kShapes[] = {{1, 1}, {1, 3}, {5, 17}, {3, 64}, {33, 65}, {70, 288}, {200, 48}, {2, 20000}};

/** Rows of x · weight / √(mean of squares + ε), as a function of x and weight, one after the other. */
std::vector<double> naive(const Shape& shape, const double* x, const double* weight) {
  std::vector<double> y;
  for (int64_t i = 0; i < shape.n; i++) {
    double squares = 0;
    for (int64_t j = 0; j < shape.d; j++) squares += x[i * shape.d + j] * x[i * shape.d + j];
    const double rms = std::sqrt(squares / static_cast<double>(shape.d) + static_cast<double>(kEpsilon));
    for (int64_t j = 0; j < shape.d; j++) y.push_back(x[i * shape.d + j] / rms * weight[j]);
  }
  return y;
}

struct Result {
  std::vector<float> y, inverseRms, dX, dWeight;
};

Result run(const Shape& shape, const std::vector<float>& x, const std::vector<float>& weight,
           const std::vector<float>& dY) {
  const auto [n, d] = shape;
  Result r{std::vector<float>(x.size(), kNaN), std::vector<float>(static_cast<size_t>(n), kNaN),
           std::vector<float>(x.size(), kNaN), std::vector<float>(weight.size(), kNaN)};
  rmsNorm(n, d, x.data(), weight.data(), kEpsilon, r.y.data(), r.inverseRms.data());
  rmsNormGradient(n, d, dY.data(), x.data(), weight.data(), r.inverseRms.data(), nullptr, r.dX.data(), r.dWeight.data());
  return r;
}

Result run(const Shape& shape) {
  const auto [n, d] = shape;
  return run(shape, randomFloats(n * d, 1, -3, 3), randomFloats(d, 2), randomFloats(n * d, 3));
}

}  // namespace

TEST("RMSNorm equals the formula in double precision") {
  for (const Shape& shape : kShapes) {
    const std::vector<float> x = randomFloats(shape.n * shape.d, 1, -3, 3), weight = randomFloats(shape.d, 2);
    CHECK_CLOSE(run(shape).y, naive(shape, toDoubles(x).data(), toDoubles(weight).data()), 1e-6);
  }
}

TEST("the gradient by way of the residual is added") {
  for (const Shape& shape : kShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1, -3, 3), weight = randomFloats(d, 2), dY = randomFloats(n * d, 3);
    const std::vector<float> dResidual = randomFloats(n * d, 4);
    const Result alone = run(shape, x, weight, dY);
    std::vector<float> dX(x.size(), kNaN), dWeight(weight.size(), kNaN);
    rmsNormGradient(n, d, dY.data(), x.data(), weight.data(), alone.inverseRms.data(), dResidual.data(), dX.data(), dWeight.data());
    std::vector<double> expected(x.size());
    for (size_t i = 0; i < expected.size(); i++) expected[i] = static_cast<double>(alone.dX[i]) + dResidual[i];
    CHECK_CLOSE(dX, expected, 1e-6);
    CHECK_SAME_BITS(dWeight, alone.dWeight);
  }
}

TEST("large results, which are stored past the caches, are what others would be") {
  constexpr int64_t kRows = 1030, kColumns = 1024;
  const size_t size = static_cast<size_t>(kRows * kColumns);
  const std::vector<float> x = randomFloats(kRows * kColumns, 1), dY = randomFloats(kRows * kColumns, 2), weight = randomFloats(kColumns, 3);
  const auto compute = [&](float* y, float* dX) {
    std::vector<float> inverseRms(kRows), dWeight(kColumns);
    rmsNorm(kRows, kColumns, x.data(), weight.data(), kEpsilon, y, inverseRms.data());
    rmsNormGradient(kRows, kColumns, dY.data(), x.data(), weight.data(), inverseRms.data(), nullptr, dX, dWeight.data());
    std::vector<float> both(y, y + size);
    both.insert(both.end(), dX, dX + size);
    return both;
  };
  AlignedFloats y(size, kNaN), dX(size, kNaN), otherY(size + 1, kNaN), otherDX(size + 1, kNaN);
  CHECK_SAME_BITS(compute(y.data(), dX.data()), compute(otherY.data() + 1, otherDX.data() + 1));
}

TEST("RMSNorm also returns 1 / root mean square") {
  const Shape shape{2, 4};
  const Result r = run(shape, {3, 3, 3, 3, 1, -1, 1, -1}, {1, 1, 1, 1}, std::vector<float>(8));
  CHECK_CLOSE(r.inverseRms, (std::vector<double>{1 / std::sqrt(9 + 1e-5), 1 / std::sqrt(1 + 1e-5)}), 1e-6);
}

TEST("the gradients of RMSNorm equal finite differences") {
  for (const Shape& shape : {Shape{1, 1}, Shape{1, 3}, Shape{5, 17}, Shape{40, 20}}) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1, -3, 3), weight = randomFloats(d, 2);
    const std::vector<float> dY = randomFloats(n * d, 3);
    std::vector<float> point = x;
    point.insert(point.end(), weight.begin(), weight.end());
    const auto f = [&, s = shape](const std::vector<double>& p) {
      return dot(naive(s, p.data(), p.data() + x.size()), toDoubles(dY));
    };
    const std::vector<double> expected = centralDifferences(f, toDoubles(point));
    const Result r = run(shape);
    CHECK_CLOSE(r.dX, std::vector<double>(expected.begin(), expected.begin() + n * d), 1e-5);
    CHECK_CLOSE(r.dWeight, std::vector<double>(expected.begin() + n * d, expected.end()), 1e-5);
  }
}

TEST("the gradients of RMSNorm equal their closed form, over many pieces of rows") {
  for (const Shape& shape : kShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1, -3, 3), weight = randomFloats(d, 2);
    const std::vector<float> dY = randomFloats(n * d, 3);
    std::vector<double> dX(x.size()), dWeight(weight.size());
    for (int64_t i = 0; i < n; i++) {
      const float *in = x.data() + i * d, *gradient = dY.data() + i * d;
      double squares = 0, product = 0;
      for (int64_t j = 0; j < d; j++) {
        squares += static_cast<double>(in[j]) * in[j];
        product += static_cast<double>(gradient[j]) * weight[static_cast<size_t>(j)] * in[j];
      }
      const double size = static_cast<double>(d), r = 1 / std::sqrt(squares / size + static_cast<double>(kEpsilon));
      for (int64_t j = 0; j < d; j++) {
        const double w = weight[static_cast<size_t>(j)];
        dX[static_cast<size_t>(i * d + j)] = r * (w * gradient[j] - in[j] * r * r * product / size);
        dWeight[static_cast<size_t>(j)] += r * gradient[j] * in[j];
      }
    }
    const Result result = run(shape);
    // A row of one element has a gradient that nearly cancels out: differences of numbers of size 1.
    CHECK_CLOSE(result.dX, dX, 2e-6);
    CHECK_CLOSE(result.dWeight, dWeight, 1e-5);
  }
}

TEST("a row of zeros stays zero, and its gradient is finite") {
  const Shape shape{1, 20};
  const Result r = run(shape, std::vector<float>(20), std::vector<float>(20, 1), std::vector<float>(20, 1));
  CHECK_SAME_BITS(r.y, std::vector<float>(20));
  CHECK_CLOSE(r.dX, std::vector<double>(20, 1 / std::sqrt(static_cast<double>(kEpsilon))), 1e-6);
}

TEST("a NaN or an infinity in a row of RMSNorm reaches that row only") {
  const Shape shape{3, 19};
  for (const float bad : {kNaN, kInfinity}) {
    std::vector<float> x = randomFloats(3 * 19, 1);
    x[19 + 18] = bad;
    const Result r = run(shape, x, std::vector<float>(19, 1), std::vector<float>(3 * 19, 1));
    CHECK(std::isnan(r.y[19 + 18]));
    CHECK(std::isnan(r.dX[19 + 18]));
    CHECK(std::isnan(r.dWeight[18]));
    for (size_t i = 0; i < x.size(); i++) {
      if (i / 19 != 1) CHECK(std::isfinite(r.y[i]) && std::isfinite(r.dX[i]));
    }
  }
}

TEST("RMSNorm gives the same bits on any number of threads") {
  const Shape shape{500, 100};
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(shape).y; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(shape).dX; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return run(shape).dWeight; });
}

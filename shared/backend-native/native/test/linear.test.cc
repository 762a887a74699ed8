/** @file Tests of linear layers and their gradients. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Sums of up to 300 products of numbers below 1, near 10 on the way: 300 roundings of up to 5e-7, mostly less. */
constexpr double kTolerance = 1e-5;

struct Shape {
  int64_t n, in, out;
};
const Shape kShapes[] = {{1, 1, 1}, {1, 17, 3}, {2, 3, 65}, {7, 64, 48}, {37, 48, 129}, {65, 288, 33}};

struct Case {
  Shape shape;
  std::vector<float> x, weight, dY;

  explicit Case(const Shape& s)
      : shape(s),
        x(randomFloats(s.n * s.in, 1)),
        weight(randomFloats(s.out * s.in, 2)),
        dY(randomFloats(s.n * s.out, 3)) {}
};

size_t at(int64_t row, int64_t columns, int64_t column) { return static_cast<size_t>(row * columns + column); }

}  // namespace

TEST("linear multiplies rows with the rows of the weight") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const auto [n, in, out] = shape;
    std::vector<double> expected(c.dY.size());
    for (int64_t i = 0; i < n; i++) {
      for (int64_t o = 0; o < out; o++) {
        for (int64_t j = 0; j < in; j++) {
          expected[at(i, out, o)] += static_cast<double>(c.x[at(i, in, j)]) * c.weight[at(o, in, j)];
        }
      }
    }
    std::vector<float> y(expected.size(), kNaN);
    linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), y.data());
    CHECK_CLOSE(y, expected, kTolerance);
  }
}

TEST("the input's gradient multiplies with the weight, and is added on request") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const auto [n, in, out] = shape;
    std::vector<double> expected(c.x.size());
    for (int64_t i = 0; i < n; i++) {
      for (int64_t o = 0; o < out; o++) {
        for (int64_t j = 0; j < in; j++) {
          expected[at(i, in, j)] += static_cast<double>(c.dY[at(i, out, o)]) * c.weight[at(o, in, j)];
        }
      }
    }
    std::vector<float> dX(c.x.size(), kNaN);
    linearInputGradient(Precision::f32, n, in, out, c.dY.data(), c.weight.data(), dX.data(), false);
    CHECK_CLOSE(dX, expected, kTolerance);
    dX = c.x;
    for (size_t i = 0; i < expected.size(); i++) expected[i] += c.x[i];
    linearInputGradient(Precision::f32, n, in, out, c.dY.data(), c.weight.data(), dX.data(), true);
    CHECK_CLOSE(dX, expected, kTolerance);
  }
}

TEST("the weight's gradient sums over the rows") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const auto [n, in, out] = shape;
    std::vector<double> expected(c.weight.size());
    for (int64_t i = 0; i < n; i++) {
      for (int64_t o = 0; o < out; o++) {
        for (int64_t j = 0; j < in; j++) {
          expected[at(o, in, j)] += static_cast<double>(c.dY[at(i, out, o)]) * c.x[at(i, in, j)];
        }
      }
    }
    std::vector<float> dWeight(c.weight.size(), kNaN);
    linearWeightGradient(Precision::f32, n, in, out, c.dY.data(), c.x.data(), dWeight.data());
    CHECK_CLOSE(dWeight, expected, kTolerance);
  }
}

TEST("linear layers give the same bits on any number of threads") {
  const Case c({300, 65, 130});
  const auto [n, in, out] = c.shape;
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    CHECK_SAME_FOR_ANY_THREADS([&] {
      std::vector<float> y(c.dY.size());
      linear(precision, n, in, out, c.x.data(), c.weight.data(), y.data());
      return y;
    });
    CHECK_SAME_FOR_ANY_THREADS([&] {
      std::vector<float> dX(c.x.size());
      linearInputGradient(precision, n, in, out, c.dY.data(), c.weight.data(), dX.data(), false);
      return dX;
    });
    CHECK_SAME_FOR_ANY_THREADS([&] {
      std::vector<float> dWeight(c.weight.size());
      linearWeightGradient(precision, n, in, out, c.dY.data(), c.x.data(), dWeight.data());
      return dWeight;
    });
  }
}

TEST("a NaN reaches the outputs of its own row only") {
  Case c({8, 20, 30});
  const auto [n, in, out] = c.shape;
  c.x[at(3, in, 19)] = kNaN;
  std::vector<float> y(c.dY.size());
  linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), y.data());
  for (int64_t i = 0; i < n; i++) {
    for (int64_t o = 0; o < out; o++) CHECK(std::isnan(y[at(i, out, o)]) == (i == 3));
  }
}

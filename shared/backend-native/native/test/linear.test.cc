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
    linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), nullptr, y.data());
    CHECK_CLOSE(y, expected, kTolerance);
  }
}

TEST("linear adds its products to a residual, which may be what it writes to") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const auto [n, in, out] = shape;
    const std::vector<float>& residual = c.dY;
    std::vector<float> product(residual.size()), sum(residual.size(), kNaN), inPlace = residual;
    linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), nullptr, product.data());
    linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), residual.data(), sum.data());
    linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), inPlace.data(), inPlace.data());
    std::vector<double> expected(residual.size());
    for (size_t i = 0; i < expected.size(); i++) expected[i] = static_cast<double>(product[i]) + residual[i];
    CHECK_CLOSE(sum, expected, 1e-6);
    CHECK_SAME_BITS(inPlace, sum);
  }
}

TEST("the input's gradient sums over the layers, and each weight's over the rows") {
  for (const Shape& shape : kShapes) {
    const Case c(shape);
    const auto [n, in, out] = shape;
    const std::vector<float> otherWeight = randomFloats(2 * out * in, 4), otherDY = randomFloats(n * 2 * out, 5);
    const LinearLayer layers[] = {{out, c.dY.data(), c.weight.data(), nullptr},
                                  {2 * out, otherDY.data(), otherWeight.data(), nullptr}};
    std::vector<double> expectedDX(c.x.size());
    std::vector<float> dX(c.x.size(), kNaN), dWeights[2];
    std::vector<double> expectedDWeights[2];
    LinearLayer filled[2];
    for (size_t l = 0; l < 2; l++) {
      const LinearLayer& layer = layers[l];
      expectedDWeights[l].resize(static_cast<size_t>(layer.out * in));
      dWeights[l].resize(expectedDWeights[l].size(), kNaN);
      filled[l] = layer;
      filled[l].dWeight = dWeights[l].data();
      for (int64_t i = 0; i < n; i++) {
        for (int64_t o = 0; o < layer.out; o++) {
          for (int64_t j = 0; j < in; j++) {
            const double dY = layer.dY[at(i, layer.out, o)];
            expectedDX[at(i, in, j)] += dY * layer.weight[at(o, in, j)];
            expectedDWeights[l][at(o, in, j)] += dY * c.x[at(i, in, j)];
          }
        }
      }
    }
    linearGradients(Precision::f32, n, in, c.x.data(), filled, 2, dX.data());
    CHECK_CLOSE(dX, expectedDX, kTolerance);
    for (size_t l = 0; l < 2; l++) CHECK_CLOSE(dWeights[l], expectedDWeights[l], kTolerance);
  }
}

TEST("linear layers give the same bits on any number of threads") {
  const Case c({300, 65, 130});
  const int64_t n = c.shape.n, in = c.shape.in, out = c.shape.out;  // lambdas cannot capture structured bindings
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    CHECK_SAME_FOR_ANY_THREADS([&] {
      std::vector<float> y(c.dY.size());
      linear(precision, n, in, out, c.x.data(), c.weight.data(), nullptr, y.data());
      return y;
    });
    CHECK_SAME_FOR_ANY_THREADS([&] {
      std::vector<float> gradients(c.x.size() + c.weight.size());
      const LinearLayer layer{out, c.dY.data(), c.weight.data(), gradients.data() + c.x.size()};
      linearGradients(precision, n, in, c.x.data(), &layer, 1, gradients.data());
      return gradients;
    });
  }
}

TEST("large results, which are stored past the caches, are what others would be") {
  constexpr int64_t kRows = 1030, kWide = 1024, kNarrow = 24;
  const size_t size = static_cast<size_t>(kRows * kWide);
  const std::vector<float> narrow = randomFloats(kRows * kNarrow, 1), weight = randomFloats(kWide * kNarrow, 2);
  const std::vector<float> transposed = randomFloats(kNarrow * kWide, 3), residual = randomFloats(kRows * kWide, 4);
  const std::vector<float> x = randomFloats(kRows * kWide, 5);
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    const auto compute = [&](float* result, int which) {
      std::vector<float> dWeight(transposed.size());
      const LinearLayer layer{kNarrow, narrow.data(), transposed.data(), dWeight.data()};
      if (which == 0) linear(precision, kRows, kNarrow, kWide, narrow.data(), weight.data(), nullptr, result);
      if (which == 1) linear(precision, kRows, kNarrow, kWide, narrow.data(), weight.data(), residual.data(), result);
      if (which == 2) linearGradients(precision, kRows, kWide, x.data(), &layer, 1, result);
      return std::vector<float>(result, result + size);
    };
    for (int which = 0; which < 3; which++) {
      AlignedFloats aligned(size + 1, kNaN), other(size + 1, kNaN);
      CHECK_SAME_BITS(compute(aligned.data(), which), compute(other.data() + 1, which));
      CHECK(std::isnan(aligned.data()[size]));
    }
  }
}

TEST("a NaN reaches the outputs of its own row only") {
  Case c({8, 20, 30});
  const auto [n, in, out] = c.shape;
  c.x[at(3, in, 19)] = kNaN;
  std::vector<float> y(c.dY.size());
  linear(Precision::f32, n, in, out, c.x.data(), c.weight.data(), nullptr, y.data());
  for (int64_t i = 0; i < n; i++) {
    for (int64_t o = 0; o < out; o++) CHECK(std::isnan(y[at(i, out, o)]) == (i == 3));
  }
}

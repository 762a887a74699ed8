/** @file Tests of the means of columns, and of factors for them. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Shape {
  int64_t n, d;
};

const Shape kShapes[] = {{1, 1}, {3, 17}, {33, 64}, {700, 8}, {70, 300}};

/** For each column the sum of `term(i)` over its elements. */
template <class Term>
std::vector<double> sumsOf(const Shape& shape, Term&& term) {
  std::vector<double> sums(static_cast<size_t>(shape.d));
  for (int64_t i = 0; i < shape.n * shape.d; i++) sums[static_cast<size_t>(i % shape.d)] += term(static_cast<size_t>(i));
  return sums;
}

}  // namespace

TEST("means of columns are those in double precision") {
  for (const Shape& shape : kShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1);
    std::vector<float> means(static_cast<size_t>(d), kNaN);
    columnMeans(n, d, x.data(), means.data());
    CHECK_CLOSE(means, sumsOf(shape, [&, n = n](size_t i) { return static_cast<double>(x[i]) / static_cast<double>(n); }), 1e-6);
  }
}

TEST("a mean's gradient goes to all rows in equal shares") {
  for (const auto& [n, d] : kShapes) {
    const std::vector<float> dMeans = randomFloats(d, 1);
    std::vector<float> dX(static_cast<size_t>(n * d), kNaN);
    columnMeansGradient(n, d, dMeans.data(), dX.data());
    std::vector<double> expected;
    for (int64_t i = 0; i < n * d; i++) {
      expected.push_back(static_cast<double>(dMeans[static_cast<size_t>(i % d)]) / static_cast<double>(n));
    }
    CHECK_CLOSE(dX, expected, 1e-7);
  }
}

TEST("columns are multiplied by their factors, whose gradients are the products of columns") {
  for (const Shape& shape : kShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1), factors = randomFloats(d, 2), dY = randomFloats(n * d, 3);
    std::vector<float> y(x.size(), kNaN), expected, products(static_cast<size_t>(d), kNaN);
    scaleColumns(n, d, x.data(), factors.data(), y.data());
    for (size_t i = 0; i < x.size(); i++) expected.push_back(x[i] * factors[i % static_cast<size_t>(d)]);
    CHECK_SAME_BITS(y, expected);
    columnProducts(n, d, dY.data(), x.data(), products.data());
    CHECK_CLOSE(products, sumsOf(shape, [&](size_t i) { return static_cast<double>(dY[i]) * x[i]; }), 1e-5);
  }
}

TEST("columns get their addends, whose gradients are the sums of columns") {
  for (const Shape& shape : kShapes) {
    const auto [n, d] = shape;
    const std::vector<float> x = randomFloats(n * d, 1), addends = randomFloats(d, 2);
    std::vector<float> y(x.size(), kNaN), expected, sums(static_cast<size_t>(d), kNaN);
    addToColumns(n, d, x.data(), addends.data(), y.data());
    for (size_t i = 0; i < x.size(); i++) expected.push_back(x[i] + addends[i % static_cast<size_t>(d)]);
    CHECK_SAME_BITS(y, expected);
    columnSums(n, d, x.data(), sums.data());
    CHECK_CLOSE(sums, sumsOf(shape, [&](size_t i) { return static_cast<double>(x[i]); }), 1e-5);
  }
}

TEST("means and products of columns have the same bits on any number of threads") {
  CHECK_SAME_FOR_ANY_THREADS([] {
    const std::vector<float> a = randomFloats(900 * 70, 1), b = randomFloats(900 * 70, 2);
    std::vector<float> result(140);
    columnMeans(900, 70, a.data(), result.data());
    columnProducts(900, 70, a.data(), b.data(), result.data() + 70);
    return result;
  });
}

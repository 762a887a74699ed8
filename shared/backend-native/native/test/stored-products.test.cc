/** @file Tests of products with stored matrices. */
#include <vector>

#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Sums of up to 2000 products of numbers below 1, near 30 on the way. */
constexpr double kTolerance = 5e-5;

struct Shape {
  int64_t n, in, out;
};
const Shape kShapes[] = {{1, 1, 1}, {1, 17, 3}, {2, 3, 65}, {5, 100, 9}, {7, 64, 48}, {33, 47, 130}, {100, 288, 33}, {1, 2000, 70}, {13, 1030, 21}};

std::vector<float> product(const RandomMatrix& matrix, const std::vector<float>& x, const float* residual = nullptr) {
  const int64_t n = static_cast<int64_t>(x.size()) / matrix.columns;
  std::vector<float> y(static_cast<size_t>(n * matrix.rows), kNaN);
  StoredProduct one{matrix.stored(), n, x.data(), residual, y.data()};
  multiplyStored(&one, 1);
  return y;
}

}  // namespace

TEST("rows are multiplied with the numbers that a matrix of each format stands for") {
  for (const Format format : kAllFormats) {
    for (const auto& [n, in, out] : kShapes) {
      const RandomMatrix matrix(format, out, in, 1);
      const std::vector<float> x = randomFloats(n * in, 2), residual = randomFloats(n * out, 3);
      const std::vector<double> expected = naiveProduct(toDoubles(x), in, matrix, 0, out);
      const std::vector<float> y = product(matrix, x);
      CHECK_CLOSE(y, expected, kTolerance);
      std::vector<float> sums = y;
      for (size_t i = 0; i < sums.size(); i++) sums[i] += residual[i];
      CHECK_SAME_BITS(product(matrix, x, residual.data()), sums);
    }
  }
}

TEST("a row's products have the bits that they have alone, among any others, and on any number of threads") {
  for (const Format format : kAllFormats) {
    for (const auto& [n, in, out] : kShapes) {
      const RandomMatrix matrix(format, out, in, 1);
      const std::vector<float> x = randomFloats(n * in, 2);
      checkRowsAlone(x, in, product(matrix, x), out, [&](const std::vector<float>& rows) { return product(matrix, rows); });
    }
    const RandomMatrix matrix(format, 700, 300, 1);
    const std::vector<float> x = randomFloats(200 * 300, 2);
    CHECK_SAME_FOR_ANY_THREADS([&] { return product(matrix, x); });
    CHECK_SAME_FOR_ANY_THREADS([&] { return product(matrix, rowsOf(x, 300, 1, 1)); });
  }
}

TEST("a row's products with some outputs are those with all") {
  for (const Format format : kAllFormats) {
    const RandomMatrix matrix(format, 50, 77, 1);
    const std::vector<float> x = randomFloats(9 * 77, 2), all = product(matrix, x);
    for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 1}, {3, 8}, {17, 33}, {49, 1}}) {
      std::vector<float> y(static_cast<size_t>(9 * count), kNaN), expected;
      StoredProduct some{matrix.stored().part(first, count), 9, x.data(), nullptr, y.data()};
      multiplyStored(&some, 1);
      for (int64_t i = 0; i < 9; i++) expected.insert(expected.end(), all.begin() + i * 50 + first, all.begin() + i * 50 + first + count);
      CHECK_SAME_BITS(y, expected);
    }
  }
}

TEST("several products at once are what each is alone") {
  const RandomMatrix matrices[] = {{Format::int8, 130, 96, 1}, {Format::f32, 1, 96, 2}, {Format::bf16, 300, 96, 3}};
  for (const int64_t n : {0, 1, 4, 70}) {
    const std::vector<float> x = randomFloats(n * 96, 4);
    std::vector<std::vector<float>> ys;
    for (const RandomMatrix& matrix : matrices) ys.emplace_back(static_cast<size_t>(n * matrix.rows), kNaN);
    std::vector<StoredProduct> products;
    for (size_t i = 0; i < 3; i++) products.push_back({matrices[i].stored(), n, x.data(), nullptr, ys[i].data()});
    multiplyStored(products.data(), 3);
    for (size_t i = 0; i < 3; i++) CHECK_SAME_BITS(ys[i], product(matrices[i], x));
  }
}

TEST("a NaN in a row reaches the products of that row only") {
  const RandomMatrix matrix(Format::int8, 30, 20, 1);
  std::vector<float> x = randomFloats(8 * 20, 2);
  x[3 * 20 + 19] = kNaN;
  const std::vector<float> y = product(matrix, x);
  for (size_t i = 0; i < y.size(); i++) CHECK(std::isnan(y[i]) == (i / 30 == 3));
}

TEST("stored grouped linear layers are the products of each group's rows with its own matrix") {
  const std::vector<int32_t> offsets{0, 3, 3, 20, 21, 90};
  const int64_t groups = 5, n = 90, in = 37, outs[] = {12, 41};
  for (const Format format : kAllFormats) {
    const RandomMatrix matrices[] = {{format, groups * outs[0], in, 1}, {Format::int8, groups * outs[1], in, 2}};
    const std::vector<float> x = randomFloats(n * in, 3);
    std::vector<float> ys[2];
    std::vector<StoredLayer> layers;
    for (size_t i = 0; i < 2; i++) ys[i].resize(static_cast<size_t>(n * outs[i]), kNaN);
    for (size_t i = 0; i < 2; i++) layers.push_back({matrices[i].stored(), ys[i].data()});
    storedGroupedLinear(groups, offsets.data(), x.data(), layers.data(), 2);
    for (size_t i = 0; i < 2; i++) {
      for (int64_t group = 0; group < groups; group++) {
        const int64_t begin = offsets[static_cast<size_t>(group)], rows = offsets[static_cast<size_t>(group + 1)] - begin;
        const std::vector<float> own = rowsOf(x, in, begin, rows), y = rowsOf(ys[i], outs[i], begin, rows);
        CHECK_CLOSE(y, naiveProduct(toDoubles(own), in, matrices[i], group * outs[i], outs[i]), kTolerance);
        std::vector<float> alone(y.size(), kNaN);
        StoredProduct one{matrices[i].stored().part(group * outs[i], outs[i]), rows, own.data(), nullptr, alone.data()};
        multiplyStored(&one, 1);
        CHECK_SAME_BITS(y, alone);
      }
    }
  }
}

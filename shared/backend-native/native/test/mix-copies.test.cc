/** @file Tests of sums of matrices with coefficients by row, and of the products of rows. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Sizes {
  int64_t n, d, inputs, outputs;
};

const Sizes kSizes[] = {{1, 1, 1, 1}, {3, 17, 4, 4}, {5, 64, 5, 4}, {300, 130, 2, 3}};

std::vector<std::vector<float>> randomMatrices(int64_t count, int64_t size, uint64_t seed) {
  std::vector<std::vector<float>> matrices;
  for (int64_t i = 0; i < count; i++) matrices.push_back(randomFloats(size, seed + static_cast<uint64_t>(i)));
  return matrices;
}

template <class Pointer>
std::vector<Pointer> pointers(std::vector<std::vector<float>>& matrices) {
  std::vector<Pointer> result;
  for (std::vector<float>& matrix : matrices) result.push_back(matrix.data());
  return result;
}

}  // namespace

TEST("rows are mixed by their own coefficients, in either order of the coefficients") {
  for (const auto [n, d, inputs, outputs] : kSizes) {
    std::vector<std::vector<float>> xs = randomMatrices(inputs, n * d, 1), ys = randomMatrices(outputs, n * d, 50);
    const std::vector<float> c = randomFloats(n * inputs * outputs, 99);
    for (const bool transposed : {false, true}) {
      const int64_t inputStride = transposed ? outputs : 1, outputStride = transposed ? 1 : inputs;
      mixRows(n, d, inputs, outputs, inputs * outputs, inputStride, outputStride, c.data(), pointers<const float*>(xs).data(),
              pointers<float*>(ys).data());
      for (int64_t i = 0; i < outputs; i++) {
        std::vector<double> expected(static_cast<size_t>(n * d));
        for (int64_t e = 0; e < n * d; e++) {
          for (int64_t j = 0; j < inputs; j++) {
            const float own = c[static_cast<size_t>(e / d * inputs * outputs + i * outputStride + j * inputStride)];
            expected[static_cast<size_t>(e)] += static_cast<double>(own) * xs[static_cast<size_t>(j)][static_cast<size_t>(e)];
          }
        }
        CHECK_CLOSE(ys[static_cast<size_t>(i)], expected, 1e-6);
      }
    }
  }
}

TEST("products of rows are those of every pair of matrices") {
  for (const auto [n, d, inputs, outputs] : kSizes) {
    std::vector<std::vector<float>> a = randomMatrices(outputs, n * d, 1), b = randomMatrices(inputs, n * d, 50);
    std::vector<float> products(static_cast<size_t>(n * outputs * inputs));
    rowProducts(n, d, outputs, inputs, pointers<const float*>(a).data(), pointers<const float*>(b).data(), products.data());
    std::vector<double> expected(products.size());
    for (int64_t row = 0; row < n; row++) {
      for (int64_t i = 0; i < outputs; i++) {
        for (int64_t j = 0; j < inputs; j++) {
          double& product = expected[static_cast<size_t>((row * outputs + i) * inputs + j)];
          for (int64_t k = row * d; k < (row + 1) * d; k++) {
            product += static_cast<double>(a[static_cast<size_t>(i)][static_cast<size_t>(k)]) *
                       b[static_cast<size_t>(j)][static_cast<size_t>(k)];
          }
        }
      }
    }
    CHECK_CLOSE(products, expected, 1e-5);
  }
}

TEST("mixed rows and products have the same bits on any number of threads") {
  CHECK_SAME_FOR_ANY_THREADS([] {
    std::vector<std::vector<float>> xs = randomMatrices(3, 500 * 70, 1), ys = randomMatrices(2, 500 * 70, 50);
    const std::vector<float> c = randomFloats(500 * 6, 9);
    mixRows(500, 70, 3, 2, 6, 1, 3, c.data(), pointers<const float*>(xs).data(), pointers<float*>(ys).data());
    std::vector<float> result(500 * 6);
    rowProducts(500, 70, 2, 3, pointers<const float*>(ys).data(), pointers<const float*>(xs).data(), result.data());
    return result;
  });
}

/** @file Tests of products with a factor for each position. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

std::vector<float> run(int64_t rows, int64_t s, int64_t d, const std::vector<float>& x, const std::vector<float>& factors) {
  std::vector<float> y(x.size(), kNaN);
  scalePositions(rows, s, d, x.data(), factors.data(), y.data());
  return y;
}

}  // namespace

TEST("every row is multiplied by the factor of its position, sequence by sequence") {
  struct Sizes {
    int64_t rows, s, d;
  };
  for (const auto& [rows, s, d] : {Sizes{1, 1, 1}, Sizes{6, 3, 17}, Sizes{4, 4, 64}, Sizes{700, 70, 33}, Sizes{2, 1, 20000}}) {
    const std::vector<float> x = randomFloats(rows * d, 1), factors = randomFloats(s, 2);
    std::vector<float> expected;
    for (int64_t i = 0; i < rows * d; i++) expected.push_back(x[static_cast<size_t>(i)] * factors[static_cast<size_t>(i / d % s)]);
    CHECK_SAME_BITS(run(rows, s, d, x, factors), expected);
  }
}

TEST("a NaN among factors reaches the rows of its position only") {
  const std::vector<float> y = run(6, 3, 5, std::vector<float>(30, 1), {1, kNaN, 2});
  for (size_t i = 0; i < y.size(); i++) CHECK(std::isnan(y[i]) == (i / 5 % 3 == 1));
}

TEST("products with factors of positions have the same bits on any number of threads") {
  CHECK_SAME_FOR_ANY_THREADS([] { return run(900, 90, 50, randomFloats(900 * 50, 1), randomFloats(90, 2)); });
}

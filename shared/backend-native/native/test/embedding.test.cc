/** @file Tests of embeddings and their gradient. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

struct Shape {
  int64_t n, d, vocabularySize;
};
const Shape kShapes[] = {{1, 1, 1}, {1, 17, 3}, {3, 3, 70}, {40, 64, 5}, {257, 288, 300}, {2000, 33, 1000}};

std::vector<double> naiveGradient(const Shape& shape, const std::vector<int32_t>& ids, const std::vector<float>& dY) {
  std::vector<double> dWeight(static_cast<size_t>(shape.vocabularySize * shape.d));
  for (int64_t i = 0; i < shape.n; i++) {
    for (int64_t j = 0; j < shape.d; j++) {
      const int64_t id = ids[static_cast<size_t>(i)];
      dWeight[static_cast<size_t>(id * shape.d + j)] += dY[static_cast<size_t>(i * shape.d + j)];
    }
  }
  return dWeight;
}

}  // namespace

TEST("an embedding copies the rows that the ids name") {
  for (const Shape& shape : kShapes) {
    const auto [n, d, vocabularySize] = shape;
    const std::vector<float> weight = randomFloats(vocabularySize * d, 1);
    const std::vector<int32_t> ids = randomIntegers(n, 2, 0, static_cast<int32_t>(vocabularySize));
    std::vector<float> y(static_cast<size_t>(n * d)), expected;
    for (const int32_t id : ids) {
      expected.insert(expected.end(), weight.begin() + id * d, weight.begin() + (id + 1) * d);
    }
    embedding(n, d, ids.data(), weight.data(), y.data());
    CHECK_SAME_BITS(y, expected);
  }
}

TEST("the gradient adds up the uses of each row, and is zero for rows without any") {
  for (const Shape& shape : kShapes) {
    const auto [n, d, vocabularySize] = shape;
    const std::vector<int32_t> ids = randomIntegers(n, 2, 0, static_cast<int32_t>(vocabularySize));
    const std::vector<float> dY = randomFloats(n * d, 3);
    std::vector<float> dWeight(static_cast<size_t>(vocabularySize * d), kNaN);
    embeddingGradient(n, d, vocabularySize, ids.data(), dY.data(), dWeight.data());
    CHECK_CLOSE(dWeight, naiveGradient(shape, ids, dY), 1e-5);  // at most some tens of additions of numbers below 1
  }
}

TEST("the uses of a row are added in their order") {
  // 1e8 + 3 is 1e8 + 0 or 8 in float32: other orders of these additions give other sums.
  const std::vector<float> dY = {1e8f, 3, 3, 3, -1e8f};
  const std::vector<int32_t> ids(5, 1);
  std::vector<float> dWeight(3);
  embeddingGradient(5, 1, 3, ids.data(), dY.data(), dWeight.data());
  volatile float expected = 0;
  for (const float x : dY) expected = expected + x;
  CHECK_SAME_BITS(dWeight, (std::vector<float>{0, expected, 0}));
}

TEST("without any tokens the gradient is zero") {
  std::vector<float> dWeight(12, kNaN);
  embeddingGradient(0, 4, 3, nullptr, nullptr, dWeight.data());
  CHECK_SAME_BITS(dWeight, std::vector<float>(12));
}

TEST("a NaN gradient reaches the row of its token only") {
  const std::vector<int32_t> ids = {4, 2, 4, 0};
  std::vector<float> dY(4 * 20, 1), dWeight(5 * 20);
  dY[20 + 3] = kNaN;
  embeddingGradient(4, 20, 5, ids.data(), dY.data(), dWeight.data());
  for (size_t i = 0; i < dWeight.size(); i++) CHECK(std::isnan(dWeight[i]) == (i == 2 * 20 + 3));
}

TEST("embeddings give the same bits on any number of threads") {
  const std::vector<int32_t> ids = randomIntegers(900, 2, 0, 500);
  const std::vector<float> dY = randomFloats(900 * 100, 3), weight = randomFloats(500 * 100, 4);
  CHECK_SAME_FOR_ANY_THREADS([&] {
    std::vector<float> y(dY.size());
    embedding(900, 100, ids.data(), weight.data(), y.data());
    return y;
  });
  CHECK_SAME_FOR_ANY_THREADS([&] {
    std::vector<float> dWeight(weight.size());
    embeddingGradient(900, 100, 500, ids.data(), dY.data(), dWeight.data());
    return dWeight;
  });
}

/** @file Tests of sums, multiples and the sum of squares. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

const int64_t kCounts[] = {0, 1, 3, 17, 64, 288, 16384, 16385, 50001};

double squares(const std::vector<std::vector<float>>& tensors) {
  std::vector<const float*> pointers;
  std::vector<int64_t> counts;
  for (const std::vector<float>& tensor : tensors) {
    pointers.push_back(tensor.data());
    counts.push_back(static_cast<int64_t>(tensor.size()));
  }
  return sumOfSquares(pointers.data(), counts.data(), static_cast<int64_t>(tensors.size()));
}

}  // namespace

TEST("add and scale compute what single float operations compute") {
  for (const int64_t count : kCounts) {
    const std::vector<float> a = randomFloats(count, 1), b = randomFloats(count, 2);
    std::vector<float> sum(a.size()), multiple(a.size()), expectedSum(a.size()), expectedMultiple(a.size());
    for (size_t i = 0; i < a.size(); i++) {
      expectedSum[i] = a[i] + b[i];
      expectedMultiple[i] = a[i] * 0.3f;
    }
    add(count, a.data(), b.data(), sum.data());
    scale(count, a.data(), 0.3f, multiple.data());
    CHECK_SAME_BITS(sum, expectedSum);
    CHECK_SAME_BITS(multiple, expectedMultiple);
  }
}

TEST("add and scale may write over an input") {
  const std::vector<float> a = randomFloats(100, 1), b = randomFloats(100, 2);
  std::vector<float> expected(100), inPlace = a;
  add(100, a.data(), b.data(), expected.data());
  add(100, inPlace.data(), b.data(), inPlace.data());
  CHECK_SAME_BITS(inPlace, expected);
  scale(100, a.data(), -2, expected.data());
  inPlace = a;
  scale(100, inPlace.data(), -2, inPlace.data());
  CHECK_SAME_BITS(inPlace, expected);
}

TEST("NaN and infinities pass through add and scale") {
  const std::vector<float> a = {kNaN, kInfinity, kInfinity, 1}, b = {1, 1, -kInfinity, kNaN};
  std::vector<float> y(4);
  add(4, a.data(), b.data(), y.data());
  CHECK_CLOSE(y, (std::vector<float>{kNaN, kInfinity, kNaN, kNaN}), 0);
  scale(4, a.data(), 0, y.data());
  CHECK_CLOSE(y, (std::vector<float>{kNaN, kNaN, kNaN, 0}), 0);
}

TEST("the sum of squares runs over all tensors, empty ones included") {
  std::vector<std::vector<float>> tensors;
  double expected = 0;
  for (const int64_t count : kCounts) {
    tensors.push_back(randomFloats(count, static_cast<uint64_t>(count)));
    for (const float x : tensors.back()) expected += static_cast<double>(x) * x;
  }
  // Doubles in another order: 68 000 roundings of 1e-16 at most.
  CHECK_CLOSE(squares(tensors), expected, 1e-11);
  CHECK(squares({}) == 0);
}

TEST("the sum of squares holds squares which no float can hold") {
  CHECK_CLOSE(squares({{3e30f, -4e30f}}) / 1e60, 25, 1e-6);  // 3e30f itself is exact to 3e-8
  CHECK_CLOSE(squares({{3e-30f, -4e-30f}}) * 1e60, 25, 1e-6);
}

TEST("the sum of squares is NaN with a NaN, and infinite with an infinity, wherever it is") {
  for (const size_t place : {0u, 70u, 16383u, 16384u, 16500u}) {
    std::vector<float> x = randomFloats(16501, 5);
    x[place] = kNaN;
    CHECK(std::isnan(squares({{1, 2}, x})));
    x[place] = -kInfinity;
    CHECK(squares({{1, 2}, x}) == kInfinity);
  }
}

TEST("a scaled sum adds its terms in their order, then scales") {
  for (const int64_t count : kCounts) {
    const std::vector<float> a = randomFloats(count, 1), b = randomFloats(count, 2), c = randomFloats(count, 3);
    const float* terms[] = {a.data(), b.data(), c.data()};
    for (const int64_t used : {1, 3}) {
      std::vector<float> y(a.size(), kNaN), expected;
      scaledSum(count, used, terms, 0.3f, y.data());
      for (size_t i = 0; i < a.size(); i++) expected.push_back((used == 1 ? a[i] : (a[i] + b[i]) + c[i]) * 0.3f);
      CHECK_SAME_BITS(y, expected);
    }
  }
}

TEST("elementwise kernels give the same bits on any number of threads") {
  const std::vector<float> a = randomFloats(70001, 1), b = randomFloats(70001, 2);
  CHECK_SAME_FOR_ANY_THREADS([&] {
    std::vector<float> y(a.size());
    add(70001, a.data(), b.data(), y.data());
    return y;
  });
  CHECK_SAME_FOR_ANY_THREADS([&] {
    const double total = squares({a, b, a});
    std::vector<float> halves(2);
    std::memcpy(halves.data(), &total, sizeof total);
    return halves;
  });
}

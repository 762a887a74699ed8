/** @file Tests of ranks and weights of logits. */
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

std::vector<int32_t> ranked(const std::vector<float>& x, int64_t count) {
  std::vector<int32_t> ids(static_cast<size_t>(count), -7);
  rankLogits(static_cast<int64_t>(x.size()), count, x.data(), ids.data());
  return ids;
}

std::vector<int32_t> sorted(const std::vector<float>& x, int64_t count) {
  std::vector<int32_t> ids(x.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) { return x[static_cast<size_t>(a)] > x[static_cast<size_t>(b)]; });
  ids.resize(static_cast<size_t>(count));
  return ids;
}

double total(const std::vector<float>& x, double largest, double temperature) {
  int32_t words[2];
  sumExponentials(static_cast<int64_t>(x.size()), x.data(), largest, temperature, words);
  double sum;
  std::memcpy(&sum, words, sizeof sum);
  return sum;
}

}  // namespace

TEST("the first in rank are those of a stable sort, however many are asked for") {
  for (const int64_t v : {1, 7, 64, 255, 256, 257, 2048, 5001, 32000}) {
    const std::vector<float> x = randomFloats(v, 3, -4, 4);
    for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{64}, v / 2, v}) {
      if (count >= 1 && count <= v) CHECK(ranked(x, count) == sorted(x, count));
    }
  }
}

TEST("of equal logits the first ones come first, 0 equals -0, and those that are excluded come last") {
  std::vector<float> x = randomFloats(3000, 1, -4, 4);
  for (float& each : x) each = std::round(each);
  x[2] = 0, x[3] = -0.0f;
  for (size_t id = 0; id < x.size(); id += 3) x[id] = -kInfinity;
  for (const int64_t count : {5, 500, 3000}) CHECK(ranked(x, count) == sorted(x, count));
  const std::vector<float> none(700, -kInfinity), same(700, 2);
  for (const auto& each : {none, same}) CHECK(ranked(each, 300) == sorted(each, 300));
}

TEST("where some logit is NaN, nothing has a rank") {
  for (const size_t place : {size_t{0}, size_t{100}, size_t{2900}, size_t{2999}}) {
    std::vector<float> x = randomFloats(3000, 1);
    x[place] = kNaN;
    CHECK(ranked(x, 3) == (std::vector<int32_t>{-1, -1, -1}));
  }
}

TEST("the sum of weights is that of exp, to some units in the last place") {
  for (const int64_t v : {1, 5, 8, 9, 31, 2048, 32001}) {
    std::vector<float> x = randomFloats(v, 5, -30, 0);
    x[static_cast<size_t>(v / 2)] = 1.5;
    x[static_cast<size_t>(v / 3)] = v > 3 ? -kInfinity : 1.5f;
    for (const double temperature : {1.0, 0.8, 2.5, 0.01, 1e-300}) {
      double expected = 0;
      for (const float each : x) expected += std::exp((each - 1.5) / temperature);
      const double sum = total(x, 1.5, temperature);
      CHECK(std::fabs(sum / expected - 1) < 1e-15 * std::sqrt(static_cast<double>(v)) + 1e-15);
    }
  }
}

TEST("a weight that float64's normal numbers do not hold is 0, a NaN stays one") {
  CHECK(total({0, -709}, 0, 1) == 1);
  CHECK(total({0, -1e38f}, 0, 1e-5) == 1);
  CHECK(std::isnan(total({0, kNaN}, 0, 1)));
}

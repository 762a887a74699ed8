/** @file Tests of where rows have their largest number. */
#include <algorithm>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

std::vector<float> placesOf(int64_t n, int64_t d, const std::vector<float>& x) {
  std::vector<float> places(static_cast<size_t>(n), kNaN);
  firstLargest(n, d, x.data(), places.data());
  return places;
}

}  // namespace

TEST("the largest number of a row is found wherever it is") {
  for (const int64_t d : {1, 7, 16, 33, 2048, 5001}) {
    const std::vector<float> x = randomFloats(3 * d, 1, -2, 2);
    std::vector<float> expected;
    for (auto row = x.begin(); row < x.end(); row += d) expected.push_back(static_cast<float>(std::max_element(row, row + d) - row));
    CHECK_SAME_BITS(placesOf(3, d, x), expected);
    for (const int64_t place : {int64_t{0}, d / 2, d - 1}) {
      std::vector<float> other(x.begin(), x.begin() + d);
      other[static_cast<size_t>(place)] = 5;
      CHECK_SAME_BITS(placesOf(1, d, other), std::vector<float>{static_cast<float>(place)});
    }
  }
}

TEST("of equal numbers the first one counts, and 0 equals -0") {
  std::vector<float> x(5000, -3);
  x[4100] = x[20] = x[4999] = -0.0f;
  x[30] = 0;
  CHECK_SAME_BITS(placesOf(1, 5000, x), std::vector<float>{20});
  CHECK_SAME_BITS(placesOf(2, 3, {-7, -7, -7, 1, 2, 2}), (std::vector<float>{0, 1}));
}

TEST("a row with a number that is not finite has no place, whichever one it is, and the other rows have theirs") {
  for (const float wrong : {kNaN, kInfinity, -kInfinity}) {
    for (const size_t place : {0, 5, 2050, 2999}) {
      std::vector<float> x = randomFloats(3 * 3000, 1);
      const std::vector<float> before = placesOf(3, 3000, x);
      x[3000 + place] = wrong;
      CHECK_SAME_BITS(placesOf(3, 3000, x), (std::vector<float>{before[0], -1, before[2]}));
    }
  }
}

/** @file Where each row has its largest number. */
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Numbers whose maximum is found before anybody looks where it is: the caches of the first level have them still. */
constexpr int64_t kBlock = 2048;

/** The largest of the numbers; NaN or infinite where one of them is. */
float largestOf(const float* x, int64_t count) {
  Vec largest = splat(-std::numeric_limits<float>::infinity()), zeros = splat(0);
  forEachVector(0, count, [&](int64_t j, auto lanes) {
    const Vec value = lanes.load(x + j, x[0]);
    zeros += value * splat(0);  // NaN where a number is not finite
    largest = value > largest ? value : largest;
  });
  float result = -std::numeric_limits<float>::infinity();
  for (int lane = 0; lane < kLanes; lane++) result = std::max(result, largest[lane]);
  return result + sum(zeros);
}

float firstLargestOf(const float* x, int64_t d) {
  float largest = -std::numeric_limits<float>::infinity();
  int64_t place = -1;
  for (int64_t begin = 0; begin < d; begin += kBlock) {
    const int64_t end = std::min(d, begin + kBlock);
    const float inBlock = largestOf(x + begin, end - begin);
    if (!std::isfinite(inBlock)) return -1;
    if (inBlock <= largest) continue;
    largest = inBlock;
    place = std::find(x + begin, x + end, inBlock) - x;
  }
  return static_cast<float>(place);
}

}  // namespace

void firstLargest(int64_t n, int64_t d, const float* x, float* places) {
  parallelRanges(n, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) places[row] = firstLargestOf(x + row * d, d);
  });
}

}  // namespace arrowsmith

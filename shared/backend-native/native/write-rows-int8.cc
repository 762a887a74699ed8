/** @file Rows that are quantized to int8 while they take the place of others in a table. */
#include <algorithm>
#include <cmath>
#include <cstring>

#include "int8-rows.h"
#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "simd.h"

namespace arrowsmith {
namespace {

typedef int32_t VecIntegers __attribute__((vector_size(kVectorBytes)));
typedef int8_t VecInt8 __attribute__((vector_size(kLanes)));

/** The largest magnitude of a value; −128 is left out, so that the code is symmetric. */
constexpr float kLargest = 127;
/** Below the smallest normal number a scale has too few bits to be divided by. */
constexpr float kSmallestScale = 0x1p-126f;

/** The nearest integers, halves away from zero. */
VecIntegers rounded(Vec x) {
  const VecIntegers whole = __builtin_convertvector(x, VecIntegers);
  const Vec rest = x - __builtin_convertvector(whole, Vec);
  return whole - (rest >= splat(0.5f)) + (rest <= splat(-0.5f));  // what is true is −1
}

/** max|x|, or NaN. */
float largestMagnitude(const float* x, int64_t d) {
  Vec largest = splat(0);
  forEachVector(0, d, [&](int64_t i, auto lanes) {
    const Vec value = lanes.load(x + i);
    largest = maximum(largest, value < splat(0) ? -value : value);
  });
  return maximum(largest);
}

/** A head of zeros has the scale 0; one with what is no finite number has a scale that is none either, so that it is not lost. */
void quantize(const float* x, int64_t d, int8_t* values, float& scale) {
  scale = largestMagnitude(x, d) / kLargest;
  if (!std::isfinite(scale) || scale < kSmallestScale) {
    if (scale < kSmallestScale) scale = 0;
    std::memset(values, 0, static_cast<size_t>(d));
    return;
  }
  const Vec divisor = splat(scale);
  forEachVector(0, d, [&](int64_t i, auto lanes) {
    const VecInt8 narrow = __builtin_convertvector(rounded(lanes.load(x + i) / divisor), VecInt8);
    std::memcpy(values + i, &narrow, static_cast<size_t>(std::min<int64_t>(kLanes, d - i)));
  });
}

}  // namespace

void writeRowsInt8(int64_t n, int64_t heads, int64_t headDim, const int32_t* at, const float* rows, const Int8Rows& table) {
  parallelRanges(n, rowsPerPiece(heads * headDim), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t head = 0; head < heads; head++) {
        quantize(rows + (i * heads + head) * headDim, headDim, table.head(at[i], head), table.scale(at[i], head));
      }
    }
  });
}

}  // namespace arrowsmith

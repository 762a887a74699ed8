/** @file A table of int8 rows for tests, and the numbers that its rows stand for by the formula. */
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "../int8-rows.h"
#include "../kernels.h"
#include "check.h"

namespace arrowsmith::test {

/** Rows with a word that is nobody's, and of two scales one that is a head's. */
struct Int8Table {
  int64_t slots, heads, headDim, rowWords, rowScales;
  std::vector<int32_t> words;
  std::vector<float> scales;

  Int8Table(int64_t slotCount, int64_t headCount, int64_t sizeOfHead)
      : slots(slotCount), heads(headCount), headDim(sizeOfHead), rowWords((headCount * sizeOfHead + 3) / 4 + 1), rowScales(2 * headCount) {
    words.assign(static_cast<size_t>(slots * rowWords), 0x55555555);
    scales.assign(static_cast<size_t>(slots * rowScales), 7);
  }

  Int8Rows rows() { return {heads, headDim, rowWords, rowScales, words.data(), scales.data()}; }

  /** Writes all of values[n, heads, headDim] from a slot on. */
  void write(int64_t first, const std::vector<float>& values) {
    std::vector<int32_t> at(values.size() / static_cast<size_t>(heads * headDim));
    for (size_t i = 0; i < at.size(); i++) at[i] = static_cast<int32_t>(first) + static_cast<int32_t>(i);
    writeRowsInt8(static_cast<int64_t>(at.size()), heads, headDim, at.data(), values.data(), rows());
  }
};

/** Of values[…, d]: scale · int8 with scale = max|x| / 127 of its d, halves away from zero. */
inline std::vector<float> nearestInt8(const std::vector<float>& values, int64_t d) {
  std::vector<float> nearest;
  for (auto head = values.begin(); head != values.end(); head += d) {
    float largest = 0;
    for (int64_t i = 0; i < d; i++) largest = std::max(largest, std::fabs(head[i]));
    const float scale = largest / 127;
    for (int64_t i = 0; i < d; i++) nearest.push_back(scale == 0 ? 0 : scale * std::round(head[i] / scale) + 0.0f);  // int8 has no −0
  }
  return nearest;
}

}  // namespace arrowsmith::test

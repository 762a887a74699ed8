/** @file Tests of rows that are made of what they differ by from others. */
#include <cstring>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Pairs of numbers of 16 bits, the first in the lower half. */
std::vector<int32_t> wordsOf(const std::vector<uint16_t>& numbers) {
  std::vector<int32_t> words(numbers.size() / 2);
  std::memcpy(words.data(), numbers.data(), 2 * numbers.size());
  return words;
}

std::vector<uint16_t> numbersOf(const std::vector<int32_t>& words) {
  std::vector<uint16_t> numbers(2 * words.size());
  std::memcpy(numbers.data(), words.data(), 4 * words.size());
  return numbers;
}

}  // namespace

TEST("a residual counts floats: from 1 three further, through zero, from the largest to infinity, round all 2^16") {
  // 1, the smallest negative number, the largest, −NaN with all bits; each twice.
  const std::vector<int32_t> x = wordsOf({0x3f80, 0x8001, 0x7f7f, 0xffff}), index{0, 0}, residual{-1, 0}, angle{0, 0};
  // +3; +3 (−1 and −0, 0, 1); +1; −1, which is beyond the least of all.
  const std::vector<int32_t> differences = wordsOf({3, 3, 1, 0x8000});
  std::vector<int32_t> y(4);
  addResidualsBf16(2, 1, 2, 1, 1, 0, 1, false, index.data(), residual.data(), angle.data(), x.data(), differences.data(), nullptr, nullptr,
                   y.data());
  const std::vector<uint16_t> expected{0x3f80, 0x8001, 0x7f7f, 0xffff, 0x3f83, 0x0001, 0x7f80, 0x7fff};
  CHECK(numbersOf(y) == expected);
}

TEST("a quarter of a turn makes (1, 2) and (3, 4) of one head (−3, −4, 1, 2) by halves, and (−2, 1, −4, 3) by neighbours; another head's rest stays") {
  const std::vector<int32_t> index{0, 0}, residual{-1, 0}, angle{0, 1};
  const std::vector<float> cos{1, 1, 0, 0}, sin{0, 0, 1, 1};
  const std::vector<int32_t> x = wordsOf({0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x7fc1}), differences(3);
  for (const bool interleaved : {false, true}) {
    std::vector<int32_t> y(6);
    addResidualsBf16(2, 1, 3, 1, 1, 2, 2, interleaved, index.data(), residual.data(), angle.data(), x.data(), differences.data(), cos.data(),
                     sin.data(), y.data());
    std::vector<uint16_t> expected = numbersOf(x);
    const std::vector<uint16_t> halves{0xc040, 0xc080, 0x3f80, 0x4000}, neighbours{0xc000, 0x3f80, 0xc080, 0x4040};
    const std::vector<uint16_t>& turned = interleaved ? neighbours : halves;
    expected.insert(expected.end(), turned.begin(), turned.end());
    expected.insert(expected.end(), {0x40a0, 0});  // what is not rotated, and 0 for NaN
    CHECK(numbersOf(y) == expected);
  }
}

/** @file Masks of tests: predicates, and the blocks that the kernels get of them. */
#pragma once
#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../kernels.h"
#include "../parallel.h"

namespace arrowsmith::test {

using Predicate = std::function<bool(int64_t query, int64_t key)>;

/** The blocks of a predicate for so many positions; kept where it was made, as it points into itself. */
struct PredicateMask : BlockMask {
  Predicate sees;
  std::vector<int32_t> entries, words;

  PredicateMask(int64_t positions, const Predicate& predicate) : BlockMask{pieces(positions, kMaskBlock), nullptr, nullptr}, sees(predicate) {
    for (int64_t i = 0; i < side; i++) {
      for (int64_t j = 0; j < side; j++) entries.push_back(entryOf(i * kMaskBlock, j * kMaskBlock));
    }
    table = entries.data();
    bitmaps = words.data();
  }
  PredicateMask(const PredicateMask&) = delete;

  int64_t bitmapCount() const { return static_cast<int64_t>(words.size()) / (2 * kMaskBlock); }

 private:
  int32_t entryOf(int64_t query, int64_t key) {
    std::vector<uint32_t> bits(2 * kMaskBlock);
    int64_t count = 0;
    for (int64_t i = 0; i < kMaskBlock; i++) {
      for (int64_t j = 0; j < kMaskBlock; j++) {
        if (!sees(query + i, key + j)) continue;
        bits[static_cast<size_t>(2 * i + j / 32)] |= 1u << (j % 32);
        count++;
      }
    }
    if (count == 0) return 0;
    if (count == kMaskBlock * kMaskBlock) return 1;
    words.insert(words.end(), bits.begin(), bits.end());
    return static_cast<int32_t>(bitmapCount() + 1);
  }
};

/** Predicates of every sort, by name. */
inline const std::map<std::string, Predicate> kPredicates{
    {"causal", [](int64_t q, int64_t k) { return k <= q; }},
    {"all", [](int64_t, int64_t) { return true; }},
    {"none", [](int64_t, int64_t) { return false; }},
    {"prefix", [](int64_t q, int64_t k) { return k <= q || k < 37; }},
    {"window", [](int64_t q, int64_t k) { return k <= q && q - k < 20; }},
    {"dilated", [](int64_t q, int64_t k) { return k <= q && (q - k) % 3 == 0; }},
    {"strided and local", [](int64_t q, int64_t k) { return k <= q && (q - k < 10 || k % 16 == 15); }},
    {"first and last", [](int64_t q, int64_t k) { return k <= q && (k < 4 || q - k < 30); }},
    {"future only", [](int64_t q, int64_t k) { return k > q; }},
    {"odd queries nothing", [](int64_t q, int64_t k) { return q % 2 == 0 && k <= q; }},
    {"blocks of 100 apart", [](int64_t q, int64_t k) { return k <= q && q / 100 % 3 == k / 100 % 3; }},
};

}  // namespace arrowsmith::test

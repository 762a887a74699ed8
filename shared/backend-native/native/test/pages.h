/** @file Sequences for tests of attention over pages: with all their queries, keys and values, and with these in blocks of a table. */
#pragma once
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "../kernels.h"
#include "check.h"
#include "masks.h"
#include "stored.h"

namespace arrowsmith::test {

/** What a call is made of but for where keys lie. */
struct PagesOptions {
  int64_t heads, keyHeads, headDim;
  int64_t window = 0, chunk = 0;
  float softCap = 0;
  const PredicateMask* mask = nullptr;

  int64_t bitmapCount() const { return mask == nullptr ? 0 : mask->bitmapCount(); }
};

/** Sequences with all their queries, keys and values, one after the other. */
struct Sequences {
  PagesOptions options;
  std::vector<int32_t> lengths;
  std::vector<float> q, k, v;

  Sequences(const PagesOptions& given, const std::vector<int32_t>& all) : options(given), lengths(all) {
    int64_t total = 0;
    for (const int32_t length : lengths) total += length;
    q = randomFloats(total * options.heads * options.headDim, 1, -2, 2);
    k = randomFloats(total * options.keyHeads * options.headDim, 2, -2, 2);
    v = randomFloats(total * options.keyHeads * options.headDim, 3);
  }

  int64_t queryRow() const { return options.heads * options.headDim; }
  int64_t keyRow() const { return options.keyHeads * options.headDim; }

  int64_t begin(size_t sequence) const {
    int64_t total = 0;
    for (size_t i = 0; i < sequence; i++) total += lengths[i];
    return total;
  }

  bool sees(int64_t query, int64_t key) const {
    if (options.mask != nullptr) return options.mask->sees(query, key);
    return key <= query && (options.window == 0 || key > query - options.window) &&
           (options.chunk == 0 || key >= query / options.chunk * options.chunk);
  }

  /** By the formula, for all queries. */
  std::vector<double> expected() const {
    std::vector<double> all(q.size());
    for (size_t s = 0; s < lengths.size(); s++) {
      for (int64_t i = 0; i < lengths[s]; i++) {
        for (int64_t head = 0; head < options.heads; head++) attend(s, i, head, all.data());
      }
    }
    return all;
  }

 private:
  void attend(size_t sequence, int64_t query, int64_t head, double* all) const {
    const int64_t d = options.headDim, keyHead = head * options.keyHeads / options.heads, first = begin(sequence);
    const int64_t at = (first + query) * queryRow() + head * d;
    std::vector<double> weights;
    double denominator = 0;
    for (int64_t key = 0; key < lengths[sequence]; key++) {
      double score = 0;
      const int64_t from = (first + key) * keyRow() + keyHead * d;
      for (int64_t i = 0; i < d; i++) score += static_cast<double>(q[static_cast<size_t>(at + i)]) * k[static_cast<size_t>(from + i)];
      score *= 0.25;
      if (options.softCap > 0) score = options.softCap * std::tanh(score / options.softCap);
      weights.push_back(sees(query, key) ? std::exp(score) : 0);
      denominator += weights.back();
    }
    for (int64_t key = 0; key < lengths[sequence] && denominator > 0; key++) {
      const int64_t from = (first + key) * keyRow() + keyHead * d;
      for (int64_t i = 0; i < d; i++) {
        all[at + i] += weights[static_cast<size_t>(key)] / denominator * v[static_cast<size_t>(from + i)];
      }
    }
  }
};

/** Some sequences' last queries, with keys and values in a table of random blocks; what nobody may read is NaN. */
struct Pages {
  const Sequences& all;
  int64_t blockSize, keyOffset = 3, valueOffset = 1, slots = 0;
  std::vector<size_t> chosen;
  std::vector<int32_t> queryOffsets{0}, lengths, blocks;
  std::vector<float> q, k, v;

  Pages(const Sequences& sequences, int64_t sizeOfBlocks, const std::vector<std::pair<size_t, int32_t>>& queries)
      : all(sequences), blockSize(sizeOfBlocks) {
    for (const auto& [sequence, count] : queries) {
      const int32_t length = all.lengths[sequence];
      chosen.push_back(sequence);
      lengths.push_back(length);
      queryOffsets.push_back(queryOffsets.back() + count);
      const std::vector<float> rows = rowsOf(all.q, all.queryRow(), all.begin(sequence) + length - count, count);
      q.insert(q.end(), rows.begin(), rows.end());
      for (int64_t block = 0; block < pieces(length, blockSize); block++) blocks.push_back(0);
    }
    std::vector<int32_t> places;
    for (size_t i = 0; i < blocks.size(); i++) places.push_back(static_cast<int32_t>(i));
    Random random(7);
    for (size_t i = places.size(); i > 1; i--) std::swap(places[i - 1], places[static_cast<size_t>(random.below(static_cast<int64_t>(i)))]);
    for (size_t i = 0; i < blocks.size(); i++) blocks[i] = static_cast<int32_t>(places[i] * blockSize);
    slots = static_cast<int64_t>(blocks.size()) * blockSize + std::max(keyOffset, valueOffset);
    k.assign(static_cast<size_t>(slots * all.keyRow()), kNaN);
    v = k;
    fill();
  }

  PagedAttention call() const {
    const PagesOptions& o = all.options;
    return {static_cast<int64_t>(lengths.size()), o.heads, o.keyHeads, o.headDim, slots, queryOffsets.data(), lengths.data(),
            blocks.data(), blockSize, keyOffset, valueOffset, 0.25f, o.window, o.chunk, o.softCap, q.data(), o.mask};
  }

  /** As {@link call}, with keys in the first half of a table and values in the second. */
  PagedAttention callOfOneTable() const {
    PagedAttention result = call();
    result.slots = 2 * slots;
    result.valueOffset += slots;
    return result;
  }

  std::vector<float> attend() const {
    checkPages("pagedAttention", call(), static_cast<int64_t>(blocks.size()), all.options.bitmapCount());
    std::vector<float> out(q.size(), kNaN);
    pagedAttention(call(), k.data(), v.data(), out.data());
    return out;
  }

  /** What the queries have of a result for all of them. */
  template <class Value>
  std::vector<Value> select(const std::vector<Value>& result) const {
    std::vector<Value> selected;
    for (size_t i = 0; i < chosen.size(); i++) {
      const int64_t count = queryOffsets[i + 1] - queryOffsets[i], end = all.begin(chosen[i]) + lengths[i];
      selected.insert(selected.end(), result.begin() + (end - count) * all.queryRow(), result.begin() + end * all.queryRow());
    }
    return selected;
  }

 private:
  void fill() {
    size_t first = 0;
    for (size_t i = 0; i < chosen.size(); i++) {
      const int64_t length = lengths[i], queries = queryOffsets[i + 1] - queryOffsets[i];
      bool isBlockSeen = false;
      for (int64_t key = 0; key < length; key++) {
        int32_t& block = blocks[first + static_cast<size_t>(key / blockSize)];
        bool isSeen = false;
        for (int64_t query = length - queries; query < length; query++) isSeen = isSeen || all.sees(query, key);
        // A block is freed when nobody sees any key of it any more.
        const bool isLast = key % blockSize == blockSize - 1;
        isBlockSeen = isSeen || (isBlockSeen && key % blockSize > 0);
        if (isSeen) {
          const int64_t slot = block + key % blockSize, from = (all.begin(chosen[i]) + key) * all.keyRow();
          std::copy_n(all.k.begin() + from, all.keyRow(), k.begin() + (slot + keyOffset) * all.keyRow());
          std::copy_n(all.v.begin() + from, all.keyRow(), v.begin() + (slot + valueOffset) * all.keyRow());
        } else if (isLast && !isBlockSeen) {
          block = -1;
        }
      }
      first += static_cast<size_t>(pieces(length, blockSize));
    }
  }
};

const PagesOptions kPagesOptions[] = {{1, 1, 1},         {4, 2, 8},           {6, 6, 48},          {6, 2, 20, 5},
                            {2, 1, 16, 300},   {4, 4, 7, 0, 4},     {3, 1, 33, 0, 270},  {2, 2, 64, 0, 0, 3},
                            {8, 1, 80, 1},     {2, 1, 16, 40, 100}, {1, 1, 128, 256, 256}};

/** Options of each predicate. */
inline std::vector<PagesOptions> maskedPagesOptions() {
  static auto& masks = *new std::map<std::string, PredicateMask>;
  std::vector<PagesOptions> all;
  for (const auto& [name, predicate] : kPredicates) {
    const PredicateMask& mask = masks.try_emplace(name, 700, predicate).first->second;
    for (PagesOptions options : {PagesOptions{4, 2, 8}, PagesOptions{3, 3, 20, 0, 0, 3}, PagesOptions{8, 1, 33}}) {
      options.mask = &mask;
      all.push_back(options);
    }
  }
  return all;
}

}  // namespace arrowsmith::test

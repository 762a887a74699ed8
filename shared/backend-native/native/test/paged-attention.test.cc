/** @file Tests of attention over keys and values in blocks of a table. */
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels.h"
#include "check.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** What a call is made of but for where keys lie. */
struct Options {
  int64_t heads, keyHeads, headDim;
  int64_t window = 0, chunk = 0;
  float softCap = 0;
};

/** Sequences with all their queries, keys and values, one after the other. */
struct Sequences {
  Options options;
  std::vector<int32_t> lengths;
  std::vector<float> q, k, v;

  Sequences(const Options& given, const std::vector<int32_t>& all) : options(given), lengths(all) {
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
    for (int64_t key = 0; key <= query; key++) {
      double score = 0;
      const int64_t from = (first + key) * keyRow() + keyHead * d;
      for (int64_t i = 0; i < d; i++) score += static_cast<double>(q[static_cast<size_t>(at + i)]) * k[static_cast<size_t>(from + i)];
      score *= 0.25;
      if (options.softCap > 0) score = options.softCap * std::tanh(score / options.softCap);
      weights.push_back(sees(query, key) ? std::exp(score) : 0);
      denominator += weights.back();
    }
    for (int64_t key = 0; key <= query; key++) {
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
    const Options& o = all.options;
    return {static_cast<int64_t>(lengths.size()), o.heads, o.keyHeads, o.headDim, slots, queryOffsets.data(), lengths.data(),
            blocks.data(), blockSize, keyOffset, valueOffset, 0.25f, o.window, o.chunk, o.softCap, q.data(), k.data(), v.data()};
  }

  std::vector<float> attend() const {
    checkPages(call(), static_cast<int64_t>(blocks.size()));
    std::vector<float> out(q.size(), kNaN);
    pagedAttention(call(), out.data());
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
      for (int64_t key = 0; key < length; key++) {
        int32_t& block = blocks[first + static_cast<size_t>(key / blockSize)];
        bool isSeen = false;
        for (int64_t query = length - queries; query < length; query++) isSeen = isSeen || all.sees(query, key);
        // A block is freed when nobody sees its last key any more.
        const bool isLast = key % blockSize == blockSize - 1;
        if (isSeen) {
          const int64_t slot = block + key % blockSize, from = (all.begin(chosen[i]) + key) * all.keyRow();
          std::copy_n(all.k.begin() + from, all.keyRow(), k.begin() + (slot + keyOffset) * all.keyRow());
          std::copy_n(all.v.begin() + from, all.keyRow(), v.begin() + (slot + valueOffset) * all.keyRow());
        } else if (isLast) {
          block = -1;
        }
      }
      first += static_cast<size_t>(pieces(length, blockSize));
    }
  }
};

const Options kOptions[] = {{1, 1, 1},         {4, 2, 8},           {6, 6, 48},          {6, 2, 20, 5},
                            {2, 1, 16, 300},   {4, 4, 7, 0, 4},     {3, 1, 33, 0, 270},  {2, 2, 64, 0, 0, 3},
                            {8, 1, 80, 1},     {2, 1, 16, 40, 100}, {1, 1, 128, 256, 256}};

std::string errorOf(const Pages& pages, int64_t blockCount) {
  try {
    checkPages(pages.call(), blockCount);
  } catch (const std::out_of_range& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST("queries attend to the keys of their own sequence that they see, wherever these lie") {
  for (const Options& options : kOptions) {
    const Sequences sequences(options, {70, 1, 600});
    const std::vector<double> expected = sequences.expected();
    for (const int64_t blockSize : {1, 16, 100}) {
      const Pages all(sequences, blockSize, {{0, 70}, {1, 1}, {2, 600}}), some(sequences, blockSize, {{2, 9}, {0, 1}, {2, 1}});
      CHECK_CLOSE(all.attend(), all.select(expected), 2e-6);
      CHECK_CLOSE(some.attend(), some.select(expected), 2e-6);
    }
  }
}

TEST("a query's bits do not depend on other queries, other sequences, blocks, or threads") {
  for (const Options& options : kOptions) {
    const Sequences sequences(options, {300, 1, 700});
    const Pages all(sequences, 16, {{0, 300}, {1, 1}, {2, 700}});
    const std::vector<float> expected = all.attend();
    CHECK_SAME_FOR_ANY_THREADS([&] { return all.attend(); });
    for (const int64_t blockSize : {1, 7, 256, 1000}) {
      const Pages some(sequences, blockSize, {{2, 1}, {0, 300}, {2, 13}});
      CHECK_SAME_BITS(some.attend(), some.select(expected));
      CHECK_SAME_FOR_ANY_THREADS([&] { return some.attend(); });
    }
    // As generation goes: the last query of each length.
    for (int32_t length = 1; length <= 700; length += length < 40 ? 1 : 37) {
      Sequences shorter = sequences;
      const Pages step(sequences, 16, {{2, 700 - length + 1}});
      const std::vector<float> rows = step.attend();
      shorter.lengths = {300, 1, length};
      const Pages one(shorter, 16, {{2, 1}});
      CHECK_SAME_BITS(one.attend(), rowsOf(rows, sequences.queryRow(), 0, 1));
    }
  }
}

TEST("a sequence without queries is passed over") {
  const Sequences sequences({4, 2, 8}, {30, 20, 10});
  const Pages pages(sequences, 4, {{0, 2}, {1, 0}, {2, 10}}), nobody(sequences, 4, {{1, 0}});
  CHECK_CLOSE(pages.attend(), pages.select(sequences.expected()), 2e-6);
  CHECK(nobody.attend().empty());
}

TEST("keys outside of the table, in freed blocks, or of too few blocks are refused") {
  const Sequences sequences({4, 2, 8}, {30, 20});
  const Pages pages(sequences, 4, {{0, 2}, {1, 20}});
  CHECK(errorOf(pages, 13).empty());
  CHECK(errorOf(pages, 12).find("blocks must have 13 elements") != std::string::npos);
  CHECK(errorOf(pages, 14).find("blocks must have 13 elements") != std::string::npos);
  Pages freed = pages;
  freed.blocks[9] = -1;
  CHECK(errorOf(freed, 13).find("blocks[9] must not be freed: the sequence 1 sees keys from 0 on") != std::string::npos);
  Pages beyond = pages;
  beyond.blocks[7] = static_cast<int32_t>(beyond.slots - beyond.keyOffset - 2);  // of which 2 keys are used
  CHECK(errorOf(beyond, 13).empty());
  beyond.blocks[7]++;
  CHECK(errorOf(beyond, 13).find("blocks[7] with keyOffset 3") != std::string::npos);
  Pages shorter = pages;
  shorter.lengths[1] = 19;
  CHECK(errorOf(shorter, 13).find("lengths[1] must be at least its 20 queries, not 19") != std::string::npos);
}

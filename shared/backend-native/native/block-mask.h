/**
 * @file Masks in blocks as attention reads them: for a query, which of the 64 keys from any position on it sees, as bits of a word. Blocks without a
 * bitmap are words without a look into memory, and what no query of several sees is left out by whole words.
 */
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "gemm.h"
#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {

/** Positions [begin, end) of keys. */
struct KeyRange {
  int64_t begin, end;
};

/** Keys of which a word says whether they are seen. */
constexpr int64_t kWordKeys = 64;
static_assert(kWordKeys == kMaskBlock && kWordKeys % kLanes == 0);

/** Words for so many keys. */
inline int64_t wordsOf(int64_t keys) { return pieces(keys, kWordKeys); }

/** A word's first bits: none of fewer than one, all of more than there are. */
inline uint64_t firstBits(int64_t count) {
  return count >= kWordKeys ? ~uint64_t{0} : count <= 0 ? 0 : (uint64_t{1} << count) - 1;
}

/** What one query sees. */
class SeenKeys {
 public:
  /** @param document the keys of the query's document, which its and their positions are counted from in the mask */
  SeenKeys(const BlockMask& mask, int64_t position, KeyRange document)
      : entries_(mask.table + (position - document.begin) / kMaskBlock * mask.side),
        columns_(pieces(document.end - document.begin, kMaskBlock)),
        bits_(mask.bitmaps + (position - document.begin) % kMaskBlock * 2),
        document_(document) {}

  /** Bit i says whether the query sees key `first` + i. */
  uint64_t from(int64_t first) const {
    const int64_t key = first - document_.begin, block = key >> 6, shift = key & 63;
    const uint64_t bits = shift == 0 ? word(block) : word(block) >> shift | word(block + 1) << (kWordKeys - shift);
    return bits & firstBits(document_.end - first) & ~firstBits(-key);
  }

  /** {@link from} for all keys of a range. */
  void read(KeyRange range, uint64_t* words) const {
    for (int64_t key = range.begin; key < range.end; key += kWordKeys) *words++ = from(key) & firstBits(range.end - key);
  }

  /** From the first to the last key of blocks that are not empty; of the largest number to 0 where there are none. */
  KeyRange inBlocks() const {
    const auto isThere = [](int32_t entry) { return entry != 0; };
    const int32_t* const end = entries_ + columns_;
    const int32_t* const first = std::find_if(entries_, end, isThere);
    if (first == end) return {std::numeric_limits<int64_t>::max(), 0};
    const int32_t* last = end;
    while (!isThere(last[-1])) last--;
    const auto keyOf = [&](const int32_t* entry) { return document_.begin + (entry - entries_) * kMaskBlock; };
    return {keyOf(first), std::min(document_.end, keyOf(last))};
  }

  bool hasBlocksOf(const SeenKeys& other) const { return entries_ == other.entries_ && document_.begin == other.document_.begin; }

 private:
  const int32_t* entries_;
  int64_t columns_;
  const int32_t* bits_;
  KeyRange document_;

  uint64_t word(int64_t block) const {
    const int32_t entry = block < 0 || block >= columns_ ? 0 : entries_[block];
    if (entry < 2) return entry == 0 ? 0 : ~uint64_t{0};
    uint64_t bits;
    std::memcpy(&bits, bits_ + (entry - 2) * 2 * kMaskBlock, sizeof bits);
    return bits;
  }
};

/** What the blocks cover that queries [first, last) see anything of; `seenBy` says what each sees. The first key where they see none. */
template <class SeenBy>
KeyRange keysInBlocks(int64_t first, int64_t last, SeenBy&& seenBy) {
  SeenKeys seen = seenBy(first);
  KeyRange all = seen.inBlocks();
  for (int64_t query = first + 1; query < last; query++) {
    const SeenKeys before = std::exchange(seen, seenBy(query));
    if (seen.hasBlocksOf(before)) continue;
    const KeyRange own = seen.inBlocks();
    all = {std::min(all.begin, own.begin), std::max(all.end, own.end)};
  }
  return all.begin < all.end ? all : KeyRange{0, 1};
}

/** all |= words */
inline void addWords(const uint64_t* words, int64_t count, uint64_t* all) {
  for (int64_t w = 0; w < count; w++) all[w] |= words[w];
}

/** Calls `each` for what there is between words without a bit: from a multiple of kPanelColumns, where a product may begin, to behind the last bit. */
template <class Each>
void forEachSegment(const uint64_t* words, int64_t count, Each&& each) {
  for (int64_t w = 0; w < count;) {
    const int64_t first = w;
    while (w < count && words[w] != 0) w++;
    if (w > first) {
      const int64_t begin = first * kWordKeys + __builtin_ctzll(words[first]);
      each(KeyRange{begin / kPanelColumns * kPanelColumns, w * kWordKeys - __builtin_clzll(words[w - 1])});
    } else {
      w++;
    }
  }
}

/** Calls `each` for the runs of keys that are seen. */
template <class Each>
void forEachRun(const uint64_t* words, int64_t count, Each&& each) {
  const int64_t end = count * kWordKeys;
  // The first key from `key` on that is seen, or is not.
  const auto next = [&](int64_t key, bool isSeen) {
    while (key < end) {
      const uint64_t bits = (isSeen ? words[key / kWordKeys] : ~words[key / kWordKeys]) >> (key % kWordKeys);
      if (bits != 0) return key + __builtin_ctzll(bits);
      key = (key / kWordKeys + 1) * kWordKeys;
    }
    return end;
  };
  for (int64_t begin = next(0, true); begin < end;) {
    const int64_t behind = next(begin, false);
    each(KeyRange{begin, behind});
    begin = next(behind, true);
  }
}

/** Puts `replacement` in the place of what a row has of keys that are not seen; whole vectors from a segment's begin on. */
inline void replaceUnseen(float* row, KeyRange segment, const uint64_t* words, float replacement) {
  VecBits bitOfLane;
  for (int i = 0; i < kLanes; i++) bitOfLane[i] = 1u << i;
  for (int64_t j = segment.begin; j < segment.end; j += kLanes) {
    const uint64_t word = words[j / kWordKeys];
    if (word == ~uint64_t{0}) continue;
    const uint32_t bits = static_cast<uint32_t>(word >> (j % kWordKeys));
    const VecBits seen = (VecBits{} + bits) & bitOfLane;
    store(row + j, seen != VecBits{} ? load(row + j) : splat(replacement));
  }
}

}  // namespace arrowsmith

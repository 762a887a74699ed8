/** @file The keys and values that rows of queries see in blocks of a table: which, and where they lie. */
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "attention-mask.h"
#include "dot-tile.h"
#include "kernels.h"
#include "stored-matrix.h"

namespace arrowsmith {

/** Keys in a piece. */
constexpr int64_t kPieceKeys = 256;
/** In place of the first slot of a block whose keys nobody sees any more. */
constexpr int64_t kFreedBlock = -1;

/** The keys that a query at a position sees. */
inline KeyRange visibleKeysAt(const PagedAttention& call, int64_t position) {
  int64_t begin = 0;
  if (call.window > 0) begin = std::max(begin, position - call.window + 1);
  if (call.chunk > 0) begin = std::max(begin, position / call.chunk * call.chunk);
  return {begin, position + 1};
}

/** What a query at a position sees by the mask, of so many keys. */
inline SeenKeys maskedKeysAt(const PagedAttention& call, int64_t length, int64_t position) { return {*call.mask, position, {0, length}}; }

/** One sequence of a call. */
struct Sequence {
  /** Its first row of q, and how many it has. */
  int64_t firstQuery, queries;
  /** Keys, the queries' own included. */
  int64_t length;
  const int32_t* blocks;
};

/** Rows of a sequence that share keys: number i is query i / group, with the head i % group of those that go with the key head. */
struct Rows {
  const PagedAttention& call;
  Sequence sequence;
  int64_t keyHead, first, count;

  int64_t group() const { return call.heads / call.keyHeads; }

  /** Of row i, in q and in the result. */
  int64_t at(int64_t i) const {
    const int64_t row = first + i, query = sequence.firstQuery + row / group(), head = keyHead * group() + row % group();
    return (query * call.heads + head) * call.headDim;
  }

  int64_t position(int64_t i) const { return sequence.length - sequence.queries + (first + i) / group(); }

  /** All keys that any of these rows sees lie within these. */
  KeyRange seen() const {
    if (call.mask == nullptr) return {visible(0).begin, visible(count - 1).end};
    return keysInBlocks(position(0), position(count - 1) + 1, [&](int64_t at) { return maskedKeysAt(call, sequence.length, at); });
  }

  /** The keys that row i sees where there is no mask. */
  KeyRange visible(int64_t i) const { return visibleKeysAt(call, position(i)); }

  /** `count` of these rows. */
  Rows part(int64_t from, int64_t many) const { return {call, sequence, keyHead, first + from, many}; }
};

inline KeyRange within(KeyRange range, int64_t begin, int64_t end) { return {std::max(range.begin, begin), std::min(range.end, end)}; }

/** Keys and values of float32, k and v[slots, n_kv, h_d]. */
struct FloatTables {
  using Elements = F32Elements;
  static constexpr bool kHasScales = false;
  const float *k, *v;
  int64_t keyHeads, headDim;

  const float* key(int64_t slot, int64_t head) const { return k + (slot * keyHeads + head) * headDim; }
  const float* value(int64_t slot, int64_t head) const { return v + (slot * keyHeads + head) * headDim; }
};

/** Keys and values in one table of int8. */
struct Int8Tables {
  using Elements = Int8Elements;
  static constexpr bool kHasScales = true;
  Int8Rows rows;

  const int8_t* key(int64_t slot, int64_t head) const { return rows.head(slot, head); }
  const int8_t* value(int64_t slot, int64_t head) const { return rows.head(slot, head); }
  float scale(int64_t slot, int64_t head) const { return rows.scale(slot, head); }
};

/** The keys and values of a piece, or of the part of it that is looked at. */
template <class Tables>
struct Piece {
  using Element = typename Tables::Elements::Element;
  int64_t begin;
  const Element* keys[kPieceKeys];
  const Element* values[kPieceKeys];
  /** What they are to be multiplied by, where the tables have scales. */
  alignas(64) float keyScales[kPieceKeys];
  alignas(64) float valueScales[kPieceKeys];
  /** With a mask, how many keys there are: those only that rows see, without gaps, so that a row's sums are the same whatever others see. */
  int64_t seen = 0;

  /** Which of the keys a row sees, counted from `begin`. */
  KeyRange seenBy(const Rows& rows, int64_t row) const {
    if (rows.call.mask != nullptr) return {0, seen};
    const KeyRange range = within(rows.visible(row), begin, begin + kPieceKeys);
    return {range.begin - begin, range.end - begin};
  }
};

/** Asks for a head's lines, which lie further from those of the next key than the processor foresees. */
template <class Element>
void prefetchHead(const Element* head, int64_t headDim) {
  constexpr int64_t kLineElements = 64 / sizeof(Element);
  for (int64_t i = 0; i < headDim; i += kLineElements) __builtin_prefetch(head + i);
  __builtin_prefetch(head + headDim - 1);
}

/** Finds the keys [range.begin, range.end) of a sequence, of the piece that begins at `begin`. */
template <class Tables>
inline __attribute__((always_inline)) void findKeys(const Rows& rows, const Tables& tables, int64_t begin, KeyRange range, Piece<Tables>& piece) {
  const PagedAttention& call = rows.call;
  const int64_t head = rows.keyHead;
  piece.begin = begin;
  for (int64_t j = range.begin; j < range.end;) {
    const int64_t block = j / call.blockSize, end = std::min(range.end, (block + 1) * call.blockSize);
    int64_t slot = rows.sequence.blocks[block] + j % call.blockSize;
    for (; j < end; j++, slot++) {
      const int64_t key = slot + call.keyOffset, value = slot + call.valueOffset;
      piece.keys[j - begin] = tables.key(key, head);
      piece.values[j - begin] = tables.value(value, head);
      prefetchHead(piece.keys[j - begin], call.headDim);
      prefetchHead(piece.values[j - begin], call.headDim);
      if constexpr (Tables::kHasScales) {
        piece.keyScales[j - begin] = tables.scale(key, head);
        piece.valueScales[j - begin] = tables.scale(value, head);
      }
    }
  }
}

/** Finds the keys that row `first` sees of the piece that begins at `begin`. @return how many rows from there on see the same, kDotRows at most */
template <class Tables>
__attribute__((noinline)) int64_t findSeenKeys(const Rows& rows, const Tables& tables, int64_t first, int64_t begin, Piece<Tables>& piece) {
  using Words = std::array<uint64_t, kPieceKeys / kWordKeys>;
  const auto seenBy = [&](int64_t row) {
    Words words;
    maskedKeysAt(rows.call, rows.sequence.length, rows.position(row)).read({begin, begin + kPieceKeys}, words.data());
    return words;
  };
  const Words words = seenBy(first);
  piece.seen = 0;
  forEachRun(words.data(), kPieceKeys / kWordKeys, [&](KeyRange run) {
    // As if the piece began where the run's first key comes behind those before it.
    findKeys(rows, tables, begin + run.begin - piece.seen, {begin + run.begin, begin + run.end}, piece);
    piece.seen += run.end - run.begin;
  });
  piece.begin = begin;
  int64_t count = 1;
  while (count < kDotRows && first + count < rows.count &&
         (rows.position(first + count) == rows.position(first) || seenBy(first + count) == words)) {
    count++;
  }
  return count;
}

}  // namespace arrowsmith

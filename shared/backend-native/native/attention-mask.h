/**
 * @file Which keys a query sees, and the row operations on blocks of scores that attention's forward and backward
 * pass share.
 *
 * A block of scores belongs to some queries in succession and to the range of keys that any of them sees. Its rows
 * are computed for the whole range, and what a query does not see is set to zero once scores have become
 * probabilities.
 */
#pragma once
#include <algorithm>
#include <cstdint>

#include "block-mask.h"
#include "block.h"
#include "gemm.h"
#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {

constexpr float kLog2E = 1.44269504088896341f;
constexpr float kLn2 = 0.693147180559945309f;

/** The shape for one of the sequences: `documentOffsets` are its own. */
inline AttentionShape ofSequence(AttentionShape shape, int64_t sequence) {
  if (shape.documentOffsets != nullptr) shape.documentOffsets += sequence * shape.sKv;
  return shape;
}

/** The keys that a query of the shape's sequence sees where there is no mask: never none, as each sees itself. Both ends grow with the query. */
inline KeyRange visibleKeys(const AttentionShape& shape, int64_t query) {
  const int64_t position = query + shape.sKv - shape.s;
  int64_t begin = 0;
  if (shape.window > 0) begin = std::max(begin, position - shape.window + 1);
  if (shape.chunk > 0) begin = std::max(begin, position / shape.chunk * shape.chunk);
  if (shape.documentOffsets != nullptr) begin = std::max<int64_t>(begin, shape.documentOffsets[position]);
  return {begin, position + 1};
}

/** What a query of the shape's sequence sees by its mask. */
inline SeenKeys maskedKeys(const AttentionShape& shape, int64_t query) {
  const int64_t position = query + shape.sKv - shape.s;
  KeyRange document{0, shape.sKv};
  if (const int32_t* const offsets = shape.documentOffsets; offsets != nullptr) {
    document = {offsets[position], std::upper_bound(offsets + position, offsets + shape.sKv, offsets[position]) - offsets};
  }
  return {*shape.mask, position, document};
}

/** All keys that any of the queries [first, last) sees lie within these. */
inline KeyRange keysOf(const AttentionShape& shape, int64_t first, int64_t last) {
  if (shape.mask == nullptr) return {visibleKeys(shape, first).begin, visibleKeys(shape, last - 1).end};
  return keysInBlocks(first, last, [&](int64_t query) { return maskedKeys(shape, query); });
}

inline int64_t roundDown(int64_t x, int64_t unit) { return x / unit * unit; }
inline int64_t roundUp(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

/**
 * The keys that queries [first, last) see together, counted from `origin`, where packed keys begin. The start is
 * moved down to where a product with packed keys may start.
 */
inline KeyRange keysOfQueries(const AttentionShape& shape, int64_t first, int64_t last, int64_t origin) {
  const int64_t begin = visibleKeys(shape, first).begin - origin;
  return {roundDown(begin, kPanelColumns), visibleKeys(shape, last - 1).end - origin};
}

/**
 * Distance between rows of a block of scores: room for whole vectors, and never a power of two, with which rows would
 * compete for the same few places in the first-level cache.
 */
inline int64_t scoreStride(int64_t keys) { return roundUp(keys, 64) + 16; }

/** Hands out parts of this thread's memory for packed operands. */
class PackedOperands {
 public:
  explicit PackedOperands(size_t bytes) : next_(static_cast<char*>(scratchBytes(Scratch::attentionPacked, bytes))) {}

  PackedB take(Precision precision, int64_t k, int64_t n) {
    const PackedB packed{precision, k, n, next_};
    next_ += packedBytes(precision, k, n);
    return packed;
  }

 private:
  char* next_;
};

/** Scores of some queries with all keys of a range; whole vectors are written beyond its end. `next` is asked for meanwhile. */
inline void multiplyQueries(int64_t queries, const float* rows, int64_t strideRows, const PackedB& keys, KeyRange range,
                            float* scores, int64_t strideScores, ReadNext* next) {
  const int64_t end = roundUp(range.end, kLanes);  // packed keys are zeros up to a panel's end
  multiplyInBlocks({queries, range.begin, end, scores, nullptr, strideScores, next, true}, {rows, strideRows, false}, keys, 0, keys.k);
}

/**
 * 2^x for x ≤ 1, to about one unit in the last place, 0 below −126 (no subnormal results), NaN for NaN. Cheaper than
 * {@link exponential}, whose range is larger. The polynomial is the minimax one of relative error with p(0) = 1.
 */
inline Vec powerOfTwo(Vec x) {
  // Adding and subtracting 1.5 · 2^23 rounds to the nearest integer, which then also stands in the sum's lowest bits.
  const Vec magic = splat(12582912.0f);
  const Vec shifted = x + magic;
  const Vec fraction = x - (shifted - magic);
  Vec p = splat(1.3264727247e-3f);
  p = p * fraction + splat(9.6715126882e-3f);
  p = p * fraction + splat(5.5507337436e-2f);
  p = p * fraction + splat(2.4022242085e-1f);
  p = p * fraction + splat(6.9314697760e-1f);
  p = p * fraction + splat(1.0f);
  // Unsigned, so that what is too small for an exponent wraps around before it is replaced by 0.
  const VecBits result = reinterpret_cast<VecBits>(p) + (reinterpret_cast<VecBits>(shifted) << 23);
  return x < splat(-126.0f) ? splat(0.0f) : reinterpret_cast<Vec>(result);
}

/**
 * From products q · k to exponents of two. With a soft cap, products become tanh(product · toCapped) first. The scale
 * is positive: the largest product has the largest score.
 */
struct ScoreScale {
  float toExponent;
  /** 0 without a cap. */
  float toCapped;

  explicit ScoreScale(const AttentionShape& shape)
      : toExponent((shape.softCap > 0 ? shape.softCap : shape.scale) * kLog2E),
        toCapped(shape.softCap > 0 ? shape.scale / shape.softCap : 0) {}

  bool capped() const { return toCapped != 0; }
};

/** tanh(row · scale.toCapped) on [begin, end). */
inline void capRow(float* row, int64_t begin, int64_t end, const ScoreScale& scale) {
  forEachVector(begin, end, [&](int64_t j, auto lanes) {
    lanes.store(row + j, hyperbolicTangent(lanes.load(row + j) * splat(scale.toCapped)));
  });
}

/** Σ a · b. */
inline float dot(const float* a, const float* b, int64_t count) {
  Vec total{};
  forEachVector(0, count, [&](int64_t i, auto lanes) { total += lanes.load(a + i) * lanes.load(b + i); });
  return sum(total);
}

/** Zeros in the first d columns of rows. */
inline void clearRows(float* rows, int64_t count, int64_t stride, int64_t d) {
  for (int64_t i = 0; i < count; i++) std::fill_n(rows + i * stride, d, 0.0f);
}

/** Zeros in front of and behind what a row's query sees. */
inline void clearInvisible(float* row, int64_t begin, int64_t end, int64_t width) {
  std::fill(row, row + begin, 0.0f);
  std::fill(row + end, row + width, 0.0f);
}

}  // namespace arrowsmith

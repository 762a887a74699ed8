/**
 * @file Attention's forward pass, without a matrix of all scores: a few queries at a time, the scores of the keys
 * that they see are computed, made into probabilities and multiplied with the values while they are in the cache.
 */
#include <algorithm>
#include <cmath>
#include <cstring>

#include "attention-mask.h"
#include "block.h"
#include "dry-run.h"
#include "kernels.h"
#include "parallel.h"
#include "rope.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Queries in a block: few, since the block is computed up to the last one's position for all of them. */
constexpr int64_t kBlockQueries = 24;
/** Queries in a piece of work, at most; each piece packs the keys and values that it needs. */
constexpr int64_t kPieceQueries = 512;
constexpr int64_t kLeastPieceQueries = 4 * kBlockQueries;
/** Pieces that keep several threads busy. */
constexpr int64_t kEnoughPieces = 16;
/** For fewer queries, packing keys and values would cost more than the products; these stay in float32. */
constexpr int64_t kFewQueries = 3;

/** One sequence's and one head's matrices; the distances between rows are those of all heads. */
struct Head {
  const float* q;
  const float* k;
  const float* v;
  float* out;
  float* logSumExp;
  int64_t stride, kvStride;
};

struct Heads {
  const AttentionShape& shape;
  const float* q;
  const float* k;
  const float* v;
  float* out;
  float* logSumExp;

  Head at(int64_t sequence, int64_t head) const {
    const int64_t kvHead = head / (shape.heads / shape.kvHeads);
    const int64_t stride = shape.heads * shape.headDim, kvStride = shape.kvHeads * shape.headDim;
    const int64_t start = sequence * shape.s * stride + head * shape.headDim;
    const int64_t kvStart = sequence * shape.sKv * kvStride + kvHead * shape.headDim;
    return {q + start,
            k + kvStart,
            v + kvStart,
            out + start,
            logSumExp + (sequence * shape.heads + head) * shape.s,
            stride,
            kvStride};
  }
};

/** The largest of row[begin … end); where there is a NaN, any number. */
float largest(const float* row, int64_t begin, int64_t end) {
  const float low = -__builtin_inff();
  Vec all[4] = {splat(low), splat(low), splat(low), splat(low)};
  for (; begin + 4 * kLanes <= end; begin += 4 * kLanes) {
    for (int i = 0; i < 4; i++) {
      const Vec x = load(row + begin + i * kLanes);
      all[i] = x > all[i] ? x : all[i];
    }
  }
  forEachVector(begin, end, [&](int64_t j, auto lanes) {
    const Vec x = lanes.load(row + j, low);
    all[0] = x > all[0] ? x : all[0];
  });
  for (int i = 0; i < 2; i++) all[i] = all[i] > all[i + 2] ? all[i] : all[i + 2];
  return largestLane(all[0] > all[1] ? all[0] : all[1]);
}

/** row = 2^(row · factor − shift) on [begin, end); returns the sum. */
float exponentiate(float* row, int64_t begin, int64_t end, float factor, float shift) {
  Vec sums[2] = {};
  const auto one = [&](int64_t j, auto lanes) {
    const Vec power = powerOfTwo(lanes.load(row + j, -__builtin_inff()) * splat(factor) - splat(shift));
    lanes.store(row + j, power);
    return power;
  };
  for (; begin + 2 * kLanes <= end; begin += 2 * kLanes) {
    sums[0] += one(begin, AllLanes{});
    sums[1] += one(begin + kLanes, AllLanes{});
  }
  forEachVector(begin, end, [&](int64_t j, auto lanes) { sums[0] += one(j, lanes); });
  return sum(sums[0] + sums[1]);
}

/** Of the softmax of a row: the largest exponent of two, which is taken off, and the sum of the numerators, the largest of which is 1. */
struct Softmax {
  float shift, denominator;
};

/** Numerators of the softmax of a row of products on [begin, end). */
Softmax softmaxRow(float* row, int64_t begin, int64_t end, const ScoreScale& scale) {
  if (scale.capped()) capRow(row, begin, end, scale);
  const float shift = largest(row, begin, end) * scale.toExponent;
  return {shift, exponentiate(row, begin, end, scale.toExponent, shift)};
}

/**
 * {@link softmaxRow} of the keys that `seen` says, in segments outside of which no query of the block sees any. Of no key the sum is 1, and all numerators 0.
 */
Softmax softmaxOfSeen(float* row, const uint64_t* seen, const uint64_t* seenByBlock, int64_t words, const ScoreScale& scale) {
  const auto eachSegment = [&](auto&& each) { forEachSegment(seenByBlock, words, each); };
  if (std::all_of(seen, seen + words, [](uint64_t bits) { return bits == 0; })) {
    eachSegment([&](KeyRange keys) { std::fill(row + keys.begin, row + keys.end, 0.0f); });
    return {-__builtin_inff(), 1};
  }
  float top = -__builtin_inff(), total = 0;
  eachSegment([&](KeyRange keys) {
    if (scale.capped()) capRow(row, keys.begin, keys.end, scale);
    replaceUnseen(row, keys, seen, -__builtin_inff());
    top = std::max(top, largest(row, keys.begin, keys.end));
  });
  const float shift = top * scale.toExponent;
  eachSegment([&](KeyRange keys) { total += exponentiate(row, keys.begin, keys.end, scale.toExponent, shift); });
  return {shift, total};
}

/** ln Σ e^score of some rows, of their shifts and denominators. */
void logSumExps(int64_t rows, const float* shifts, const float* denominators, float* results) {
  forEachVector(0, rows, [&](int64_t i, auto lanes) {
    lanes.store(results + i, lanes.load(shifts + i) * splat(kLn2) + logarithm(lanes.load(denominators + i, 1)));
  });
}

/** Scratch memory for a block of queries. */
struct BlockMemory {
  float* scores;
  int64_t stride;
  /** Rotated queries, [kBlockQueries, h_d]. */
  float* queries;
  /** With a mask, what each of the queries sees of the packed keys, [kBlockQueries, words], and what any of them sees, [words]. */
  uint64_t* seen;
  int64_t words;
  /** What is read after the block. */
  ReadNext* next;
};

/** Queries [first, last) of a head, with packed kᵀ[h_d, keys] and v[keys, h_d] of the keys from `origin` on. */
void attendBlock(const AttentionShape& shape, const ScoreScale& scale, const Head& head, int64_t first, int64_t last,
                 const PackedB& keys, const PackedB& values, int64_t origin, const BlockMemory& memory) {
  const bool isMasked = shape.mask != nullptr;
  const KeyRange range = isMasked ? KeyRange{0, keys.n} : keysOfQueries(shape, first, last, origin);
  uint64_t* const seenByAny = isMasked ? memory.seen + kBlockQueries * memory.words : nullptr;
  if (isMasked) {
    std::fill_n(seenByAny, memory.words, uint64_t{0});
    for (int64_t i = first; i < last; i++) {
      uint64_t* const seen = memory.seen + (i - first) * memory.words;
      maskedKeys(shape, i).read({origin, origin + keys.n}, seen);
      addWords(seen, memory.words, seenByAny);
    }
  }
  const auto forEachPart = [&](auto&& each) {
    if (isMasked) forEachSegment(seenByAny, memory.words, each);
    else each(range);
  };
  float* out = head.out + first * head.stride;
  float shifts[kBlockQueries], denominators[kBlockQueries];
  const float* queries = head.q + first * head.stride;
  int64_t stride = head.stride;
  if (shape.rotation != nullptr) {
    rotateRows(*shape.rotation, last - first, first, shape.headDim, queries, stride, false, memory.queries, shape.headDim);
    queries = memory.queries;
    stride = shape.headDim;
  }
  forEachPart([&](KeyRange part) {
    multiplyQueries(last - first, queries, stride, keys, part, memory.scores + part.begin - range.begin, memory.stride, memory.next);
  });
  for (int64_t i = first; i < last; i++) {
    float* row = memory.scores + (i - first) * memory.stride;
    Softmax softmax;
    if (isMasked) {
      softmax = softmaxOfSeen(row, memory.seen + (i - first) * memory.words, seenByAny, memory.words, scale);
    } else {
      const KeyRange visible = visibleKeys(shape, i);
      const int64_t begin = visible.begin - origin - range.begin, end = visible.end - origin - range.begin;
      softmax = softmaxRow(row, begin, end, scale);
      clearInvisible(row, begin, end, range.end - range.begin);
    }
    shifts[i - first] = softmax.shift;
    denominators[i - first] = softmax.denominator;
  }
  logSumExps(last - first, shifts, denominators, head.logSumExp + first);
  const float* earlier = nullptr;
  forEachPart([&](KeyRange part) {
    multiplyInBlocks({last - first, 0, shape.headDim, out, earlier, head.stride, memory.next},
                     {memory.scores + part.begin - range.begin, memory.stride, false}, values, part.begin, part.end);
    earlier = out;
  });
  if (earlier == nullptr) clearRows(out, last - first, head.stride, shape.headDim);
  for (int64_t i = 0; i < last - first; i++) {
    const Vec factor = splat(1 / denominators[i]);
    float* row = out + i * head.stride;
    forEachVector(0, shape.headDim, [&](int64_t j, auto lanes) { lanes.store(row + j, lanes.load(row + j) * factor); });
  }
}

/** The most keys that {@link attendBlock} has a place for in a row of scores, for any `rows` of the queries [first, last) in succession. */
int64_t mostKeys(const AttentionShape& shape, int64_t first, int64_t last, int64_t rows) {
  const KeyRange all = keysOf(shape, first, last);
  const int64_t origin = all.begin;
  if (shape.mask != nullptr) return all.end - origin;
  int64_t most = 0;
  for (int64_t query = first; query < last; query += rows) {
    const KeyRange keys = keysOfQueries(shape, query, std::min(last, query + rows), origin);
    most = std::max(most, keys.end - keys.begin);
  }
  return most;
}

/** Queries [first, last) of `count` heads in succession which share keys and values. */
struct Piece {
  int64_t sequence, firstHead, count, first, last;
};

/** What a piece keeps in its thread's memory, for keys and values from position `origin` on. */
struct PieceMemory {
  int64_t origin, keyCount;
  /** Distance between rows of scores. */
  int64_t stride;
  /** Of packed keys and values, scores, rotated queries, rotated keys, what queries see. */
  size_t packedBytes, scoreBytes, queryBytes, keyBytes, seenBytes;

  PieceMemory(Precision precision, const AttentionShape& shape, const Piece& piece)
      : PieceMemory(precision, shape, piece, keysOf(shape, piece.first, piece.last)) {}

  PieceMemory(Precision precision, const AttentionShape& shape, const Piece& piece, KeyRange keys)
      : origin(keys.begin),
        keyCount(keys.end - origin),
        stride(scoreStride(mostKeys(shape, piece.first, piece.last, kBlockQueries))),
        packedBytes(arrowsmith::packedBytes(precision, shape.headDim, keyCount) +
                    arrowsmith::packedBytes(precision, keyCount, shape.headDim)),
        scoreBytes(sizeof(float) * static_cast<size_t>(kBlockQueries * stride)),
        queryBytes(sizeof(float) * static_cast<size_t>(kBlockQueries * shape.headDim)),
        keyBytes(shape.rotation == nullptr ? 0 : sizeof(float) * static_cast<size_t>(keyCount * shape.headDim)),
        seenBytes(shape.mask == nullptr ? 0 : sizeof(uint64_t) * static_cast<size_t>((kBlockQueries + 1) * wordsOf(keyCount))) {}

  void need() const {
    needOnEachThread(Scratch::attentionPacked, packedBytes);
    needOnEachThread(Scratch::attentionScores, scoreBytes);
    needOnEachThread(Scratch::attentionQueries, queryBytes);
    needOnEachThread(Scratch::attentionRows, keyBytes);
    needOnEachThread(Scratch::attentionSeen, seenBytes);
  }
};

/** Adds the rows that a piece reads. */
void addRows(const Heads& heads, const Piece& piece, ReadNext& next) {
  const auto [sequence, firstHead, count, first, last] = piece;
  const AttentionShape shape = ofSequence(heads.shape, sequence);
  const KeyRange keys = keysOf(shape, first, last);
  const int64_t origin = keys.begin, keyCount = keys.end - origin;
  const Head head = heads.at(sequence, firstHead);
  next.add(head.k + origin * head.kvStride, head.kvStride, keyCount, shape.headDim);
  next.add(head.v + origin * head.kvStride, head.kvStride, keyCount, shape.headDim);
  next.add(head.q + first * head.stride, head.stride, last - first, count * shape.headDim);
}

/** Computes a piece; `next` is asked for meanwhile. */
void attendPiece(Precision precision, const Heads& heads, const Piece& piece, ReadNext& next) {
  const auto [sequence, firstHead, count, first, last] = piece;
  const AttentionShape shape = ofSequence(heads.shape, sequence);
  const PieceMemory needed(precision, shape, piece);
  const int64_t origin = needed.origin, keyCount = needed.keyCount;
  PackedOperands operands(needed.packedBytes);
  const PackedB keys = operands.take(precision, shape.headDim, keyCount);
  const PackedB values = operands.take(precision, keyCount, shape.headDim);
  const Head shared = heads.at(sequence, firstHead);
  const float* const firstKey = shared.k + origin * shared.kvStride;
  if (shape.rotation != nullptr) {
    float* const rotated = static_cast<float*>(scratchBytes(Scratch::attentionRows, needed.keyBytes));
    rotateRows(*shape.rotation, keyCount, origin, shape.headDim, firstKey, shared.kvStride, false, rotated, shape.headDim);
    pack(keys, {rotated, shape.headDim, true});
  } else {
    pack(keys, {firstKey, shared.kvStride, true});
  }
  pack(values, {shared.v + origin * shared.kvStride, shared.kvStride, false});

  const BlockMemory memory{static_cast<float*>(scratchBytes(Scratch::attentionScores, needed.scoreBytes)), needed.stride,
                           static_cast<float*>(scratchBytes(Scratch::attentionQueries, needed.queryBytes)),
                           static_cast<uint64_t*>(scratchBytes(Scratch::attentionSeen, needed.seenBytes)), wordsOf(keyCount), &next};
  const ScoreScale scale(shape);
  for (int64_t i = firstHead; i < firstHead + count; i++) {
    const Head head = heads.at(sequence, i);
    for (int64_t query = first; query < last; query += kBlockQueries) {
      attendBlock(shape, scale, head, query, std::min(last, query + kBlockQueries), keys, values, origin, memory);
    }
  }
}

/** out[d] = factor · Σ_j weights[j] rows[j, d], some columns at a time, whose sums stay in registers. */
void weightedRows(const float* weights, int64_t count, const float* rows, int64_t stride, int64_t d, float factor,
                  float* out) {
  int64_t column = 0;
  for (; column + 4 * kLanes <= d; column += 4 * kLanes) {
    Vec sums[4] = {};
    for (int64_t j = 0; j < count; j++) {
      for (int i = 0; i < 4; i++) sums[i] += splat(weights[j]) * load(rows + j * stride + column + i * kLanes);
    }
    for (int i = 0; i < 4; i++) store(out + column + i * kLanes, sums[i] * splat(factor));
  }
  forEachVector(column, d, [&](int64_t from, auto lanes) {
    Vec total{};
    for (int64_t j = 0; j < count; j++) total += splat(weights[j]) * lanes.load(rows + j * stride + from);
    lanes.store(out + from, total * splat(factor));
  });
}

/** All queries of one head straight from the rows of keys and values: for the few queries of a step of generation. */
void attendFewQueries(const AttentionShape& shape, const Head& head) {
  float* scores = scratchFloats(Scratch::attentionScores, shape.sKv);
  const ScoreScale scale(shape);
  for (int64_t i = 0; i < shape.s; i++) {
    const KeyRange keys = visibleKeys(shape, i);
    const int64_t count = keys.end - keys.begin;
    const float* k = head.k + keys.begin * head.kvStride;
    for (int64_t j = 0; j < count; j++) scores[j] = dot(head.q + i * head.stride, k + j * head.kvStride, shape.headDim);
    const Softmax softmax = softmaxRow(scores, 0, count, scale);
    logSumExps(1, &softmax.shift, &softmax.denominator, head.logSumExp + i);
    weightedRows(scores, count, head.v + keys.begin * head.kvStride, head.kvStride, shape.headDim,
                 1 / softmax.denominator, head.out + i * head.stride);
  }
}

}  // namespace

void attention(Precision precision, const AttentionShape& shape, const float* q, const float* k, const float* v,
               float* out, float* logSumExp) {
  const Heads heads{shape, q, k, v, out, logSumExp};
  if (shape.s < kFewQueries && shape.rotation == nullptr && shape.mask == nullptr) {
    const int64_t work = std::max<int64_t>(1, 2 * shape.s * shape.sKv * shape.headDim);
    needOnEachThread(Scratch::attentionScores, sizeof(float) * static_cast<size_t>(shape.sKv));
    parallelRanges(shape.b * shape.heads, std::max<int64_t>(1, kWorthSharing / work), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const int64_t sequence = i / shape.heads;
        attendFewQueries(ofSequence(shape, sequence), heads.at(sequence, i % shape.heads));
      }
    });
    return;
  }
  // Heads that share keys stay together and queries too, unless that leaves too few pieces.
  const Precision used = hasBf16() ? precision : Precision::f32;
  const int64_t group = shape.heads / shape.kvHeads;
  int64_t queries = std::min(shape.s, kPieceQueries);
  const int64_t headsPerPiece = shape.b * shape.kvHeads * pieces(shape.s, queries) >= kEnoughPieces ? group : 1;
  const int64_t headPieces = shape.b * shape.heads / headsPerPiece;
  while (headPieces * pieces(shape.s, queries) < kEnoughPieces && queries / 2 >= kLeastPieceQueries) queries /= 2;
  const int64_t ranges = pieces(shape.s, queries);
  const auto pieceOf = [&](int64_t index) -> Piece {
    const int64_t head = index / ranges * headsPerPiece;
    const int64_t first = (ranges - 1 - index % ranges) * queries;  // those that see most come first
    return {head / shape.heads, head % shape.heads, headsPerPiece, first, std::min(shape.s, first + queries)};
  };
  const int64_t count = headPieces * ranges;
  needForBlocks(used, shape.sKv);
  needForRotation(shape.rotation);
  for (int64_t index = 0; isDryRun() && index < count; index++) {
    const Piece piece = pieceOf(index);
    PieceMemory(used, ofSequence(shape, piece.sequence), piece).need();
  }
  parallelFor(count, [&](int64_t index) {
    ReadNext next;
    if (const int64_t following = index + threads(); following < count) addRows(heads, pieceOf(following), next);
    attendPiece(used, heads, pieceOf(index), next);
  });
}

}  // namespace arrowsmith

/**
 * @file Attention over keys and values that lie in blocks of a table (Kwon et al. 2023, https://arxiv.org/abs/2309.06180), for generation.
 *
 * A query's keys are cut into pieces at fixed positions. Of each piece that it sees, the largest score, the sum of the softmax's numerators and
 * the values weighted by them are computed by themselves, and then put together in the order of positions. Nothing of that depends on other
 * queries, so that one query at a time gives the bits that all at once give; and one query's pieces may be many threads' work.
 */
#include <algorithm>
#include <cstring>
#include <vector>

#include "attention-mask.h"
#include "dot-tile.h"
#include "dry-run.h"
#include "kernels.h"
#include "paged-keys.h"
#include "parallel.h"
#include "scratch.h"
#include "stored-products.h"

namespace arrowsmith {
namespace {

/** Rows of queries that go through all their pieces together, at most. */
constexpr int64_t kRowsInBlock = 8 * kDotRows;
/** Blocks of rows for each thread from which on one thread goes through all the pieces of a block. */
constexpr int64_t kEnoughBlocks = 4;

/** The softmax of some scores so far: its numerators are 2^(exponent − shift), and `sum` of them. */
struct Softmax {
  float shift, sum;
};

/** Where the results of rows are while they are computed: `softmax[i]`, and unnormalized outputs at `out[i]`. */
struct Partial {
  Softmax* softmax;
  float* const* out;
};

/** scores[R][kPieceKeys] of all R rows with the keys of a range, without the keys' scales. */
template <int R, class Tables>
void scoreKeys(const float* const* q, const Piece<Tables>& piece, KeyRange range, int64_t d, float (*scores)[kPieceKeys]) {
  using Elements = typename Tables::Elements;
  const int64_t end = range.end - piece.begin;
  int64_t j = range.begin - piece.begin;
  for (; j + kDotColumns <= end; j += kDotColumns) {
    Vec sums[R][kDotColumns];
    dotTile<Elements, R, kDotColumns, Ahead::nothing>(q, piece.keys + j, d, sums);
    for (int r = 0; r < R; r++) {
      const Four four = sumsOfFour(sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
      std::memcpy(scores[r] + j, &four, sizeof four);
    }
  }
  for (; j < end; j++) {
    Vec sums[R][1];
    dotTile<Elements, R, 1, Ahead::nothing>(q, piece.keys + j, d, sums);
    for (int r = 0; r < R; r++) scores[r][j] = sum(sums[r][0]);
  }
}

/** row[j] · factors[j] for whole vectors of [first, last). */
void multiplyRow(float* row, const float* factors, int64_t first, int64_t last) {
  for (int64_t j = first; j < last; j += kLanes) store(row + j, load(row + j) * load(factors + j));
}

/**
 * Makes a row's scores of the keys [begin, end) of a piece the numerators of a softmax, and after its sum is known these what values are multiplied by:
 * where there are scales, those of keys come into scores, and those of values into numerators. Whole vectors of the piece are looked at, which other
 * rows' ranges do not change. One function for all rows, lest the compiler round one's otherwise than another's.
 */
template <class Tables>
__attribute__((noinline)) Softmax softmaxOfPiece(float* row, const Piece<Tables>& piece, int64_t begin, int64_t end, const ScoreScale& scale) {
  const int64_t first = roundDown(begin, kLanes), last = roundUp(end, kLanes);
  const float low = -__builtin_inff();
  if constexpr (Tables::kHasScales) multiplyRow(row, piece.keyScales, first, last);
  if (scale.capped()) capRow(row, first, last, scale);
  std::fill(row + first, row + begin, low);
  std::fill(row + end, row + last, low);
  Vec largest = splat(low);
  for (int64_t j = first; j < last; j += kLanes) {
    const Vec x = load(row + j);
    largest = x > largest ? x : largest;
  }
  const float shift = largestLane(largest) * scale.toExponent;
  Vec sums = splat(0);
  for (int64_t j = first; j < last; j += kLanes) {
    const Vec power = powerOfTwo(load(row + j) * splat(scale.toExponent) - splat(shift));
    store(row + j, power);
    sums += power;
  }
  if constexpr (Tables::kHasScales) multiplyRow(row, piece.valueScales, first, last);
  return {shift, sum(sums)};
}

template <class Elements>
inline Vec loadElements(const typename Elements::Element* p, AllLanes) {
  return Elements::load(p);
}

template <class Elements>
inline Vec loadElements(const typename Elements::Element* p, FirstLanes lanes) {
  return Elements::loadPartial(p, lanes.count);
}

/** out[r] += Σ_j weights[r][j] · values[j] over the keys [begin, end) of a piece, for R rows and V vectors from `column` on, or the rest of one. */
template <int R, int V, class Tables, class Lanes>
inline void addValues(const Piece<Tables>& piece, int64_t begin, int64_t end, int64_t column, Lanes lanes, const float* const* weights,
                      float* const* out) {
  Vec sums[R][V];
  for (int r = 0; r < R; r++) {
    for (int v = 0; v < V; v++) sums[r][v] = lanes.load(out[r] + column + v * kLanes);
  }
  for (int64_t j = begin; j < end; j++) {
    const auto* const value = piece.values[j] + column;
    Vec row[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) row[v] = loadElements<typename Tables::Elements>(value + v * kLanes, lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const Vec weight = splat(weights[r][j]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sums[r][v] = multiplyAdd(weight, row[v], sums[r][v]);
    }
  }
  for (int r = 0; r < R; r++) {
    for (int v = 0; v < V; v++) lanes.store(out[r] + column + v * kLanes, sums[r][v]);
  }
}

/** {@link addValues} for all d columns. */
template <int R, class Tables>
void addAllValues(const Piece<Tables>& piece, int64_t begin, int64_t end, int64_t d, const float* const* weights, float* const* out) {
  if (begin >= end) return;
  int64_t column = 0;
  for (; column + 4 * kLanes <= d; column += 4 * kLanes) addValues<R, 4>(piece, begin, end, column, AllLanes{}, weights, out);
  for (; column + 3 * kLanes <= d; column += 3 * kLanes) addValues<R, 3>(piece, begin, end, column, AllLanes{}, weights, out);
  for (; column + 2 * kLanes <= d; column += 2 * kLanes) addValues<R, 2>(piece, begin, end, column, AllLanes{}, weights, out);
  for (; column + kLanes <= d; column += kLanes) addValues<R, 1>(piece, begin, end, column, AllLanes{}, weights, out);
  if (column < d) addValues<R, 1>(piece, begin, end, column, FirstLanes{d - column}, weights, out);
}

/** What R rows have of a piece. A row that sees nothing of it gets a sum of 0. */
template <int R, class Tables>
void attendTile(const Rows& rows, const Piece<Tables>& piece, const ScoreScale& scale, const Partial& result) {
  const int64_t d = rows.call.headDim;
  alignas(64) float scores[R][kPieceKeys];
  const float *q[R], *weights[R];
  KeyRange ranges[R], all{kPieceKeys, 0}, shared{0, kPieceKeys};
  for (int r = 0; r < R; r++) {
    ranges[r] = piece.seenBy(rows, r);
    q[r] = rows.call.q + rows.at(r);
    weights[r] = scores[r];
    std::fill(result.out[r], result.out[r] + d, 0.0f);
    if (ranges[r].begin < ranges[r].end) all = {std::min(all.begin, ranges[r].begin), std::max(all.end, ranges[r].end)};
    shared = within(shared, ranges[r].begin, ranges[r].end);
  }
  if (all.begin >= all.end) {
    std::fill(result.softmax, result.softmax + R, Softmax{0, 0});
    return;
  }
  scoreKeys<R>(q, piece, {piece.begin + all.begin, piece.begin + all.end}, d, scores);
  for (int r = 0; r < R; r++) {
    const auto [begin, end] = ranges[r];
    result.softmax[r] = begin < end ? softmaxOfPiece(scores[r], piece, begin, end, scale) : Softmax{0, 0};
  }
  // What all see goes together; what comes before and after, row by row: each adds the values that it sees, in their order, and no others.
  if (shared.begin >= shared.end) shared = {kPieceKeys, kPieceKeys};
  for (int r = 0; r < R; r++) {
    addAllValues<1>(piece, ranges[r].begin, std::min(ranges[r].end, shared.begin), d, weights + r, result.out + r);
  }
  addAllValues<R>(piece, shared.begin, shared.end, d, weights, result.out);
  for (int r = 0; r < R; r++) {
    if (shared.end < kPieceKeys) addAllValues<1>(piece, shared.end, ranges[r].end, d, weights + r, result.out + r);
  }
}

/** Adds what comes of later keys to what came of earlier ones. One function for all rows, as {@link softmaxOfPiece}. */
__attribute__((noinline)) void append(Softmax& softmax, float* out, const Softmax& later, const float* laterOut, int64_t d) {
  if (later.sum == 0) return;  // sees nothing there
  if (softmax.sum == 0) {
    softmax = later;
    std::memcpy(out, laterOut, static_cast<size_t>(d) * sizeof(float));
    return;
  }
  const float shift = std::max(softmax.shift, later.shift);
  const Vec powers = powerOfTwo(Vec{softmax.shift - shift, later.shift - shift});
  const Vec before = splat(powers[0]), after = splat(powers[1]);
  softmax = {shift, softmax.sum * powers[0] + later.sum * powers[1]};
  forEachVector(0, d, [&](int64_t i, auto lanes) {
    Vec scaled = lanes.load(out + i) * before;
    keepInRegister(scaled);
    lanes.store(out + i, multiplyAdd(lanes.load(laterOut + i), after, scaled));
  });
}

/** Floats of memory that {@link attendRows} needs. */
size_t rowFloats(int64_t headDim) { return static_cast<size_t>(kDotRows * headDim); }

/** Puts together what the rows have of the pieces that begin in [begin, end). */
template <class Tables>
void attendRows(const Rows& rows, const Tables& tables, int64_t begin, int64_t end, const ScoreScale& scale, const Partial& result) {
  const int64_t d = rows.call.headDim;
  float* const memory = static_cast<float*>(scratchBytes(Scratch::pagedScores, rowFloats(d) * sizeof(float)));
  Piece<Tables> piece;
  for (int64_t at = begin; at < end; at += kPieceKeys) {
    const bool isMasked = rows.call.mask != nullptr;
    if (!isMasked) findKeys(rows, tables, at, within(rows.seen(), at, at + kPieceKeys), piece);
    for (int64_t first = 0, count; first < rows.count; first += count) {
      count = isMasked ? findSeenKeys(rows, tables, first, at, piece) : std::min<int64_t>(kDotRows, rows.count - first);
      const bool isFirst = at == begin;
      Softmax softmax[kDotRows];
      float* later[kDotRows];
      for (int64_t i = 0; i < count; i++) later[i] = isFirst ? result.out[first + i] : memory + i * d;
      const Partial here{isFirst ? result.softmax + first : softmax, later};
      withRowCount(count, [&](auto exactly) { attendTile<decltype(exactly)::value>(rows.part(first, count), piece, scale, here); });
      for (int64_t i = 0; i < count && !isFirst; i++) append(result.softmax[first + i], result.out[first + i], softmax[i], later[i], d);
    }
  }
}

/** Divides a row by its softmax's denominator; of a query that sees nothing, both are 0. */
void normalize(float* out, float denominator, int64_t d) {
  const Vec factor = splat(denominator == 0 ? 0 : 1 / denominator);
  forEachVector(0, d, [&](int64_t i, auto lanes) { lanes.store(out + i, lanes.load(out + i) * factor); });
}

/** Rows of one sequence and key head that are worked on together, and where the pieces begin and end of what they see. */
struct Block {
  Rows rows;
  int64_t begin, end;

  int64_t pieceCount() const { return pieces(end - begin, kPieceKeys); }
};

/** All rows of a call, in blocks; those of the last queries, which see most, come first. */
std::vector<Block> blocksOf(const PagedAttention& call) {
  std::vector<Block> blocks;
  const int32_t* slots = call.blocks;
  for (int64_t i = 0; i < call.b; i++) {
    const int64_t firstQuery = call.queryOffsets[i], queries = call.queryOffsets[i + 1] - firstQuery, length = call.lengths[i];
    const Sequence sequence{firstQuery, queries, length, slots};
    slots += pieces(length, call.blockSize);
    const int64_t count = queries * (call.heads / call.keyHeads);
    for (int64_t last = count; last > 0; last = roundDown(last - 1, kRowsInBlock)) {
      const int64_t first = roundDown(last - 1, kRowsInBlock);
      for (int64_t keyHead = 0; keyHead < call.keyHeads; keyHead++) {
        const Rows rows{call, sequence, keyHead, first, last - first};
        const KeyRange seen = rows.seen();
        blocks.push_back({rows, roundDown(seen.begin, kPieceKeys), seen.end});
      }
    }
  }
  return blocks;
}

/** Multiplications of a block's rows with keys and values. */
int64_t workOf(const Block& block) { return 2 * block.rows.count * (block.end - block.begin) * block.rows.call.headDim; }

/** One block from its first to its last key. */
template <class Tables>
void attendBlock(const Block& block, const Tables& tables, const ScoreScale& scale, float* out) {
  Softmax softmax[kRowsInBlock];
  float* outs[kRowsInBlock];
  for (int64_t i = 0; i < block.rows.count; i++) outs[i] = out + block.rows.at(i);
  attendRows(block.rows, tables, block.begin, block.end, scale, {softmax, outs});
  for (int64_t i = 0; i < block.rows.count; i++) normalize(outs[i], softmax[i].sum, block.rows.call.headDim);
}

/** All pieces of all blocks for themselves, whose results are put together afterwards: where blocks are too few for the threads. */
template <class Tables>
void attendPieces(const std::vector<Block>& blocks, const Tables& tables, const ScoreScale& scale, int64_t work, float* out) {
  const int64_t d = blocks[0].rows.call.headDim, rowSize = d + 2;
  std::vector<int64_t> starts{0};
  std::vector<int64_t> firstRows{0};
  for (const Block& block : blocks) {
    starts.push_back(starts.back() + block.pieceCount());
    firstRows.push_back(firstRows.back() + block.pieceCount() * block.rows.count);
  }
  // Rows of a softmax's two numbers and d outputs, by block, piece and row.
  float* const partials = scratchFloats(Scratch::partials, firstRows.back() * rowSize);
  const auto partialOf = [&](size_t block, int64_t piece, int64_t row) {
    return partials + (firstRows[block] + piece * blocks[block].rows.count + row) * rowSize;
  };
  shareWork(work, starts.back(), [&](int64_t index) {
    const size_t which = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), index) - starts.begin()) - 1;
    const Block& block = blocks[which];
    const int64_t piece = index - starts[which], begin = block.begin + piece * kPieceKeys;
    Softmax softmax[kRowsInBlock];
    float* outs[kRowsInBlock];
    for (int64_t i = 0; i < block.rows.count; i++) outs[i] = partialOf(which, piece, i) + 2;
    attendRows(block.rows, tables, begin, std::min(block.end, begin + kPieceKeys), scale, {softmax, outs});
    for (int64_t i = 0; i < block.rows.count; i++) std::memcpy(outs[i] - 2, &softmax[i], sizeof(Softmax));
  });
  for (size_t which = 0; which < blocks.size() && !isDryRun(); which++) {
    const Block& block = blocks[which];
    for (int64_t i = 0; i < block.rows.count; i++) {
      float* const result = out + block.rows.at(i);
      Softmax softmax, later;
      for (int64_t piece = 0; piece < block.pieceCount(); piece++) {
        const float* const partial = partialOf(which, piece, i);
        std::memcpy(piece == 0 ? &softmax : &later, partial, sizeof(Softmax));
        if (piece == 0) std::memcpy(result, partial + 2, static_cast<size_t>(d) * sizeof(float));
        else append(softmax, result, later, partial + 2, d);
      }
      normalize(result, softmax.sum, d);
    }
  }
}

template <class Tables>
void attendAll(const PagedAttention& call, const Tables& tables, float* out) {
  const std::vector<Block> blocks = blocksOf(call);
  if (blocks.empty()) return;
  AttentionShape shape{};
  shape.scale = call.scale;
  shape.softCap = call.softCap;
  const ScoreScale scale(shape);
  int64_t work = 0, most = 0;
  for (const Block& block : blocks) {
    work += workOf(block);
    most = std::max(most, block.pieceCount());
  }
  needOnEachThread(Scratch::pagedScores, rowFloats(call.headDim) * sizeof(float));
  const int64_t count = static_cast<int64_t>(blocks.size());
  if (most > 1 && count < kEnoughBlocks * threads()) return attendPieces(blocks, tables, scale, work, out);
  shareWork(work, count, [&](int64_t index) { attendBlock(blocks[static_cast<size_t>(index)], tables, scale, out); });
}

}  // namespace

void pagedAttention(const PagedAttention& call, const float* k, const float* v, float* out) {
  attendAll(call, FloatTables{k, v, call.keyHeads, call.headDim}, out);
}

void pagedAttentionInt8(const PagedAttention& call, const Int8Rows& rows, float* out) { attendAll(call, Int8Tables{rows}, out); }

}  // namespace arrowsmith

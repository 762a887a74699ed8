/**
 * @file Attention's backward pass. Probabilities are computed again from the scores and the saved log-sum-exp, a
 * block of queries at a time (Dao et al., "FlashAttention", 2022). With S = q kᵀ, P = softmax(S), δ_i = Σ_d dOut_id
 * out_id:
 *
 *   dP = dOut vᵀ,  dS = P (dP − δ),  dq = dS k,  dk = dSᵀ q,  dv = Pᵀ dOut.
 */
#include <algorithm>
#include <array>

#include "attention-mask.h"
#include "block.h"
#include "dry-run.h"
#include "kernels.h"
#include "parallel.h"
#include "rope.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Queries in a block: many, since each block adds to all of its keys' gradients. */
constexpr int64_t kBlockQueries = 64;
/** Queries whose scores are computed up to the last one's position. */
constexpr int64_t kScoreQueries = 16;
/**
 * Queries whose keys beyond those of earlier queries get gradients in one product; a multiple of 32, because
 * bfloat16 rows are transposed in that number.
 */
constexpr int64_t kGradientQueries = 32;
static_assert(kBlockQueries % kGradientQueries == 0 && kGradientQueries % kScoreQueries == 0);

/**
 * Keys are worked on in parts, so that all that belongs to one (three packed operands, two gradients, two blocks of
 * scores) stays in the second-level cache, however long the sequence is.
 */
constexpr int64_t kPartFloats = 16384;
constexpr int64_t kLeastPartKeys = 128;
constexpr int64_t kMostPartKeys = 512;

/** The matrices of one sequence's and one head's queries. */
struct QueryHead {
  const float* q;
  int64_t strideQ;
  const float* out;
  const float* dOut;
  const float* logSumExp;
  float* dQ;
  int64_t stride;
};

/** Some keys and values in succession, packed, and their gradients, which are sums over the heads that share them. */
struct KeyPart {
  /** Positions, counted from that of the first key that any query sees. */
  KeyRange range;
  /** kᵀ[h_d, keys], vᵀ[h_d, keys], k[keys, h_d]. */
  PackedB keysTransposed, valuesTransposed, keys;
  /** [keys, h_d]. */
  float* dK;
  float* dV;
};

/** Memory for one block. */
struct BlockMemory {
  /** Scores, then probabilities. */
  float* probabilities;
  float* dScores;
  int64_t stride;
  void* packedQueries;
  void* packedDOut;
};

/**
 * On [begin, end): products become probabilities P = 2^(product · toExponent − shift), dP becomes the products'
 * gradient P · (dP − delta) · factor; with `capped`, where products are tanh values t already, times 1 − t².
 */
template <bool capped>
void probabilitiesAndGradients(float* products, float* dP, int64_t begin, int64_t end, float toExponent, float shift,
                               float delta, float factor) {
  const Vec scaledDelta = splat(delta * factor);
  const auto one = [&](int64_t j, auto lanes) {
    const Vec x = lanes.load(products + j);
    const Vec p = powerOfTwo(x * splat(toExponent) - splat(shift));
    Vec gradient = p * (lanes.load(dP + j) * splat(factor) - scaledDelta);
    if constexpr (capped) gradient *= splat(1.0f) - x * x;
    lanes.store(products + j, p);
    lanes.store(dP + j, gradient);
  };
  for (; begin + 2 * kLanes <= end; begin += 2 * kLanes) {
    one(begin, AllLanes{});
    one(begin + kLanes, AllLanes{});
  }
  forEachVector(begin, end, one);
}

/** Which keys of a part are seen. */
using Words = std::array<uint64_t, kMostPartKeys / kWordKeys>;

/** Of a range, what lies within another. */
KeyRange within(KeyRange range, KeyRange bounds) {
  return {std::clamp(range.begin, bounds.begin, bounds.end), std::clamp(range.end, bounds.begin, bounds.end)};
}

/** Backward pass of a head's queries for some of the keys, a block at a time. */
struct HeadGradient {
  Precision precision;
  const AttentionShape& shape;
  ScoreScale scale;
  QueryHead head;
  /** Position of the first key that any query sees. */
  int64_t origin;
  const KeyPart& part;
  const BlockMemory& memory;
  /** What is read after the blocks. */
  ReadNext& next;

  /** Of the part's keys those that query i sees. */
  KeyRange seenBy(int64_t i) const {
    const KeyRange visible = visibleKeys(shape, i);
    return within({visible.begin - origin, visible.end - origin}, part.range);
  }

  /**
   * Makes probabilities and products' gradients of queries [first, last), whose rows begin at key `start`; they
   * become 0 for the other keys before `end`. `deltas` are δ of these queries.
   */
  void differentiateRows(int64_t first, int64_t last, int64_t start, int64_t end, const float* deltas, float* products,
                         float* dP) const {
    for (int64_t i = first; i < last; i++, products += memory.stride, dP += memory.stride) {
      const KeyRange seen = seenBy(i);
      const int64_t from = std::max(seen.begin, start) - start, to = std::max(seen.end, start) - start;
      const float delta = deltas[i - first];
      const float shift = head.logSumExp[i] * kLog2E;
      if (scale.capped()) {
        capRow(products, from, to, scale);
        probabilitiesAndGradients<true>(products, dP, from, to, scale.toExponent, shift, delta, shape.scale);
      } else {
        probabilitiesAndGradients<false>(products, dP, from, to, scale.toExponent, shift, delta, shape.scale);
      }
      clearInvisible(products, from, to, end - start);
      clearInvisible(dP, from, to, end - start);
    }
  }

  /** Makes probabilities and products' gradients of a row, of the keys that `computed` says; they become 0 for the others of `wanted` that `seen` does not have. */
  void differentiateSeen(int64_t query, float delta, const uint64_t* seen, const uint64_t* computed, const uint64_t* wanted, int64_t words,
                         float* products, float* dP) const {
    const float shift = head.logSumExp[query] * kLog2E;
    forEachSegment(computed, words, [&](KeyRange keys) {
      if (scale.capped()) {
        capRow(products, keys.begin, keys.end, scale);
        probabilitiesAndGradients<true>(products, dP, keys.begin, keys.end, scale.toExponent, shift, delta, shape.scale);
      } else {
        probabilitiesAndGradients<false>(products, dP, keys.begin, keys.end, scale.toExponent, shift, delta, shape.scale);
      }
    });
    forEachSegment(wanted, words, [&](KeyRange keys) {
      replaceUnseen(products, keys, seen, 0);
      replaceUnseen(dP, keys, seen, 0);
    });
  }

  /** {@link addBlock} with a mask: products are computed of the keys that any of a few queries sees. */
  void addMaskedBlock(int64_t first, int64_t last) const {
    const int64_t rows = last - first, d = shape.headDim, words = wordsOf(part.range.end - part.range.begin);
    float* const dQ = head.dQ + first * head.stride;
    if (part.range.begin == 0) clearRows(dQ, rows, head.stride, d);
    Words seen[kBlockQueries], seenByAny{};
    for (int64_t i = 0; i < rows; i++) {
      maskedKeys(shape, first + i).read({origin + part.range.begin, origin + part.range.end}, seen[i].data());
      addWords(seen[i].data(), words, seenByAny.data());
    }
    const auto seenByRows = [&](int64_t from, int64_t to) {
      Words any{};
      for (int64_t i = from; i < std::min(to, rows); i++) addWords(seen[i].data(), words, any.data());
      return any;
    };
    if (seenByAny != Words{}) {
      const PackedB queries{precision, rows, d, memory.packedQueries}, dOut{precision, rows, d, memory.packedDOut};
      pack(queries, {head.q + first * head.strideQ, head.strideQ, false});
      pack(dOut, {head.dOut + first * head.stride, head.stride, false});
      for (int64_t group = 0; group < rows; group += kGradientQueries) {
        const Words seenByGroup = seenByRows(group, group + kGradientQueries);
        const int64_t groupEnd = std::min(rows, group + kGradientQueries);
        for (int64_t i = group; i < groupEnd; i += kScoreQueries) {
          const Words seenByFew = seenByRows(i, i + kScoreQueries);
          const int64_t end = std::min(rows, i + kScoreQueries), at = i * memory.stride;
          const float *const q = head.q + (first + i) * head.strideQ, *const dValue = head.dOut + (first + i) * head.stride;
          forEachSegment(seenByFew.data(), words, [&](KeyRange keys) {
            multiplyQueries(end - i, q, head.strideQ, part.keysTransposed, keys, memory.probabilities + at + keys.begin, memory.stride, &next);
            multiplyQueries(end - i, dValue, head.stride, part.valuesTransposed, keys, memory.dScores + at + keys.begin, memory.stride, &next);
          });
          for (int64_t row = i; row < end; row++) {
            const float delta = dot(head.dOut + (first + row) * head.stride, head.out + (first + row) * head.stride, d);
            differentiateSeen(first + row, delta, seen[row].data(), seenByFew.data(), seenByGroup.data(), words,
                              memory.probabilities + row * memory.stride, memory.dScores + row * memory.stride);
          }
          forEachSegment(seenByFew.data(), words, [&](KeyRange keys) {
            float* const sums = dQ + i * head.stride;
            multiplyInBlocks({end - i, 0, d, sums, sums, head.stride, &next}, {memory.dScores + at + keys.begin, memory.stride, false}, part.keys,
                             keys.begin, keys.end);
          });
        }
        forEachSegment(seenByGroup.data(), words, [&](KeyRange keys) {
          const int64_t at = group * memory.stride + keys.begin, count = keys.end - keys.begin;
          float *const dK = part.dK + keys.begin * d, *const dV = part.dV + keys.begin * d;
          multiplyInBlocks({count, 0, d, dV, dV, d, &next, true}, {memory.probabilities + at, memory.stride, true}, dOut, group, groupEnd);
          multiplyInBlocks({count, 0, d, dK, dK, d, &next, true}, {memory.dScores + at, memory.stride, true}, queries, group, groupEnd);
        });
      }
    }
    if (shape.rotation != nullptr && part.range.end == shape.sKv - origin) {
      rotateRows(*shape.rotation, rows, first, d, dQ, head.stride, true, dQ, head.stride);
    }
  }

  /** The part's share in dQ of queries [first, last), and theirs in dK and dV. */
  void addBlock(int64_t first, int64_t last) const {
    if (shape.mask != nullptr) return addMaskedBlock(first, last);
    const int64_t rows = last - first, d = shape.headDim;
    const KeyRange all = keysOfQueries(shape, first, last, origin), range = within(all, part.range);
    if (range.begin == range.end) return;
    float deltas[kBlockQueries];
    for (int64_t i = 0; i < rows; i++) {
      const int64_t at = (first + i) * head.stride;
      deltas[i] = dot(head.dOut + at, head.out + at, d);
    }
    prefetchRows(head.dOut + last * head.stride, head.stride, std::min(shape.s - last, rows), d);
    prefetchRows(head.out + last * head.stride, head.stride, std::min(shape.s - last, rows), d);
    for (int64_t i = first; i < last; i += kScoreQueries) {
      const int64_t end = std::min(last, i + kScoreQueries), at = (i - first) * memory.stride;
      float* products = memory.probabilities + at;
      float* dScores = memory.dScores + at;
      const KeyRange seen{range.begin, std::max(range.begin, seenBy(end - 1).end)};
      const KeyRange packed{seen.begin - part.range.begin, seen.end - part.range.begin};
      const bool any = seen.begin < seen.end;
      if (any) {
        multiplyQueries(end - i, head.q + i * head.strideQ, head.strideQ, part.keysTransposed, packed, products,
                        memory.stride, &next);
        multiplyQueries(end - i, head.dOut + i * head.stride, head.stride, part.valuesTransposed, packed, dScores,
                        memory.stride, &next);
      }
      // Gradients of keys read these rows as far as the last query sees with which they share a product.
      const int64_t lastOfProduct = std::min(last, first + roundUp(end - first, kGradientQueries)) - 1;
      differentiateRows(i, end, range.begin, std::max(range.begin, seenBy(lastOfProduct).end), deltas + (i - first), products,
                        dScores);
      if (any) {
        float* const sums = head.dQ + i * head.stride;
        const float* const earlier = range.begin > all.begin ? sums : nullptr;
        multiplyInBlocks({end - i, 0, d, sums, earlier, head.stride, &next}, {dScores, memory.stride, false}, part.keys, packed.begin,
                         packed.end);
      }
    }

    const PackedB queries{precision, rows, d, memory.packedQueries}, dOut{precision, rows, d, memory.packedDOut};
    pack(queries, {head.q + first * head.strideQ, head.strideQ, false});
    pack(dOut, {head.dOut + first * head.stride, head.stride, false});
    // The keys that a group of queries is the first to see get gradients from it and those behind it only.
    int64_t key = range.begin;
    for (int64_t row = 0; row < rows; row += kGradientQueries) {
      const int64_t end = seenBy(std::min(last, first + row + kGradientQueries) - 1).end;
      if (end <= key) continue;
      const int64_t at = row * memory.stride + key - range.begin;
      float *const dK = part.dK + (key - part.range.begin) * d, *const dV = part.dV + (key - part.range.begin) * d;
      multiplyInBlocks({end - key, 0, d, dV, dV, d, &next, true}, {memory.probabilities + at, memory.stride, true}, dOut, row, rows);
      multiplyInBlocks({end - key, 0, d, dK, dK, d, &next, true}, {memory.dScores + at, memory.stride, true}, queries, row, rows);
      key = end;
    }
    // dQ is complete with the part that has the last key which the block sees.
    if (shape.rotation != nullptr && all.end <= part.range.end) {
      float* const dQ = head.dQ + first * head.stride;
      rotateRows(*shape.rotation, rows, first, d, dQ, head.stride, true, dQ, head.stride);
    }
  }
};

/** Copies contiguous rows to rows that are `stride` apart. */
void scatterRows(const float* from, int64_t count, int64_t d, float* to, int64_t stride) {
  for (int64_t i = 0; i < count; i++) {
    forEachVector(0, d, [&](int64_t j, auto lanes) { lanes.store(to + i * stride + j, lanes.load(from + i * d + j)); });
  }
}

/** Keys in a part. */
int64_t partKeys(int64_t headDim, int64_t keys) {
  return std::min(keys, std::clamp(roundDown(kPartFloats / headDim, kPanelColumns), kLeastPartKeys, kMostPartKeys));
}

/** What the gradient by a head's keys keeps in its thread's memory. */
struct HeadMemory {
  /** Keys of a part, queries of a block, and the distance between rows of scores. */
  int64_t most, block, scores;
  /** Of packed operands, one block of scores, sums of the part, rotated rows. */
  size_t packedBytes, scoreBytes, sumBytes, rotatedBytes;

  HeadMemory(Precision precision, const AttentionShape& shape, int64_t seenKeys)
      : most(partKeys(shape.headDim, seenKeys)), block(std::min(shape.s, kBlockQueries)), scores(scoreStride(most)) {
    const int64_t d = shape.headDim;
    packedBytes = 2 * arrowsmith::packedBytes(precision, d, most) + arrowsmith::packedBytes(precision, most, d) +
                  2 * arrowsmith::packedBytes(precision, block, d);
    scoreBytes = sizeof(float) * static_cast<size_t>(block * scores);
    sumBytes = sizeof(float) * static_cast<size_t>(2 * most * d);
    rotatedBytes = shape.rotation == nullptr ? 0 : sizeof(float) * static_cast<size_t>(std::max(shape.s, most) * d);
  }

  void need() const {
    needOnEachThread(Scratch::attentionPacked, packedBytes);
    needOnEachThread(Scratch::attentionScores, scoreBytes);
    needOnEachThread(Scratch::attentionGradients, scoreBytes);
    needOnEachThread(Scratch::attentionRows, sumBytes);
    needOnEachThread(Scratch::attentionQueries, rotatedBytes);
  }
};

}  // namespace

void attentionGradient(Precision precision, const AttentionShape& all, const float* dOut, const float* q,
                       const float* k, const float* v, const float* out, const float* logSumExp, float* dQ, float* dK, float* dV) {
  const Precision used = hasBf16() ? precision : Precision::f32;
  const int64_t d = all.headDim, group = all.heads / all.kvHeads;
  const int64_t stride = all.heads * d, kvStride = all.kvHeads * d;

  // The rows of a head of keys and of the heads of queries that share it.
  const auto addRows = [&](int64_t index, ReadNext& next) {
    const int64_t sequence = index / all.kvHeads, kvHead = index % all.kvHeads;
    const int64_t at = sequence * all.s * stride + kvHead * group * d, kvAt = sequence * all.sKv * kvStride + kvHead * d;
    for (const float* rows : {k, v}) next.add(rows + kvAt, kvStride, all.sKv, d);
    for (const float* rows : {q, dOut, out}) next.add(rows + at, stride, all.s, group * d);
  };
  const int64_t heads = all.b * all.kvHeads;
  needForBlocks(used, std::max(all.headDim, all.sKv));
  needForRotation(all.rotation);
  HeadMemory(used, all, all.sKv).need();  // no sequence's queries see more keys
  parallelFor(heads, [&](int64_t index) {
    const int64_t sequence = index / all.kvHeads, kvHead = index % all.kvHeads;
    ReadNext next;
    // First where this head's sums will go, which nothing else asks for.
    for (float* rows : {dK, dV}) next.add(rows + sequence * all.sKv * kvStride + kvHead * d, kvStride, all.sKv, d);
    if (const int64_t following = index + threads(); following < heads) addRows(following, next);
    const AttentionShape shape = ofSequence(all, sequence);
    const int64_t origin = keysOf(shape, 0, shape.s).begin, seenKeys = shape.sKv - origin;
    const HeadMemory needed(used, shape, seenKeys);
    const int64_t most = needed.most, block = needed.block;
    const int64_t kvStart = sequence * shape.sKv * kvStride + kvHead * d;
    PackedOperands operands(needed.packedBytes);
    const auto floats = [](Scratch name, size_t bytes) { return static_cast<float*>(scratchBytes(name, bytes)); };
    const BlockMemory memory{floats(Scratch::attentionScores, needed.scoreBytes),
                             floats(Scratch::attentionGradients, needed.scoreBytes),
                             needed.scores,
                             operands.take(used, block, d).data,
                             operands.take(used, block, d).data};
    void* const keysTransposed = operands.take(used, d, most).data;
    void* const valuesTransposed = operands.take(used, d, most).data;
    void* const packedKeys = operands.take(used, most, d).data;
    float* const sums = floats(Scratch::attentionRows, needed.sumBytes);
    // Where queries and keys are to be rotated: first the part's keys, then, as these are packed by then, a head's queries.
    float* const rotated = shape.rotation == nullptr ? nullptr : floats(Scratch::attentionQueries, needed.rotatedBytes);

    for (int64_t j = 0; j < origin; j++) {
      std::fill_n(dK + kvStart + j * kvStride, d, 0.0f);
      std::fill_n(dV + kvStart + j * kvStride, d, 0.0f);
    }
    for (int64_t begin = 0; begin < seenKeys; begin += most) {
      const int64_t count = std::min(most, seenKeys - begin), start = kvStart + (origin + begin) * kvStride;
      const KeyPart part{{begin, begin + count},
                         {used, d, count, keysTransposed},
                         {used, d, count, valuesTransposed},
                         {used, count, d, packedKeys},
                         sums,
                         sums + count * d};
      const float* keys = k + start;
      int64_t strideKeys = kvStride;
      if (shape.rotation != nullptr) {
        rotateRows(*shape.rotation, count, origin + begin, d, keys, kvStride, false, rotated, d);
        keys = rotated;
        strideKeys = d;
      }
      pack(part.keysTransposed, {keys, strideKeys, true});
      pack(part.valuesTransposed, {v + start, kvStride, true});
      pack(part.keys, {keys, strideKeys, false});
      std::fill_n(sums, 2 * count * d, 0.0f);
      for (int64_t i = kvHead * group; i < (kvHead + 1) * group; i++) {
        const int64_t at = sequence * shape.s * stride + i * d;
        const float* sumsOfHead = logSumExp + (sequence * shape.heads + i) * shape.s;
        if (shape.rotation != nullptr) rotateRows(*shape.rotation, shape.s, 0, d, q + at, stride, false, rotated, d);
        const QueryHead head{shape.rotation != nullptr ? rotated : q + at, shape.rotation != nullptr ? d : stride,
                             out + at, dOut + at, sumsOfHead, dQ + at, stride};
        const HeadGradient gradient{used, shape, ScoreScale(shape), head, origin, part, memory, next};
        for (int64_t query = 0; query < shape.s; query += block) {
          gradient.addBlock(query, std::min(shape.s, query + block));
        }
      }
      if (shape.rotation != nullptr) {
        rotateRows(*shape.rotation, count, origin + begin, d, part.dK, d, true, dK + start, kvStride);
      } else {
        scatterRows(part.dK, count, d, dK + start, kvStride);
      }
      scatterRows(part.dV, count, d, dV + start, kvStride);
    }
  });
}

}  // namespace arrowsmith

/**
 * @file The kernels: what a language model's training step and generation compute, on matrices in memory. Each has a file of its
 * own name. All are row-major without gaps unless said otherwise, all run on all threads.
 *
 * Shapes: b sequences of s tokens, n_h query heads and n_kv key heads of size h_d, rows n, hidden size d, vocabulary V.
 */
#pragma once
#include <cstdint>

#include "gemm.h"
#include "int8-rows.h"
#include "stored-products.h"

namespace arrowsmith {

// ---- linear.cc

/** y[n, out] = x[n, in] weight[out, in]ᵀ + residual[n, out]; without a residual (null) the product itself. */
void linear(Precision precision, int64_t n, int64_t in, int64_t out, const float* x, const float* weight, const float* residual,
            float* y);

/** One of several linear layers that share an input, for their gradients. */
struct LinearLayer {
  int64_t out;
  /** [n, out] */
  const float* dY;
  /** [out, in] */
  const float* weight;
  /** [out, in] */
  float* dWeight;
};

/** dX[n, in] = Σ dY weight and dWeight = dYᵀ x[n, in] of `count` layers. */
void linearGradients(Precision precision, int64_t n, int64_t in, const float* x, const LinearLayer* layers, int64_t count,
                     float* dX);

// ---- grouped-linear.cc

/** One of several stacks of linear layers that share an input. */
struct GroupedLayer {
  int64_t out;
  /** [groups, out, in] */
  const float* weight;
  /** [n, out] */
  float* y;
};

/** y[n, out] = x[n, in] weightᵀ of `count` layers: rows offsets[g] … offsets[g + 1] of x with group g's weight; offsets were checked. */
void groupedLinear(Precision precision, int64_t groups, const int32_t* offsets, int64_t in, const float* x,
                   const GroupedLayer* layers, int64_t count);

/** Gradients of {@link groupedLinear}; of {@link LinearLayer} the weight and its gradient are [groups, out, in], 0 for a group without rows. */
void groupedLinearGradients(Precision precision, int64_t groups, const int32_t* offsets, int64_t in, const float* x,
                            const LinearLayer* layers, int64_t count, float* dX);

// ---- routing.cc

/** The k largest of each row of x[n, experts], largest first, of equal ones the first; values[n, k] and their indices[n, k]. */
void topK(int64_t n, int64_t experts, int64_t k, const float* x, float* values, int32_t* indices);

void topKGradient(int64_t n, int64_t experts, int64_t k, const float* dValues, const int32_t* indices, float* dX);

// Token i's choice j has row slots[i, j] of n · k rows, sorted by expert; slots are a permutation.

/** y[slots[i, j]] = weights[i, j] · x[i] for x[n, d], y[n k, d]; without weights (null) x[i] itself. */
void dispatch(int64_t n, int64_t k, int64_t d, const int32_t* slots, const float* weights, const float* x, float* y);

/** y[i] = Σ_j weights[i, j] · x[slots[i, j]] for x[n k, d], y[n, d]; without weights (null) their sum. */
void combine(int64_t n, int64_t k, int64_t d, const int32_t* slots, const float* weights, const float* x, float* y);

/** products[i, j] = a[i] · b[slots[i, j]] for a[n, d], b[n k, d]: the gradient of the weights of both. */
void slotProducts(int64_t n, int64_t k, int64_t d, const int32_t* slots, const float* a, const float* b, float* products);

// ---- attention.cc, attention-backward.cc

/** A rotary position embedding: what turns the rotaryPairs of a head's vector. */
struct Rotation {
  /** Cosines and sines of each position, [positions, rotaryPairs]. */
  const float* cos;
  const float* sin;
  /** The first 2 · rotaryPairs coordinates turn; the others stay. */
  int64_t rotaryPairs;
  /** Plane j is (x[2j], x[2j + 1]); otherwise (x[j], x[j + rotaryPairs]). */
  bool interleaved;
};

/** Positions in a block of a mask, of queries and of keys. */
constexpr int64_t kMaskBlock = 64;

/**
 * A mask of any form (FlexAttention, Dong et al. 2024, https://arxiv.org/abs/2412.05496), in blocks of kMaskBlock queries and as many keys: of the block
 * [i, j], table[i · side + j] is 0 where no query sees a key, 1 where each sees all, and 2 + n where bitmap n says which see which.
 */
struct BlockMask {
  /** Blocks in a row of the table, and rows. */
  int64_t side;
  const int32_t* table;
  /** Rows of kMaskBlock bits in two words each, [bitmaps, kMaskBlock, 2]: bit c of a query's is that of key c, the lowest of the first word being 0. */
  const int32_t* bitmaps;
};

/** Which keys a query sees, how scores are computed, and the shapes. Query i stands at position p = i + sKv − s. */
struct AttentionShape {
  int64_t b, s, sKv, heads, kvHeads, headDim;
  float scale;
  /** The query at p sees keys of positions (p − window, p] only; 0 for all before it. */
  int64_t window;
  /** The query at p sees keys from position ⌊p / chunk⌋ · chunk on only; 0 for no chunks. */
  int64_t chunk;
  /** Scores are capped softly: softCap · tanh(score / softCap); 0 for no cap. */
  float softCap;
  /**
   * [b, s_kv]: the query at p sees keys from position documentOffsets[p] of its sequence on only, where p's document begins; at most p, and rising
   * with p. Null for one document.
   */
  const int32_t* documentOffsets = nullptr;
  /** Rotates queries and keys by their positions first; s = sKv then. Null where they are rotated already, or are not to be. */
  const Rotation* rotation = nullptr;
  /**
   * In place of window and chunk, and of what else hides a key: the query at p sees key j, which may be behind it, as the mask says. With documents, both
   * are counted from where p's document begins, and keys of other documents are hidden. Null for none.
   */
  const BlockMask* mask = nullptr;
};

/**
 * out = softmax(mask(cap(q kᵀ · scale))) v; logSumExp[b, n_h, s] is the logarithm of each softmax's denominator.
 * q, out: [b, s, n_h, h_d]; k, v: [b, s_kv, n_kv, h_d]. With a mask a query may see no key: its row of out is 0 then, and its logSumExp −∞.
 */
void attention(Precision precision, const AttentionShape& shape, const float* q, const float* k, const float* v, float* out,
               float* logSumExp);

/** Gradients of {@link attention} by q, k and v, given what it was given and what it returned. */
void attentionGradient(Precision precision, const AttentionShape& shape, const float* dOut, const float* q, const float* k,
                       const float* v, const float* out, const float* logSumExp, float* dQ, float* dK, float* dV);

// ---- block-mask.cc

/**
 * @param kernel its name, for messages
 * @param bitmapCount bitmaps that there are
 * @throws std::out_of_range where the mask has no blocks for the queries [first, last) and so many keys, or one with a bitmap that there is not
 */
void checkMask(const char* kernel, const BlockMask& mask, int64_t bitmapCount, int64_t first, int64_t last, int64_t keys);

// ---- paged-attention.cc

/**
 * A call for b sequences, whose keys and values lie in blocks of a table. Key j of sequence i lies in the slot blocks[j / blockSize] + j % blockSize of
 * those of the sequence's blocks that there are ⌈lengths[i] / blockSize⌉ of, one sequence's after the other's. A block of −1 was freed.
 */
struct PagedAttention {
  int64_t b, heads, keyHeads, headDim, slots;
  /** Rows of q of each sequence, [b + 1]: its last positions. */
  const int32_t* queryOffsets;
  /** Keys of each sequence, [b], the queries' own included. */
  const int32_t* lengths;
  const int32_t* blocks;
  /** Keys in a block; and what is added to slots of keys, and of values. */
  int64_t blockSize, keyOffset, valueOffset;
  /** As in {@link AttentionShape}. */
  float scale;
  int64_t window, chunk;
  float softCap;
  /** [n, n_h, h_d] */
  const float* q;
  /** As in {@link AttentionShape}. */
  const BlockMask* mask = nullptr;
};

/**
 * @param kernel for messages
 * @param bitmapCount bitmaps of the mask that there are
 * @throws std::out_of_range where keys lie outside of the table, or in a block that was freed, or as {@link checkMask}. queryOffsets rise, and no block is less than −1.
 */
void checkPages(const char* kernel, const PagedAttention& call, int64_t blockCount, int64_t bitmapCount = 0);

/** out[n, n_h, h_d], given k, v[slots, n_kv, h_d]; a query's bits depend on that query and the keys that it sees, whatever else is in the call. */
void pagedAttention(const PagedAttention& call, const float* k, const float* v, float* out);

/** {@link pagedAttention} with keys and values in one table of int8. */
void pagedAttentionInt8(const PagedAttention& call, const Int8Rows& rows, float* out);

// ---- write-rows.cc

/** table[at[i]] = rows[i] for rows[n, d]; at has no slot twice. */
void writeRows(int64_t n, int64_t d, const int32_t* at, const float* rows, float* table);

/** Quantizes rows[n, heads, headDim] into the slots `at` of a table (int8-rows.h). */
void writeRowsInt8(int64_t n, int64_t heads, int64_t headDim, const int32_t* at, const float* rows, const Int8Rows& table);

// ---- stored-grouped-linear.cc; stored linear layers are the products of stored-products.h

/** One of several stacks of linear layers that share an input. */
struct StoredLayer {
  /** [groups · out, in] */
  StoredMatrix matrix;
  /** [n, out] */
  float* y;
};

/** {@link groupedLinear} with stored matrices; the bits of a row depend on that row and its group alone. */
void storedGroupedLinear(int64_t groups, const int32_t* offsets, const float* x, const StoredLayer* layers, int64_t count,
                         InputPrecision inputs = InputPrecision::f32);

// ---- stored-embedding.cc

/** y[n, d] = the rows of table[V, d] that ids name, times `scale`; ids were checked. */
void storedEmbedding(int64_t n, const int32_t* ids, const StoredMatrix& table, float scale, float* y);

// ---- fake-quantize.cc

/**
 * y[n, d] = what x becomes when it is stored in a format, rounded to the nearest, and read again; d is a multiple of the format's block. A block with a
 * number that the format does not take is NaN.
 */
void fakeQuantize(Format format, int64_t n, int64_t d, const float* x, float* y);

// ---- join-planes.cc

/**
 * numbers[32 words] of 8, 16 or 32 bits, of their parts: a sign where there is one, a head of as many bits as a number has beside the sign and the
 * tail, and `rest` planes, of which plane r has bit r of all tails, and the last one the signs. Bit j of byte i of a plane is of number 8 i + j.
 *
 * @param dropped so many of the lowest planes are not there: 1000… takes their place, or where signed numbers have a head of zeros or of ones,
 *   which are zero, infinite or none, 0000…
 * @param heads bytes
 */
void joinPlanes8(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes,
                 int32_t* numbers);
void joinPlanes16(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes,
                  int32_t* numbers);
void joinPlanes32(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes,
                  int32_t* numbers);

// ---- gather-columns.cc

/**
 * y[tokens, 2 pairs] of x[2 pairs, distinct], numbers of 16 bits: row i of y is the column of x that index[i] names. Both are in words of 32 bits, which
 * rows of y are and rows of x need not be.
 */
void gatherColumns16(int64_t tokens, int64_t pairs, int64_t distinct, const int32_t* index, const int32_t* x, int32_t* y);

// ---- add-residuals.cc

/**
 * y[tokens, heads, 2 headWords] of bfloat16: row i is the row of x that index[i] names, where residual[i] is −1; and otherwise that row, the first 2 pairs
 * numbers of each head rotated by the angles of angle[i], and each number moved by as many floats as its residual says: a sign, of a number below, and
 * how many, less 1 where it is below. A prediction that is NaN counts as 0. All numbers are in words of 32 bits.
 *
 * @param interleaved whether a pair's numbers are neighbours
 */
void addResidualsBf16(int64_t tokens, int64_t heads, int64_t headWords, int64_t distinct, int64_t predicted, int64_t pairs, int64_t angles,
                      bool interleaved, const int32_t* index, const int32_t* residual, const int32_t* angle, const int32_t* x,
                      const int32_t* residuals, const float* cos, const float* sin, int32_t* y);

// ---- gated-activation.cc

enum class Activation { silu, geluTanh };

/** y = activation(gate) · up; geluTanh(g) = g/2 (1 + tanh(√(2/π) (g + 0.044715 g³))). */
void gatedActivation(Activation activation, int64_t count, const float* gate, const float* up, float* y);

void gatedActivationGradient(Activation activation, int64_t count, const float* dY, const float* gate, const float* up,
                             float* dGate, float* dUp);

// ---- gated-feed-forward.cc

struct FeedForwardShape {
  Activation activation;
  /** Rows, hidden size, inner features. */
  int64_t n, d, f;
};

struct FeedForwardWeights {
  /** [f, d] */
  const float* gate;
  /** [f, d] */
  const float* up;
  /** [d, f] */
  const float* down;
};

/** Like the weights. */
struct FeedForwardGradients {
  float *gate, *up, *down;
};

/** gate, up[n, f] = x[n, d] times their weights, hidden = activation(gate) · up, y[n, d] = hidden downᵀ + residual, which may be null. */
void gatedFeedForward(Precision precision, const FeedForwardShape& shape, const float* x, const FeedForwardWeights& weights,
                      const float* residual, float* gate, float* up, float* y);

/**
 * Gradients of {@link gatedFeedForward} but for the residual's, which is dY.
 *
 * @param gate what the forward pass made; is overwritten, as is `up`
 * @param memory for n · f numbers
 */
void gatedFeedForwardGradient(Precision precision, const FeedForwardShape& shape, const float* dY, const float* x,
                              const FeedForwardWeights& weights, float* gate, float* up, float* memory, float* dX,
                              const FeedForwardGradients& gradients);

// ---- stored-feed-forward.cc

struct StoredFeedForward {
  /** [f, d] */
  StoredMatrix gate;
  /** [f, d] */
  StoredMatrix up;
  /** [d, f] */
  StoredMatrix down;
};

/** y[n, d] = (activation(x gateᵀ) · x upᵀ) downᵀ + residual, which may be null; the bits of a row depend on that row alone. */
void storedGatedFeedForward(Activation activation, int64_t n, const float* x, const StoredFeedForward& weights, const float* residual,
                            float* y, InputPrecision inputs = InputPrecision::f32);

// ---- rms-norm.cc

/** y = x · inverseRms · weight with inverseRms[n] = 1 / sqrt(mean(x²) + epsilon) of each row. */
void rmsNorm(int64_t n, int64_t d, const float* x, const float* weight, float epsilon, float* y, float* inverseRms);

/** dX is the gradient by way of y, and added to it dResidual, that by way of other uses of x; null if there are none. */
void rmsNormGradient(int64_t n, int64_t d, const float* dY, const float* x, const float* weight, const float* inverseRms,
                     const float* dResidual, float* dX, float* dWeight);

// ---- layer-norm.cc

/** y = (x − mean) · inverseDeviation · weight with inverseDeviation[n] = 1 / sqrt(variance + epsilon) of each row, whose mean is means[n]. */
void layerNorm(int64_t n, int64_t d, const float* x, const float* weight, float epsilon, float* y, float* means,
               float* inverseDeviations);

void layerNormGradient(int64_t n, int64_t d, const float* dY, const float* x, const float* weight, const float* means,
                       const float* inverseDeviations, float* dX, float* dWeight);

// ---- rope.cc

/** Turns each head's vector of x[rows, heads, headDim], or with `inverse` back, which is the gradient. Row i is at position i mod s. */
void rope(int64_t rows, int64_t s, int64_t heads, int64_t headDim, const Rotation& rotation, const float* x, bool inverse, float* y);

// ---- first-largest.cc

/** places[n] = where each row of x[n, d] has its largest number, the first of equal ones; −1 where a number of the row is not finite. d is at most 2²⁴. */
void firstLargest(int64_t n, int64_t d, const float* x, float* places);

// ---- draw-token.cc

/**
 * ids[count] = where x[v] has its largest numbers, in their order, equal ones by place; −1 where some number is NaN. On the calling thread, as what
 * follows.
 */
void rankLogits(int64_t v, int64_t count, const float* x, int32_t* ids);

/** total[2], the bits of a double: Σ e^((x − largest) / temperature) over x[v], of which none is larger than `largest`. */
void sumExponentials(int64_t v, const float* x, double largest, double temperature, int32_t* total);

// ---- gaussian-top-k.cc

/** y = max(0, x − (mean + deviations · standard deviation)), with each row's mean and standard deviation (divided by d). */
void gaussianTopK(int64_t n, int64_t d, const float* x, float deviations, float* y, float* means, float* standardDeviations);

void gaussianTopKGradient(int64_t n, int64_t d, const float* dY, const float* x, float deviations, const float* means,
                          const float* standardDeviations, float* dX);

// ---- softmax.cc

/** y = the softmax of each row of x[n, d]. */
void softmax(int64_t n, int64_t d, const float* x, float* y);

void softmaxGradient(int64_t n, int64_t d, const float* dY, const float* y, float* dX);

/** y[n] = ln Σ exp of each row of x[n, d]. */
void logSumExp(int64_t n, int64_t d, const float* x, float* y);

void logSumExpGradient(int64_t n, int64_t d, const float* dY, const float* x, const float* y, float* dX);

/** y = each row of x[n, d] divided by its sum, of sums[n]. */
void normalizeSum(int64_t n, int64_t d, const float* x, float* y, float* sums);

void normalizeSumGradient(int64_t n, int64_t d, const float* dY, const float* y, const float* sums, float* dX);

// ---- scale-positions.cc

/** y = x · factors[position] for x[rows, d]; row i is at position i mod s. */
void scalePositions(int64_t rows, int64_t s, int64_t d, const float* x, const float* factors, float* y);

// ---- alt-up.cc

/** The residual stream's copies, each [n, d], and which of them a layer computes. */
struct AltUpShape {
  int64_t d, copies, active;
};

/**
 * What makes the coefficients of a row x: coefficients · tanh(weight · normed / d), where normed is x divided by its root mean square or, if
 * `centered`, its distance from its mean by its deviation, times the gains; epsilon is added to the mean square.
 */
struct AltUpRouter {
  /** [d] */
  const float* gains;
  /** [a, d] for a copies. */
  const float* weight;
  /** [as many as a row's mixture has, a] */
  const float* coefficients;
  float epsilon;
  bool centered;
};

/** The gradients of what an {@link AltUpRouter} is made of. */
struct AltUpRouterGradients {
  float *gains, *weight, *coefficients;
};

/** ys[i] = copies[i] + Σ_j c_ij copies[j], with the coefficients c [a · a] of the active copy's row; modalities[n, a] are the tanh. */
void altUpPredict(int64_t n, const AltUpShape& shape, const AltUpRouter& router, const float* const* copies, float* modalities,
                  float* const* ys);

void altUpPredictGradient(int64_t n, const AltUpShape& shape, const float* const* dYs, const AltUpRouter& router,
                          const float* const* copies, const float* modalities, const AltUpRouterGradients& dRouter,
                          float* const* dCopies);

/** ys[i] = predictions[i] + (1 + c_i) (output − predictions[active]), with the coefficients c [a] of the output's row. */
void altUpCorrect(int64_t n, const AltUpShape& shape, const AltUpRouter& router, const float* output,
                  const float* const* predictions, float* modalities, float* const* ys);

/** Gradients of {@link altUpCorrect}, whose prediction here is the active one; those by the other predictions are dYs themselves. */
void altUpCorrectGradient(int64_t n, const AltUpShape& shape, const float* const* dYs, const AltUpRouter& router, const float* output,
                          const float* prediction, const float* modalities, const AltUpRouterGradients& dRouter, float* dOutput,
                          float* dPrediction);

// ---- match-magnitudes.cc

/** ys[i] = xs[i] · √(mean square of other's row / max(mean square of the own row, least)) for matrices [n, d]. */
void matchMagnitudes(int64_t n, int64_t d, int64_t count, float least, const float* other, const float* const* xs, float* const* ys);

void matchMagnitudesGradient(int64_t n, int64_t d, int64_t count, float least, const float* const* dYs, const float* other,
                             const float* const* xs, float* dOther, float* const* dXs);

// ---- layer-slices.cc

/** ys[layer][n, p] = factorA · a[n, layer, p] + factorB · b[n, layer, p]. */
void sumLayerSlices(int64_t n, int64_t layers, int64_t p, const float* a, float factorA, const float* b, float factorB,
                    float* const* ys);

void sumLayerSlicesGradient(int64_t n, int64_t layers, int64_t p, const float* const* dYs, float factorA, float factorB, float* dA,
                            float* dB);

// ---- columns.cc

/** means[d] = the mean of the rows of x[n, d]. */
void columnMeans(int64_t n, int64_t d, const float* x, float* means);

void columnMeansGradient(int64_t n, int64_t d, const float* dMeans, float* dX);

/** y = x[n, d] + addends[d] in each row. */
void addToColumns(int64_t n, int64_t d, const float* x, const float* addends, float* y);

/** The sum of each column of x[n, d], which is the gradient of the addends. */
void columnSums(int64_t n, int64_t d, const float* x, float* sums);

/** y = x[n, d] with each column times its factor of factors[d]. */
void scaleColumns(int64_t n, int64_t d, const float* x, const float* factors, float* y);

/** products[d] = each column of a[n, d] times that of b[n, d]. */
void columnProducts(int64_t n, int64_t d, const float* a, const float* b, float* products);

// ---- embedding.cc

/** y[n, d] = the rows of weight[V, d] that ids name; ids were checked. */
void embedding(int64_t n, int64_t d, const int32_t* ids, const float* weight, float* y);

/** dWeight[V, d] = for each row of weight, the sum of dY[n, d] over its uses, in their order. */
void embeddingGradient(int64_t n, int64_t d, int64_t vocabularySize, const int32_t* ids, const float* dY, float* dWeight);

// ---- cross-entropy.cc

/** What becomes of the products z of hidden states and output weights, before the softmax. */
struct LogitOptions {
  /** z · scale … */
  float scale = 1;
  /** … and then softCap · tanh(z / softCap); 0 for no cap. */
  float softCap = 0;
};

/**
 * losses[n] = −ln softmax(x[n, d] weight[V, d]ᵀ)[target], 0 where the target is −1. Logits exist for some rows at a time only.
 */
void tokenLosses(Precision precision, int64_t n, int64_t d, int64_t vocabularySize, const float* x, const float* weight,
                 const int32_t* targets, float* losses, const LogitOptions& options = {});

/**
 * The mean of {@link tokenLosses} over the rows that have a target (0 if none has), and its gradients dX[n, d], dWeight[V, d], which may be null.
 * @return the mean
 */
double linearCrossEntropy(Precision precision, int64_t n, int64_t d, int64_t vocabularySize, const float* x, const float* weight,
                          const int32_t* targets, float* dX, float* dWeight, const LogitOptions& options = {});

// ---- frozen-layers.cc: layers whose matrices training leaves as they are

/** One of several linear layers, or of stacks of them, that share an input, for its gradient. */
struct FrozenLayer {
  /** [out, in], or [groups · out, in] */
  StoredMatrix matrix;
  /** [n, out] */
  const float* dY;
};

/** {@link linear} with a stored matrix: with the bits of its floats. (Of int8 in few rows, whose sums are scaled, with nearly the same.) */
void frozenLinear(Precision precision, int64_t n, const StoredMatrix& matrix, const float* x, const float* residual, float* y);

/** dX[n, in] = Σ dY matrix of `count` layers. */
void frozenLinearGradient(Precision precision, int64_t n, const FrozenLayer* layers, int64_t count, float* dX);

/** {@link groupedLinear} with stored matrices. */
void frozenGroupedLinear(Precision precision, int64_t groups, const int32_t* offsets, const float* x, const StoredLayer* layers,
                         int64_t count);

/** The gradient of {@link frozenGroupedLinear} by x. */
void frozenGroupedLinearGradient(Precision precision, int64_t groups, const int32_t* offsets, const FrozenLayer* layers, int64_t count,
                                 float* dX);

/** {@link tokenLosses} with a stored matrix [V, d]. */
void frozenTokenLosses(Precision precision, int64_t n, const StoredMatrix& matrix, const float* x, const int32_t* targets, float* losses,
                       const LogitOptions& options = {});

/** {@link linearCrossEntropy} with a stored matrix [V, d], and its gradient dX[n, d]. */
double frozenLinearCrossEntropy(Precision precision, int64_t n, const StoredMatrix& matrix, const float* x, const int32_t* targets,
                                float* dX, const LogitOptions& options = {});

// ---- adamw.cc

struct AdamWOptions {
  double learningRate, beta1, beta2, epsilon;
  /** 1 for the first update. */
  int64_t step;
  /** Gradients are multiplied by it first: the factor that clips their global norm. */
  double gradientScale;
};

/** One parameter's values, gradient and moments; the moments and the parameter change in place. */
struct AdamWTensor {
  float* parameter;
  const float* gradient;
  float* firstMoment;
  float* secondMoment;
  int64_t count;
  double weightDecay;
  double learningRateFactor = 1;
};

/** Updates all parameters: AdamW with decoupled weight decay. */
void adamW(const AdamWTensor* tensors, int64_t count, const AdamWOptions& options);

// ---- muon.cc

struct MuonOptions {
  /** β of the running mean of gradients. */
  double momentum;
  /** Gradients are multiplied by it first. */
  double gradientScale;
};

/** A matrix, or a stack of them; momentum and parameter change in place. */
struct MuonTensor {
  const float* gradient;
  float* parameter;
  float* momentum;
  /** What an orthogonal matrix is multiplied with, and what decay leaves of the parameter. */
  double rate, kept;
};

/** Updates `count` tensors of one shape [stack, rows, columns]. */
void muon(Precision precision, int64_t rows, int64_t columns, int64_t stack, const MuonTensor* tensors, int64_t count,
          const MuonOptions& options);

// ---- elementwise.cc

/** y = a + b. */
void add(int64_t count, const float* a, const float* b, float* y);

/** y = value in every element. */
void fill(int64_t count, float value, float* y);

/** y = a · factor. */
void scale(int64_t count, const float* a, float factor, float* y);

/** y = factor · Σ xs of `terms` arrays. */
void scaledSum(int64_t count, int64_t terms, const float* const* xs, float factor, float* y);

/** The sum of squares of all elements of all tensors, in double precision. */
double sumOfSquares(const float* const* tensors, const int64_t* counts, int64_t tensorCount);

}  // namespace arrowsmith

/**
 * @file The table of kernels that JavaScript may call. What an entry says of a kernel's arguments is checked of every call
 * (kernel-signature.h), and src/addon-kernels.ts is made of it. Kernels that take structs or pointers to pointers are functions here of
 * what JavaScript has: numbers, arrays and lists of arrays.
 */
#pragma once
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "addon-binding.h"
#include "gemm.h"
#include "kernels.h"

namespace arrowsmith {
namespace {

// ---- Products

/** Of operands of one matrix all products are with that one. */
void gemmOfBatches(Precision precision, bool transposedA, bool transposedB, int64_t count, int64_t countA, int64_t countB, int64_t m,
                   int64_t n, int64_t k, const float* a, const float* b, float* c) {
  gemmBatched(precision, transposedA, transposedB, count, m, n, k, a, countA == 1 ? 0 : m * k, b, countB == 1 ? 0 : k * n, c);
}

std::vector<LinearLayer> linearLayers(const Sizes& outs, const FloatArrays& dYs, const FloatArrays& weights,
                                      const FloatArrays& dWeights) {
  std::vector<LinearLayer> layers;
  for (size_t i = 0; i < outs.size(); i++) layers.push_back({outs[i], dYs[i], weights[i], dWeights[i]});
  return layers;
}

void linearGradientsOfArrays(Precision precision, int64_t n, int64_t in, const Sizes& outs, const float* x, const FloatArrays& dYs,
                             const FloatArrays& weights, float* dX, const FloatArrays& dWeights) {
  const auto layers = linearLayers(outs, dYs, weights, dWeights);
  linearGradients(precision, n, in, x, layers.data(), static_cast<int64_t>(layers.size()), dX);
}

void groupedLinearOfArrays(Precision precision, int64_t, int64_t in, int64_t groups, const Sizes& outs, const int32_t* offsets,
                           const float* x, const FloatArrays& weights, const FloatArrays& ys) {
  std::vector<GroupedLayer> layers;
  for (size_t i = 0; i < outs.size(); i++) layers.push_back({outs[i], weights[i], ys[i]});
  groupedLinear(precision, groups, offsets, in, x, layers.data(), static_cast<int64_t>(layers.size()));
}

void groupedLinearGradientsOfArrays(Precision precision, int64_t, int64_t in, int64_t groups, const Sizes& outs,
                                    const int32_t* offsets, const float* x, const FloatArrays& dYs, const FloatArrays& weights,
                                    float* dX, const FloatArrays& dWeights) {
  const auto layers = linearLayers(outs, dYs, weights, dWeights);
  groupedLinearGradients(precision, groups, offsets, in, x, layers.data(), static_cast<int64_t>(layers.size()), dX);
}

// ---- Stored matrices

/** Of a list, number i of which has so many rows. */
StoredMatrix storedMatrix(size_t i, int64_t rows, int64_t columns, const Formats& formats, const IntegerArrays& words) {
  return {formats[i], rows, columns, words[i]};
}

void storedLinear(InputPrecision inputs, int64_t n, int64_t in, const Sizes& outs, const Formats& formats, const float* x, const IntegerArrays& words,
                  const FloatArrays& ys) {
  std::vector<StoredProduct> products;
  for (size_t i = 0; i < outs.size(); i++) products.push_back({storedMatrix(i, outs[i], in, formats, words), n, x, nullptr, ys[i], inputs});
  multiplyStored(products.data(), static_cast<int64_t>(products.size()));
}

void storedLinearAdd(InputPrecision inputs, int64_t n, int64_t in, int64_t out, Format format, const float* x, const int32_t* words, const float* residual,
                     float* y) {
  StoredProduct product{{format, out, in, words}, n, x, residual, y, inputs};
  multiplyStored(&product, 1);
}

void storedGroupedLinearOfArrays(InputPrecision inputs, int64_t, int64_t in, int64_t groups, const Sizes& outs, const Formats& formats,
                                 const int32_t* offsets, const float* x, const IntegerArrays& words, const FloatArrays& ys) {
  std::vector<StoredLayer> layers;
  for (size_t i = 0; i < outs.size(); i++) layers.push_back({storedMatrix(i, groups * outs[i], in, formats, words), ys[i]});
  storedGroupedLinear(groups, offsets, x, layers.data(), static_cast<int64_t>(layers.size()), inputs);
}

void storedGatedFeedForwardOfArrays(InputPrecision inputs, Activation activation, int64_t n, int64_t d, int64_t f, Format gateFormat,
                                    Format upFormat, Format downFormat, const float* x, const int32_t* gate, const int32_t* up,
                                    const int32_t* down, const float* residual, float* y) {
  const StoredFeedForward weights{{gateFormat, f, d, gate}, {upFormat, f, d, up}, {downFormat, d, f, down}};
  storedGatedFeedForward(activation, n, x, weights, residual, y, inputs);
}

void storedEmbeddingOfTable(int64_t n, int64_t d, int64_t v, Format format, float scale, const int32_t* ids, const int32_t* words,
                            float* y) {
  storedEmbedding(n, ids, {format, v, d, words}, scale, y);
}

// ---- Frozen layers

std::vector<FrozenLayer> frozenLayers(int64_t groups, int64_t in, const Sizes& outs, const Formats& formats, const FloatArrays& dYs,
                                      const IntegerArrays& words) {
  std::vector<FrozenLayer> layers;
  for (size_t i = 0; i < outs.size(); i++) layers.push_back({storedMatrix(i, groups * outs[i], in, formats, words), dYs[i]});
  return layers;
}

void frozenLinearOfArrays(Precision precision, int64_t n, int64_t in, int64_t out, Format format, const float* x, const int32_t* words,
                          const float* residual, float* y) {
  frozenLinear(precision, n, {format, out, in, words}, x, residual, y);
}

void frozenLinearGradientOfArrays(Precision precision, int64_t n, int64_t in, const Sizes& outs, const Formats& formats,
                                  const FloatArrays& dYs, const IntegerArrays& words, float* dX) {
  const auto layers = frozenLayers(1, in, outs, formats, dYs, words);
  frozenLinearGradient(precision, n, layers.data(), static_cast<int64_t>(layers.size()), dX);
}

void frozenGroupedLinearOfArrays(Precision precision, int64_t, int64_t in, int64_t groups, const Sizes& outs, const Formats& formats,
                                 const int32_t* offsets, const float* x, const IntegerArrays& words, const FloatArrays& ys) {
  std::vector<StoredLayer> layers;
  for (size_t i = 0; i < outs.size(); i++) layers.push_back({storedMatrix(i, groups * outs[i], in, formats, words), ys[i]});
  frozenGroupedLinear(precision, groups, offsets, x, layers.data(), static_cast<int64_t>(layers.size()));
}

void frozenGroupedLinearGradientOfArrays(Precision precision, int64_t, int64_t in, int64_t groups, const Sizes& outs,
                                         const Formats& formats, const int32_t* offsets, const FloatArrays& dYs,
                                         const IntegerArrays& words, float* dX) {
  const auto layers = frozenLayers(groups, in, outs, formats, dYs, words);
  frozenGroupedLinearGradient(precision, groups, offsets, layers.data(), static_cast<int64_t>(layers.size()), dX);
}

void frozenTokenLossesWithOptions(Precision precision, int64_t n, int64_t d, int64_t v, Format format, const float* x,
                                  const int32_t* words, const int32_t* targets, float scale, float softCap, float* losses) {
  frozenTokenLosses(precision, n, {format, v, d, words}, x, targets, losses, {scale, softCap});
}

void frozenLinearCrossEntropyWithOptions(Precision precision, int64_t n, int64_t d, int64_t v, Format format, const float* x,
                                         const int32_t* words, const int32_t* targets, float scale, float softCap, float* loss,
                                         float* dX) {
  *loss = static_cast<float>(frozenLinearCrossEntropy(precision, n, {format, v, d, words}, x, targets, dX, {scale, softCap}));
}

// ---- Formats

/** @throws std::out_of_range where rows cannot be cut into the format's blocks */
void checkBlocks(Format format, int64_t, int64_t d, const float*, float*) {
  if (takesRows(format, d)) return;
  throw std::out_of_range("fakeQuantize: d must be a multiple of " + std::to_string(blockFormat(format)->size) +
                          ", the values of a block of the format, not " + std::to_string(d));
}

// ---- Attention

void pagedAttentionOfArrays(int64_t, int64_t b, int64_t heads, int64_t keyHeads, int64_t headDim, int64_t slots, int64_t,
                            int64_t blockSize, int64_t keyOffset, int64_t valueOffset, float scale, int64_t window, int64_t chunk,
                            float softCap, const int32_t* queryOffsets, const int32_t* lengths, const int32_t* blocks, int64_t maskSide,
                            int64_t, const int32_t* maskTable, const int32_t* bitmaps, const float* q, const float* k, const float* v,
                            float* out) {
  const BlockMask mask{maskSide, maskTable, bitmaps};
  pagedAttention({b, heads, keyHeads, headDim, slots, queryOffsets, lengths, blocks, blockSize, keyOffset, valueOffset, scale, window,
                  chunk, softCap, q, maskSide == 0 ? nullptr : &mask},
                 k, v, out);
}

void checkPagesOfArrays(int64_t, int64_t b, int64_t heads, int64_t keyHeads, int64_t headDim, int64_t slots, int64_t blockCount,
                        int64_t blockSize, int64_t keyOffset, int64_t valueOffset, float scale, int64_t window, int64_t chunk,
                        float softCap, const int32_t* queryOffsets, const int32_t* lengths, const int32_t* blocks, int64_t maskSide,
                        int64_t bitmapCount, const int32_t* maskTable, const int32_t* bitmaps, const float* q, const float*, const float*,
                        float*) {
  const BlockMask mask{maskSide, maskTable, bitmaps};
  checkPages("pagedAttention",
             {b, heads, keyHeads, headDim, slots, queryOffsets, lengths, blocks, blockSize, keyOffset, valueOffset, scale, window, chunk,
              softCap, q, maskSide == 0 ? nullptr : &mask},
             blockCount, bitmapCount);
}

void pagedAttentionInt8OfArrays(int64_t, int64_t b, int64_t heads, int64_t keyHeads, int64_t headDim, int64_t slots, int64_t,
                                int64_t blockSize, int64_t keyOffset, int64_t valueOffset, float scale, int64_t window, int64_t chunk,
                                float softCap, const int32_t* queryOffsets, const int32_t* lengths, const int32_t* blocks,
                                int64_t maskSide, int64_t, const int32_t* maskTable, const int32_t* bitmaps, const float* q,
                                int64_t rowWords, int64_t rowScales, int32_t* words, float* scales, float* out) {
  const BlockMask mask{maskSide, maskTable, bitmaps};
  pagedAttentionInt8({b, heads, keyHeads, headDim, slots, queryOffsets, lengths, blocks, blockSize, keyOffset, valueOffset, scale, window,
                      chunk, softCap, q, maskSide == 0 ? nullptr : &mask},
                     {keyHeads, headDim, rowWords, rowScales, words, scales}, out);
}

void checkInt8PagesOfArrays(int64_t, int64_t b, int64_t heads, int64_t keyHeads, int64_t headDim, int64_t slots, int64_t blockCount,
                            int64_t blockSize, int64_t keyOffset, int64_t valueOffset, float scale, int64_t window, int64_t chunk,
                            float softCap, const int32_t* queryOffsets, const int32_t* lengths, const int32_t* blocks, int64_t maskSide,
                            int64_t bitmapCount, const int32_t* maskTable, const int32_t* bitmaps, const float* q, int64_t, int64_t,
                            int32_t*, float*, float*) {
  const BlockMask mask{maskSide, maskTable, bitmaps};
  checkPages("pagedAttentionInt8",
             {b, heads, keyHeads, headDim, slots, queryOffsets, lengths, blocks, blockSize, keyOffset, valueOffset, scale, window, chunk,
              softCap, q, maskSide == 0 ? nullptr : &mask},
             blockCount, bitmapCount);
}

void writeRowsOfTable(int64_t n, int64_t, int64_t d, const int32_t* at, const float* rows, float* table) {
  writeRows(n, d, at, rows, table);
}

void writeRowsInt8OfTable(int64_t n, int64_t, int64_t heads, int64_t headDim, int64_t rowWords, int64_t rowScales, const int32_t* at,
                          const float* rows, int32_t* words, float* scales) {
  writeRowsInt8(n, heads, headDim, at, rows, {heads, headDim, rowWords, rowScales, words, scales});
}

/** A rotation of no rotaryPairs is none. */
void attentionOfShape(Precision precision, int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads, int64_t headDim,
                      float scale, int64_t window, int64_t chunk, float softCap, const int32_t* documentOffsets, int64_t rotaryPairs,
                      bool interleaved, const float* cos, const float* sin, int64_t maskSide, int64_t, const int32_t* maskTable,
                      const int32_t* bitmaps, const float* q, const float* k, const float* v, float* out, float* logSumExp) {
  const Rotation rotation{cos, sin, rotaryPairs, interleaved};
  const BlockMask mask{maskSide, maskTable, bitmaps};
  attention(precision,
            {b, s, sKv, heads, kvHeads, headDim, scale, window, chunk, softCap, documentOffsets, rotaryPairs == 0 ? nullptr : &rotation,
             maskSide == 0 ? nullptr : &mask},
            q, k, v, out, logSumExp);
}

void attentionGradientOfShape(Precision precision, int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads,
                              int64_t headDim, float scale, int64_t window, int64_t chunk, float softCap, const int32_t* documentOffsets,
                              int64_t rotaryPairs, bool interleaved, const float* cos, const float* sin, int64_t maskSide, int64_t,
                              const int32_t* maskTable, const int32_t* bitmaps, const float* dOut, const float* q, const float* k,
                              const float* v, const float* out, const float* logSumExp, float* dQ, float* dK, float* dV) {
  const Rotation rotation{cos, sin, rotaryPairs, interleaved};
  const BlockMask mask{maskSide, maskTable, bitmaps};
  attentionGradient(precision,
                    {b, s, sKv, heads, kvHeads, headDim, scale, window, chunk, softCap, documentOffsets, rotaryPairs == 0 ? nullptr : &rotation,
                     maskSide == 0 ? nullptr : &mask},
                    dOut, q, k, v, out, logSumExp, dQ, dK, dV);
}

/** Of either: with documents, any row of the mask may be asked for. */
template <bool isGradient, class... Arrays>
void checkAttentionMask(Precision, int64_t, int64_t s, int64_t sKv, int64_t, int64_t, int64_t, float, int64_t, int64_t, float,
                        const int32_t* documentOffsets, int64_t, bool, const float*, const float*, int64_t maskSide, int64_t bitmapCount,
                        const int32_t* maskTable, const int32_t* bitmaps, Arrays...) {
  if (maskSide == 0) return;
  checkMask(isGradient ? "attentionGradient" : "attention", {maskSide, maskTable, bitmaps}, bitmapCount, documentOffsets == nullptr ? sKv - s : 0,
            sKv, sKv);
}

void ropeOfTables(int64_t b, int64_t s, int64_t heads, int64_t headDim, int64_t rotaryPairs, const float* x, const float* cos,
                  const float* sin, bool interleaved, bool inverse, float* y) {
  rope(b * s, s, heads, headDim, {cos, sin, rotaryPairs, interleaved}, x, inverse, y);
}

void scalePositionsOfBatch(int64_t b, int64_t s, int64_t d, const float* x, const float* factors, float* y) {
  scalePositions(b * s, s, d, x, factors, y);
}

// ---- Feed-forward networks

void gatedFeedForwardOfArrays(Precision precision, Activation activation, int64_t n, int64_t d, int64_t f, const float* x,
                              const float* gateWeight, const float* upWeight, const float* downWeight, const float* residual,
                              float* gate, float* up, float* y) {
  gatedFeedForward(precision, {activation, n, d, f}, x, {gateWeight, upWeight, downWeight}, residual, gate, up, y);
}

void gatedFeedForwardGradientOfArrays(Precision precision, Activation activation, int64_t n, int64_t d, int64_t f, const float* dY,
                                      const float* x, const float* gateWeight, const float* upWeight, const float* downWeight,
                                      float* gate, float* up, float* memory, float* dX, float* dGateWeight, float* dUpWeight,
                                      float* dDownWeight) {
  gatedFeedForwardGradient(precision, {activation, n, d, f}, dY, x, {gateWeight, upWeight, downWeight}, gate, up, memory, dX,
                           {dGateWeight, dUpWeight, dDownWeight});
}

// ---- Copies of the residual stream

void altUpPredictOfArrays(int64_t n, int64_t d, int64_t a, int64_t active, const float* gains, const float* weight,
                          const float* coefficients, float epsilon, bool centered, const FloatArrays& copies, float* modalities,
                          const FloatArrays& ys) {
  altUpPredict(n, {d, a, active}, {gains, weight, coefficients, epsilon, centered}, copies.data(), modalities, ys.data());
}

void altUpPredictGradientOfArrays(int64_t n, int64_t d, int64_t a, int64_t active, const float* gains, const float* weight,
                                  const float* coefficients, float epsilon, bool centered, const FloatArrays& dYs,
                                  const FloatArrays& copies, const float* modalities, float* dGains, float* dWeight,
                                  float* dCoefficients, const FloatArrays& dCopies) {
  altUpPredictGradient(n, {d, a, active}, dYs.data(), {gains, weight, coefficients, epsilon, centered}, copies.data(), modalities,
                       {dGains, dWeight, dCoefficients}, dCopies.data());
}

void altUpCorrectOfArrays(int64_t n, int64_t d, int64_t a, int64_t active, const float* gains, const float* weight,
                          const float* coefficients, float epsilon, bool centered, const float* output,
                          const FloatArrays& predictions, float* modalities, const FloatArrays& ys) {
  altUpCorrect(n, {d, a, active}, {gains, weight, coefficients, epsilon, centered}, output, predictions.data(), modalities,
               ys.data());
}

void altUpCorrectGradientOfArrays(int64_t n, int64_t d, int64_t a, int64_t active, const float* gains, const float* weight,
                                  const float* coefficients, float epsilon, bool centered, const FloatArrays& dYs,
                                  const float* output, const float* prediction, const float* modalities, float* dGains,
                                  float* dWeight, float* dCoefficients, float* dOutput, float* dPrediction) {
  altUpCorrectGradient(n, {d, a, active}, dYs.data(), {gains, weight, coefficients, epsilon, centered}, output, prediction,
                       modalities, {dGains, dWeight, dCoefficients}, dOutput, dPrediction);
}

void matchMagnitudesOfArrays(int64_t n, int64_t d, int64_t count, float least, const float* other, const FloatArrays& xs,
                             const FloatArrays& ys) {
  matchMagnitudes(n, d, count, least, other, xs.data(), ys.data());
}

void matchMagnitudesGradientOfArrays(int64_t n, int64_t d, int64_t count, float least, const FloatArrays& dYs, const float* other,
                                     const FloatArrays& xs, float* dOther, const FloatArrays& dXs) {
  matchMagnitudesGradient(n, d, count, least, dYs.data(), other, xs.data(), dOther, dXs.data());
}

void sumLayerSlicesOfArrays(int64_t n, int64_t layers, int64_t p, const float* a, float factorA, const float* b, float factorB,
                            const FloatArrays& ys) {
  sumLayerSlices(n, layers, p, a, factorA, b, factorB, ys.data());
}

void sumLayerSlicesGradientOfArrays(int64_t n, int64_t layers, int64_t p, const FloatArrays& dYs, float factorA, float factorB,
                                    float* dA, float* dB) {
  sumLayerSlicesGradient(n, layers, p, dYs.data(), factorA, factorB, dA, dB);
}

void scaledSumOfArrays(int64_t count, int64_t terms, const FloatArrays& xs, float factor, float* y) {
  scaledSum(count, terms, xs.data(), factor, y);
}

// ---- Losses and the optimizer

void tokenLossesWithOptions(Precision precision, int64_t n, int64_t d, int64_t v, const float* x, const float* weight,
                            const int32_t* targets, float scale, float softCap, float* losses) {
  tokenLosses(precision, n, d, v, x, weight, targets, losses, {scale, softCap});
}

void linearCrossEntropyWithOptions(Precision precision, int64_t n, int64_t d, int64_t v, const float* x, const float* weight,
                                   const int32_t* targets, float scale, float softCap, float* loss, float* dX, float* dWeight) {
  *loss = static_cast<float>(linearCrossEntropy(precision, n, d, v, x, weight, targets, dX, dWeight, {scale, softCap}));
}

void embeddingOfTable(int64_t n, int64_t d, int64_t, const int32_t* ids, const float* weight, float* y) {
  embedding(n, d, ids, weight, y);
}

void adamWOfArrays(const Sizes& counts, const FloatArrays& parameters, const FloatArrays& gradients, const FloatArrays& firstMoments,
                   const FloatArrays& secondMoments, const Numbers& weightDecays, const Numbers& learningRateFactors,
                   double learningRate, double beta1, double beta2, double epsilon, int64_t step, double gradientScale) {
  std::vector<AdamWTensor> tensors;
  for (size_t i = 0; i < counts.size(); i++) {
    tensors.push_back({parameters[i], gradients[i], firstMoments[i], secondMoments[i], counts[i], weightDecays[i],
                       learningRateFactors[i]});
  }
  adamW(tensors.data(), static_cast<int64_t>(tensors.size()), {learningRate, beta1, beta2, epsilon, step, gradientScale});
}

void muonOfArrays(Precision precision, int64_t count, int64_t groups, int64_t rows, int64_t columns, const FloatArrays& gradients,
                  const FloatArrays& parameters, const FloatArrays& momenta, const Numbers& rates, const Numbers& kept, double momentum,
                  double gradientScale) {
  std::vector<MuonTensor> tensors;
  for (size_t i = 0; i < static_cast<size_t>(count); i++) {
    tensors.push_back({gradients[i], parameters[i], momenta[i], rates[i], kept[i]});
  }
  muon(precision, rows, columns, groups, tensors.data(), count, {momentum, gradientScale});
}

void globalNormOfArrays(const Sizes& counts, const FloatArrays& tensors, float* norm) {
  *norm = static_cast<float>(std::sqrt(sumOfSquares(tensors.data(), counts.data(), static_cast<int64_t>(counts.size()))));
}

// ---- The table

/** All kernels. Is never destroyed: at the process's end other threads may be in one. */
const std::vector<Kernel>& kernels() {
  const std::string mask = "maskSide>=0, bitmapCount>=0, maskTable[maskSide maskSide], bitmaps[" + std::to_string(2 * kMaskBlock) + " bitmapCount], ";
  const std::string attentionShape =
      "precision, b, s, sKv, heads, kvHeads, headDim, scale, window>=0, chunk>=0, softCap, documentOffsets?[b sKv], rotaryPairs>=0, interleaved,"
      "cos[sKv rotaryPairs], sin[sKv rotaryPairs], " +
      mask;
  const std::string attentionConditions = "; s <= sKv, heads % kvHeads, 2 rotaryPairs <= headDim, documentOffsets rise within sKv";
  const std::string pages =
      "n>=0, b, heads, keyHeads, headDim, slots, blockCount>=0, blockSize, keyOffset>=0, valueOffset>=0, scale, window>=0,"
      "chunk>=0, softCap, queryOffsets[b + 1], lengths[b], blocks[blockCount], " +
      mask + "q[n heads headDim], ";
  const std::string pagesConditions =
      "; heads % keyHeads, queryOffsets rise to n, lengths in 0..2147483647, blocks in -1..slots";
  // Of a router that makes `rows` coefficients of a row.
  const auto router = [](const std::string& rows) {
    return "n>=0, d, a, active>=0, gains[d], weight[a d], coefficients[" + rows + " a], epsilon, centered, ";
  };
  const auto routerGradients = [](const std::string& rows) {
    return "dGains[d], dWeight[a d], dCoefficients[" + rows + " a], ";
  };
  static const auto& all = *new std::vector<Kernel>{
      kernel("gemmBatched",
             "precision, transposedA, transposedB, count, countA, countB, m, n, k, a[countA m k], b[countB k n], c[count m n];"
             "countA is 1 or count, countB is 1 or count",
             gemmOfBatches),
      kernel("linear", "precision, n>=0, input, out, x[n input], weight[out input], residual?[n out], y[n out]", linear),
      kernel("linearGradients",
             "precision, n>=0, input, outs, x[n input], dYs(outs)[n outs], weights(outs)[outs input], dX[n input],"
             "dWeights(outs)[outs input]",
             linearGradientsOfArrays),
      kernel("groupedLinear",
             "precision, n>=0, input, groups, outs, offsets[groups + 1], x[n input], weights(outs)[groups outs input], ys(outs)[n outs];"
             "offsets rise to n",
             groupedLinearOfArrays),
      kernel("groupedLinearGradients",
             "precision, n>=0, input, groups, outs, offsets[groups + 1], x[n input], dYs(outs)[n outs],"
             "weights(outs)[groups outs input], dX[n input], dWeights(outs)[groups outs input]; offsets rise to n",
             groupedLinearGradientsOfArrays),

      kernel("storedLinear",
             "inputPrecision, n>=0, input, outs, formats(outs), x[n input], words(outs)[outs by input in formats], ys(outs)[n outs]",
             storedLinear),
      kernel("storedLinearAdd",
             "inputPrecision, n>=0, input, out, format, x[n input], words[out by input in format], residual[n out], y[n out]",
             storedLinearAdd),
      kernel("storedGroupedLinear",
             "inputPrecision, n>=0, input, groups, outs, formats(outs), offsets[groups + 1], x[n input], words(outs)[groups outs by input in formats],"
             "ys(outs)[n outs]; offsets rise to n",
             storedGroupedLinearOfArrays),
      kernel("storedGatedFeedForward",
             "inputPrecision, activation, n>=0, d, f, gateFormat, upFormat, downFormat, x[n d], gate[f by d in gateFormat], up[f by d in upFormat],"
             "down[d by f in downFormat], residual?[n d], y[n d]",
             storedGatedFeedForwardOfArrays),
      kernel("storedEmbedding", "n>=0, d, v, format, scale, ids[n], table[v by d in format], y[n d]; ids in 0..v",
             storedEmbeddingOfTable),
      kernel("frozenLinear",
             "precision, n>=0, input, out, format, x[n input], words[out by input in format], residual?[n out], y[n out]",
             frozenLinearOfArrays),
      kernel("frozenLinearGradient",
             "precision, n>=0, input, outs, formats(outs), dYs(outs)[n outs], words(outs)[outs by input in formats], dX[n input]",
             frozenLinearGradientOfArrays),
      kernel("frozenGroupedLinear",
             "precision, n>=0, input, groups, outs, formats(outs), offsets[groups + 1], x[n input],"
             "words(outs)[groups outs by input in formats], ys(outs)[n outs]; offsets rise to n",
             frozenGroupedLinearOfArrays),
      kernel("frozenGroupedLinearGradient",
             "precision, n>=0, input, groups, outs, formats(outs), offsets[groups + 1], dYs(outs)[n outs],"
             "words(outs)[groups outs by input in formats], dX[n input]; offsets rise to n",
             frozenGroupedLinearGradientOfArrays),
      kernel("pagedAttention",
             pages + "k[slots keyHeads headDim], v[slots keyHeads headDim], out[n heads headDim]" + pagesConditions,
             pagedAttentionOfArrays, checkPagesOfArrays),
      kernel("pagedAttentionInt8",
             pages + "rowWords, rowScales, words[slots rowWords], scales[slots rowScales], out[n heads headDim]" + pagesConditions +
                 ", keyHeads headDim <= 4 rowWords, rowScales % keyHeads",
             pagedAttentionInt8OfArrays, checkInt8PagesOfArrays),
      kernel("writeRows", "n>=0, slots, d, at[n], rows[n d], table[slots d]; at in 0..slots, at differ", writeRowsOfTable),
      kernel("writeRowsInt8",
             "n>=0, slots, heads, headDim, rowWords, rowScales, at[n], rows[n heads headDim], words[slots rowWords],"
             "scales[slots rowScales]; at in 0..slots, at differ, heads headDim <= 4 rowWords, rowScales % heads",
             writeRowsInt8OfTable),

      kernel("topK", "n>=0, experts, k, x[n experts], values[n k], indices[n k]; k <= experts, experts <= 2147483647", topK),
      kernel("topKGradient", "n>=0, experts, k, dValues[n k], indices[n k], dX[n experts]; indices in 0..experts", topKGradient),
      kernel("dispatch", "n>=0, k, d, slots[n k], weights?[n k], x[n d], y[n k d]; slots in 0..n k", dispatch),
      kernel("combine", "n>=0, k, d, slots[n k], weights?[n k], x[n k d], y[n d]; slots in 0..n k", combine),
      kernel("slotProducts", "n>=0, k, d, slots[n k], a[n d], b[n k d], products[n k]; slots in 0..n k", slotProducts),

      kernel("attention",
             attentionShape +
                 "q[b s heads headDim], k[b sKv kvHeads headDim], v[b sKv kvHeads headDim], out[b s heads headDim],"
                 "logSumExp[b heads s]" +
                 attentionConditions,
             attentionOfShape, checkAttentionMask<false>),
      kernel("attentionGradient",
             attentionShape +
                 "dOut[b s heads headDim], q[b s heads headDim], k[b sKv kvHeads headDim], v[b sKv kvHeads headDim],"
                 "out[b s heads headDim], logSumExp[b heads s], dQ[b s heads headDim], dK[b sKv kvHeads headDim],"
                 "dV[b sKv kvHeads headDim]" +
                 attentionConditions,
             attentionGradientOfShape, checkAttentionMask<true>),
      kernel("rope",
             "b, s, heads, headDim, rotaryPairs>=0, x[b s heads headDim], cos[s rotaryPairs], sin[s rotaryPairs], interleaved, inverse,"
             "y[b s heads headDim]; 2 rotaryPairs <= headDim",
             ropeOfTables),
      kernel("scalePositions", "b, s, d, x[b s d], factors[s], y[b s d]", scalePositionsOfBatch),

      kernel("rmsNorm", "n>=0, d, x[n d], weight[d], epsilon, y[n d], inverseRms[n]", rmsNorm),
      kernel("rmsNormGradient", "n>=0, d, dY[n d], x[n d], weight[d], inverseRms[n], dResidual?[n d], dX[n d], dWeight[d]",
             rmsNormGradient),
      kernel("layerNorm", "n>=0, d, x[n d], weight[d], epsilon, y[n d], means[n], inverseDeviations[n]", layerNorm),
      kernel("layerNormGradient", "n>=0, d, dY[n d], x[n d], weight[d], means[n], inverseDeviations[n], dX[n d], dWeight[d]",
             layerNormGradient),

      kernel("gatedActivation", "activation, count>=0, gate[count], up[count], y[count]", gatedActivation),
      kernel("gatedActivationGradient", "activation, count>=0, dY[count], gate[count], up[count], dGate[count], dUp[count]",
             gatedActivationGradient),
      kernel("gatedFeedForward",
             "precision, activation, n>=0, d, f, x[n d], gateWeight[f d], upWeight[f d], downWeight[d f], residual?[n d], gate[n f],"
             "up[n f], y[n d]",
             gatedFeedForwardOfArrays),
      kernel("gatedFeedForwardGradient",
             "precision, activation, n>=0, d, f, dY[n d], x[n d], gateWeight[f d], upWeight[f d], downWeight[d f], gate[n f], up[n f],"
             "memory[n f], dX[n d], dGateWeight[f d], dUpWeight[f d], dDownWeight[d f]",
             gatedFeedForwardGradientOfArrays),

      kernel("gaussianTopK", "n>=0, d, x[n d], deviations, y[n d], means[n], standardDeviations[n]", gaussianTopK),
      kernel("gaussianTopKGradient", "n>=0, d, dY[n d], x[n d], deviations, means[n], standardDeviations[n], dX[n d]",
             gaussianTopKGradient),
      kernel("firstLargest", "n>=0, d, x[n d], places[n]; d <= 16777216", firstLargest),
      kernel("rankLogits", "vocabulary, count, x[vocabulary], ids[count]; count <= vocabulary", rankLogits),
      kernel("sumExponentials", "v, x[v], largest, temperature, total[2]", sumExponentials),
      kernel("softmax", "n>=0, d, x[n d], y[n d]", softmax),
      kernel("softmaxGradient", "n>=0, d, dY[n d], y[n d], dX[n d]", softmaxGradient),
      kernel("logSumExp", "n>=0, d, x[n d], y[n]", logSumExp),
      kernel("logSumExpGradient", "n>=0, d, dY[n], x[n d], y[n], dX[n d]", logSumExpGradient),
      kernel("normalizeSum", "n>=0, d, x[n d], y[n d], sums[n]", normalizeSum),
      kernel("normalizeSumGradient", "n>=0, d, dY[n d], y[n d], sums[n], dX[n d]", normalizeSumGradient),

      kernel("addToColumns", "n>=0, d, x[n d], addends[d], y[n d]", addToColumns),
      kernel("columnSums", "n>=0, d, x[n d], sums[d]", columnSums),
      kernel("columnMeans", "n>=0, d, x[n d], means[d]", columnMeans),
      kernel("columnMeansGradient", "n>=0, d, dMeans[d], dX[n d]", columnMeansGradient),
      kernel("scaleColumns", "n>=0, d, x[n d], factors[d], y[n d]", scaleColumns),
      kernel("columnProducts", "n>=0, d, a[n d], b[n d], products[d]", columnProducts),

      kernel("altUpPredict", router("a a") + "copies(a)[n d], modalities[n a], ys(a)[n d]; active in 0..a", altUpPredictOfArrays),
      kernel("altUpPredictGradient",
             router("a a") + "dYs(a)[n d], copies(a)[n d], modalities[n a], " + routerGradients("a a") +
                 "dCopies(a)[n d]; active in 0..a",
             altUpPredictGradientOfArrays),
      kernel("altUpCorrect", router("a") + "output[n d], predictions(a)[n d], modalities[n a], ys(a)[n d]; active in 0..a",
             altUpCorrectOfArrays),
      kernel("altUpCorrectGradient",
             router("a") + "dYs(a)[n d], output[n d], prediction[n d], modalities[n a], " + routerGradients("a") +
                 "dOutput[n d], dPrediction[n d]; active in 0..a",
             altUpCorrectGradientOfArrays),
      kernel("matchMagnitudes", "n>=0, d, count, least, other[n d], xs(count)[n d], ys(count)[n d]", matchMagnitudesOfArrays),
      kernel("matchMagnitudesGradient",
             "n>=0, d, count, least, dYs(count)[n d], other[n d], xs(count)[n d], dOther[n d], dXs(count)[n d]",
             matchMagnitudesGradientOfArrays),
      kernel("sumLayerSlices", "n>=0, layers, p, a[n layers p], factorA, b[n layers p], factorB, ys(layers)[n p]",
             sumLayerSlicesOfArrays),
      kernel("sumLayerSlicesGradient", "n>=0, layers, p, dYs(layers)[n p], factorA, factorB, dA[n layers p], dB[n layers p]",
             sumLayerSlicesGradientOfArrays),

      kernel("embedding", "n>=0, d, v, ids[n], weight[v d], y[n d]; ids in 0..v", embeddingOfTable),
      kernel("embeddingGradient", "n>=0, d, v, ids[n], dY[n d], dWeight[v d]; ids in 0..v, n <= 2147483647", embeddingGradient),
      kernel("tokenLosses",
             "precision, n>=0, d, v, x[n d], weight[v d], targets[n], scale, softCap, losses[n]; targets in -1..v",
             tokenLossesWithOptions),
      kernel("linearCrossEntropy",
             "precision, n>=0, d, v, x[n d], weight[v d], targets[n], scale, softCap, loss[1], dX[n d], dWeight[v d];"
             "targets in -1..v",
             linearCrossEntropyWithOptions),
      kernel("frozenTokenLosses",
             "precision, n>=0, d, v, format, x[n d], words[v by d in format], targets[n], scale, softCap, losses[n]; targets in -1..v",
             frozenTokenLossesWithOptions),
      kernel("frozenLinearCrossEntropy",
             "precision, n>=0, d, v, format, x[n d], words[v by d in format], targets[n], scale, softCap, loss[1], dX[n d];"
             "targets in -1..v",
             frozenLinearCrossEntropyWithOptions),
      kernel("adamW",
             "counts, parameters(counts)[counts], gradients(counts)[counts], firstMoments(counts)[counts],"
             "secondMoments(counts)[counts], weightDecays(counts), learningRateFactors(counts), learningRate, beta1, beta2, epsilon,"
             "step, gradientScale",
             adamWOfArrays),
      kernel("muon",
             "precision, count, groups, rows, columns, gradients(count)[groups rows columns], parameters(count)[groups rows columns],"
             "momenta(count)[groups rows columns], rates(count), kept(count), momentum, gradientScale",
             muonOfArrays),
      kernel("globalNorm", "counts, tensors(counts)[counts], norm[1]", globalNormOfArrays),

      kernel("fakeQuantize", "format, n>=0, d, x[n d], y[n d]", fakeQuantize, checkBlocks),

      kernel("joinPlanes8",
             "words>=0, rest, isSigned, dropped>=0, heads[8 words], planes[rest words], numbers[8 words]; rest <= 7, dropped <= rest",
             joinPlanes8),
      kernel("joinPlanes16",
             "words>=0, rest, isSigned, dropped>=0, heads[8 words], planes[rest words], numbers[16 words]; rest <= 15, dropped <= rest",
             joinPlanes16),
      kernel("joinPlanes32",
             "words>=0, rest, isSigned, dropped>=0, heads[8 words], planes[rest words], numbers[32 words]; rest <= 31, dropped <= rest",
             joinPlanes32),

      kernel("gatherColumns16",
             "tokens>=0, pairs, distinct, index[tokens], x[pairs distinct], y[tokens pairs]; index in 0..distinct", gatherColumns16),
      kernel("addResidualsBf16",
             "tokens>=0, heads, headWords, distinct, predicted>=0, pairs>=0, angles, interleaved, index[tokens], residual[tokens],"
             "angle[tokens], x[distinct heads headWords], residuals[predicted heads headWords], cos[angles pairs], sin[angles pairs],"
             "y[tokens heads headWords]; index in 0..distinct, residual in -1..predicted, angle in 0..angles, pairs <= headWords",
             addResidualsBf16),

      kernel("add", "count>=0, a[count], b[count], y[count]", add),
      kernel("scale", "count>=0, a[count], factor, y[count]", scale),
      kernel("fill", "count>=0, value, y[count]", fill),
      kernel("scaledSum", "count>=0, terms, xs(terms)[count], factor, y[count]", scaledSumOfArrays),
  };
  return all;
}

}  // namespace
}  // namespace arrowsmith

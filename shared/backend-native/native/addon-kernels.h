/** @file Kernels that take structs, pointers to pointers or options, as functions of what JavaScript has: numbers and arrays. */
#pragma once
#include <cmath>
#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "addon-binding.h"
#include "gemm.h"
#include "kernels.h"

namespace arrowsmith {
namespace {

void gemmOfMatrices(Precision precision, int64_t m, int64_t n, int64_t k, const float* a, int64_t strideA, bool transposedA,
                    const float* b, int64_t strideB, bool transposedB, float* c, int64_t strideC, bool accumulate) {
  gemm(precision, m, n, k, {a, strideA, transposedA}, {b, strideB, transposedB}, c, strideC, accumulate);
}

/** The shape with its sequences' documents. @throws std::invalid_argument where a query would see no key, or what is no key */
AttentionShape withStarts(AttentionShape shape, const OptionalInts& starts) {
  if (starts.data == nullptr) return shape;
  bool valid = starts.count == shape.b * shape.sKv;
  for (int64_t i = 0; valid && i < starts.count; i++) {
    const int64_t position = i % shape.sKv, start = starts.data[i];
    valid = start >= 0 && start <= position && (position == 0 || starts.data[i - 1] <= start);
  }
  if (!valid) throw std::invalid_argument("starts must be [b, s_kv], from 0 on, rise, and be at most their own positions");
  shape.starts = starts.data;
  return shape;
}

/** The shape with a rotation where there are tables. */
AttentionShape withRotation(AttentionShape shape, const OptionalFloats& cos, const Rotation& rotation) {
  if (cos.data != nullptr) shape.rotation = &rotation;
  return shape;
}

void attentionOfShape(Precision precision, int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads, int64_t headDim,
                      float scale, int64_t window, int64_t chunk, float softCap, const OptionalInts& starts,
                      const OptionalFloats& cos, const OptionalFloats& sin, int64_t planes, bool interleaved, const float* q,
                      const float* k, const float* v, float* out, float* logSumExp) {
  const AttentionShape shape{b, s, sKv, heads, kvHeads, headDim, scale, window, chunk, softCap};
  const Rotation rotation{cos.data, sin.data, planes, interleaved};
  attention(precision, withRotation(withStarts(shape, starts), cos, rotation), q, k, v, out, logSumExp);
}

void attentionGradientOfShape(Precision precision, int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads,
                              int64_t headDim, float scale, int64_t window, int64_t chunk, float softCap,
                              const OptionalInts& starts, const OptionalFloats& cos, const OptionalFloats& sin, int64_t planes,
                              bool interleaved, const float* dOut, const float* q, const float* k, const float* v,
                              const float* out, const float* logSumExp, float* dQ, float* dK, float* dV) {
  const AttentionShape shape{b, s, sKv, heads, kvHeads, headDim, scale, window, chunk, softCap};
  const Rotation rotation{cos.data, sin.data, planes, interleaved};
  attentionGradient(precision, withRotation(withStarts(shape, starts), cos, rotation), dOut, q, k, v, out, logSumExp, dQ, dK, dV);
}

void ropeOfTables(int64_t rows, int64_t s, int64_t heads, int64_t headDim, int64_t planes, const float* x, const float* cos,
                  const float* sin, bool interleaved, bool inverse, float* y) {
  rope(rows, s, heads, headDim, {cos, sin, planes, interleaved}, x, inverse, y);
}

void linearOntoResidual(Precision precision, int64_t n, int64_t in, int64_t out, const float* x, const float* weight,
                        const OptionalFloats& residual, float* y) {
  linear(precision, n, in, out, x, weight, residual.data, y);
}

void gatedFeedForwardOfArrays(Precision precision, Activation activation, int64_t n, int64_t d, int64_t f, const float* x,
                              const float* gateWeight, const float* upWeight, const float* downWeight, const OptionalFloats& residual,
                              float* gate, float* up, float* y) {
  gatedFeedForward(precision, {activation, n, d, f}, x, {gateWeight, upWeight, downWeight}, residual.data, gate, up, y);
}

void gatedFeedForwardGradientOfArrays(Precision precision, Activation activation, int64_t n, int64_t d, int64_t f, const float* dY,
                                      const float* x, const float* gateWeight, const float* upWeight, const float* downWeight,
                                      float* gate, float* up, float* memory, float* dX, float* dGateWeight, float* dUpWeight,
                                      float* dDownWeight) {
  gatedFeedForwardGradient(precision, {activation, n, d, f}, dY, x, {gateWeight, upWeight, downWeight}, gate, up, memory, dX,
                           {dGateWeight, dUpWeight, dDownWeight});
}

void rmsNormGradientWithResidual(int64_t n, int64_t d, const float* dY, const float* x, const float* weight,
                                 const float* inverseRms, const OptionalFloats& dResidual, float* dX, float* dWeight) {
  rmsNormGradient(n, d, dY, x, weight, inverseRms, dResidual.data, dX, dWeight);
}

void linearGradientsOfArrays(Precision precision, int64_t n, int64_t in, float* x, const FloatArrays& dYs,
                             const FloatArrays& weights, float* dX, const FloatArrays& dWeights) {
  const size_t count = weights.data.size();
  if (dYs.data.size() != count || dWeights.counts != weights.counts || in == 0) {
    throw std::invalid_argument("weights and their gradients must be as many and of the same lengths");
  }
  std::vector<LinearLayer> layers;
  for (size_t i = 0; i < count; i++) {
    layers.push_back({weights.counts[i] / in, dYs.data[i], weights.data[i], dWeights.data[i]});
  }
  linearGradients(precision, n, in, x, layers.data(), static_cast<int64_t>(count), dX);
}

/** @throws std::invalid_argument unless all are n · d numbers */
void expectMatrices(const FloatArrays& arrays, int64_t n, int64_t d) {
  for (const int64_t count : arrays.counts) {
    if (count != n * d) throw std::invalid_argument("matrices must be of the same shape");
  }
}

/** @throws std::invalid_argument unless there are `count` */
void expectCount(const FloatArrays& arrays, int64_t count) {
  if (static_cast<int64_t>(arrays.data.size()) != count) throw std::invalid_argument("copies and results must be as many");
}

/** The copies' shape. @throws std::invalid_argument unless all arrays are as many matrices, and one of them is the active one */
AltUpShape altUpShapeOf(int64_t n, int64_t d, int64_t active, std::initializer_list<const FloatArrays*> lists) {
  const int64_t count = static_cast<int64_t>((*lists.begin())->data.size());
  for (const FloatArrays* arrays : lists) {
    expectMatrices(*arrays, n, d);
    expectCount(*arrays, count);
  }
  if (active >= count) throw std::invalid_argument("the active copy must be one of the copies");
  return {d, count, active};
}

void altUpPredictOfArrays(int64_t n, int64_t d, int64_t active, const float* gains, const float* weight, const float* coefficients,
                          float epsilon, bool centered, const FloatArrays& copies, float* modalities, const FloatArrays& ys) {
  const AltUpShape shape = altUpShapeOf(n, d, active, {&copies, &ys});
  altUpPredict(n, shape, {gains, weight, coefficients, epsilon, centered}, copies.data.data(), modalities, ys.data.data());
}

void altUpPredictGradientOfArrays(int64_t n, int64_t d, int64_t active, const float* gains, const float* weight,
                                  const float* coefficients, float epsilon, bool centered, const FloatArrays& dYs,
                                  const FloatArrays& copies, const float* modalities, float* dGains, float* dWeight,
                                  float* dCoefficients, const FloatArrays& dCopies) {
  const AltUpShape shape = altUpShapeOf(n, d, active, {&dYs, &copies, &dCopies});
  altUpPredictGradient(n, shape, dYs.data.data(), {gains, weight, coefficients, epsilon, centered}, copies.data.data(), modalities,
                       {dGains, dWeight, dCoefficients}, dCopies.data.data());
}

void altUpCorrectOfArrays(int64_t n, int64_t d, int64_t active, const float* gains, const float* weight, const float* coefficients,
                          float epsilon, bool centered, const float* output, const FloatArrays& predictions, float* modalities,
                          const FloatArrays& ys) {
  const AltUpShape shape = altUpShapeOf(n, d, active, {&predictions, &ys});
  altUpCorrect(n, shape, {gains, weight, coefficients, epsilon, centered}, output, predictions.data.data(), modalities,
               ys.data.data());
}

void altUpCorrectGradientOfArrays(int64_t n, int64_t d, int64_t active, const float* gains, const float* weight,
                                  const float* coefficients, float epsilon, bool centered, const FloatArrays& dYs,
                                  const float* output, const float* prediction, const float* modalities, float* dGains,
                                  float* dWeight, float* dCoefficients, float* dOutput, float* dPrediction) {
  const AltUpShape shape = altUpShapeOf(n, d, active, {&dYs});
  altUpCorrectGradient(n, shape, dYs.data.data(), {gains, weight, coefficients, epsilon, centered}, output, prediction, modalities,
                       {dGains, dWeight, dCoefficients}, dOutput, dPrediction);
}

void matchMagnitudesOfArrays(int64_t n, int64_t d, float least, const float* other, const FloatArrays& xs, const FloatArrays& ys) {
  const int64_t count = static_cast<int64_t>(xs.data.size());
  expectMatrices(xs, n, d);
  expectMatrices(ys, n, d);
  expectCount(ys, count);
  matchMagnitudes(n, d, count, least, other, xs.data.data(), ys.data.data());
}

void matchMagnitudesGradientOfArrays(int64_t n, int64_t d, float least, const FloatArrays& dYs, const float* other,
                                     const FloatArrays& xs, float* dOther, const FloatArrays& dXs) {
  const int64_t count = static_cast<int64_t>(xs.data.size());
  for (const FloatArrays* arrays : {&dYs, &xs, &dXs}) {
    expectMatrices(*arrays, n, d);
    expectCount(*arrays, count);
  }
  matchMagnitudesGradient(n, d, count, least, dYs.data.data(), other, xs.data.data(), dOther, dXs.data.data());
}

void sumLayerSlicesOfArrays(int64_t n, int64_t p, const float* a, float factorA, const float* b, float factorB,
                            const FloatArrays& ys) {
  expectMatrices(ys, n, p);
  sumLayerSlices(n, static_cast<int64_t>(ys.data.size()), p, a, factorA, b, factorB, ys.data.data());
}

void sumLayerSlicesGradientOfArrays(int64_t n, int64_t p, const FloatArrays& dYs, float factorA, float factorB, float* dA, float* dB) {
  expectMatrices(dYs, n, p);
  sumLayerSlicesGradient(n, static_cast<int64_t>(dYs.data.size()), p, dYs.data.data(), factorA, factorB, dA, dB);
}

void scaledSumOfArrays(int64_t count, const FloatArrays& xs, float factor, float* y) {
  expectMatrices(xs, count, 1);
  scaledSum(count, static_cast<int64_t>(xs.data.size()), xs.data.data(), factor, y);
}

/** The number of groups between whose offsets rows lie. @throws std::invalid_argument for offsets that are no such */
int64_t groupsOf(const Int32Array& offsets, int64_t n) {
  bool ordered = offsets.count > 0 && offsets.data[0] == 0 && offsets.data[offsets.count - 1] == n;
  for (int64_t i = 1; ordered && i < offsets.count; i++) ordered = offsets.data[i - 1] <= offsets.data[i];
  if (!ordered) throw std::invalid_argument("offsets must rise from 0 to the number of rows");
  return offsets.count - 1;
}

void groupedLinearOfArrays(Precision precision, int64_t n, int64_t in, const Int32Array& offsets, const float* x,
                           const FloatArrays& weights, const FloatArrays& ys) {
  const int64_t groups = groupsOf(offsets, n);
  const size_t count = weights.data.size();
  if (ys.data.size() != count || in == 0 || groups == 0) throw std::invalid_argument("weights and results must be as many");
  std::vector<GroupedLayer> layers;
  for (size_t i = 0; i < count; i++) layers.push_back({weights.counts[i] / in / groups, weights.data[i], ys.data[i]});
  groupedLinear(precision, groups, offsets.data, in, x, layers.data(), static_cast<int64_t>(count));
}

void groupedLinearGradientsOfArrays(Precision precision, int64_t n, int64_t in, const Int32Array& offsets, const float* x,
                                    const FloatArrays& dYs, const FloatArrays& weights, float* dX, const FloatArrays& dWeights) {
  const int64_t groups = groupsOf(offsets, n);
  const size_t count = weights.data.size();
  if (dYs.data.size() != count || dWeights.counts != weights.counts || in == 0 || groups == 0) {
    throw std::invalid_argument("weights and their gradients must be as many and of the same lengths");
  }
  std::vector<LinearLayer> layers;
  for (size_t i = 0; i < count; i++) {
    layers.push_back({weights.counts[i] / in / groups, dYs.data[i], weights.data[i], dWeights.data[i]});
  }
  groupedLinearGradients(precision, groups, offsets.data, in, x, layers.data(), static_cast<int64_t>(count), dX);
}

void dispatchOptionallyWeighted(int64_t n, int64_t k, int64_t d, const int32_t* slots, const OptionalFloats& weights,
                                const float* x, float* y) {
  dispatch(n, k, d, slots, weights.data, x, y);
}

void combineOptionallyWeighted(int64_t n, int64_t k, int64_t d, const int32_t* slots, const OptionalFloats& weights,
                               const float* x, float* y) {
  combine(n, k, d, slots, weights.data, x, y);
}

void tokenLossesWithOptions(Precision precision, int64_t n, int64_t d, int64_t vocabularySize, const float* x,
                            const float* weight, const int32_t* targets, float scale, float softCap, float* losses) {
  tokenLosses(precision, n, d, vocabularySize, x, weight, targets, losses, {scale, softCap});
}

void linearCrossEntropyWithOptions(Precision precision, int64_t n, int64_t d, int64_t vocabularySize, const float* x,
                                   const float* weight, const int32_t* targets, float scale, float softCap, float* loss, float* dX,
                                   float* dWeight) {
  *loss = static_cast<float>(linearCrossEntropy(precision, n, d, vocabularySize, x, weight, targets, dX, dWeight, {scale, softCap}));
}

void adamWOfArrays(const FloatArrays& parameters, const FloatArrays& gradients, const FloatArrays& firstMoments,
                   const FloatArrays& secondMoments, const std::vector<double>& weightDecays,
                   const std::vector<double>& learningRateFactors, double learningRate, double beta1, double beta2,
                   double epsilon, int64_t step, double gradientScale) {
  const size_t count = parameters.data.size();
  if (gradients.counts != parameters.counts || firstMoments.counts != parameters.counts ||
      secondMoments.counts != parameters.counts || weightDecays.size() != count || learningRateFactors.size() != count) {
    throw std::invalid_argument(
        "parameters, gradients, moments, weight decays and factors must be as many and of the same lengths");
  }
  std::vector<AdamWTensor> tensors;
  for (size_t i = 0; i < count; i++) {
    tensors.push_back({parameters.data[i], gradients.data[i], firstMoments.data[i], secondMoments.data[i],
                       parameters.counts[i], weightDecays[i], learningRateFactors[i]});
  }
  adamW(tensors.data(), static_cast<int64_t>(count), {learningRate, beta1, beta2, epsilon, step, gradientScale});
}

void globalNormOfArrays(const FloatArrays& tensors, float* norm) {
  const double squares = sumOfSquares(tensors.data.data(), tensors.counts.data(), static_cast<int64_t>(tensors.data.size()));
  *norm = static_cast<float>(std::sqrt(squares));
}

}  // namespace
}  // namespace arrowsmith

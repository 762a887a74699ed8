/**
 * @file Cross-entropy of a language model's head: logits, softmax, loss and the gradients, some rows at a time, so that
 * the matrix of all logits [n, V] never exists. As the gradients need nothing but the logits, they are made at once.
 */
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels.h"
#include "parallel.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;
/** Logits in a chunk, 8 MB: few enough for the last cache, as they are written and read several times. */
constexpr int64_t kChunkFloats = 1 << 21;
/** Each chunk also packs all of the weight and adds to all of its gradient: for fewer rows that is a tenth or more. */
constexpr int64_t kMinimumChunkRows = 512;

constexpr int32_t kNoTarget = -1;

int64_t rowsPerChunk(int64_t vocabularySize) { return std::max(kMinimumChunkRows, kChunkFloats / vocabularySize); }

/** Distance between rows of logits: not a multiple of 2 KiB, with which rows would compete for few places in the caches. */
int64_t logitStride(int64_t vocabularySize) { return vocabularySize % 512 == 0 ? vocabularySize + 16 : vocabularySize; }

int64_t rowsPerPiece(int64_t vocabularySize) { return std::max<int64_t>(1, kPieceFloats / vocabularySize); }

float largest(int64_t count, const float* x) {
  constexpr int kVectors = 4;
  const float low = -__builtin_inff();
  Vec all[kVectors] = {splat(low), splat(low), splat(low), splat(low)};
  int64_t i = 0;
  for (; i + kVectors * kLanes <= count; i += kVectors * kLanes) {
    for (int k = 0; k < kVectors; k++) all[k] = maximum(all[k], load(x + i + k * kLanes));
  }
  forEachVector(i, count, [&](int64_t j, auto lanes) { all[0] = maximum(all[0], lanes.load(x + j, low)); });
  return maximum(maximum(maximum(all[0], all[1]), maximum(all[2], all[3])));
}

/** Σ e^(x − shift); with `store` the terms replace x. */
template <bool store>
float sumOfExponentials(int64_t count, float shift, std::conditional_t<store, float*, const float*> x) {
  constexpr int kSums = 4;
  Vec sums[kSums] = {};
  int64_t i = 0;
  const auto term = [&](int64_t j, auto lanes) {
    const Vec e = exponential(lanes.load(x + j, -__builtin_inff()) - splat(shift));
    if constexpr (store) lanes.store(x + j, e);
    return e;
  };
  for (; i + kSums * kLanes <= count; i += kSums * kLanes) {
    for (int k = 0; k < kSums; k++) sums[k] += term(i + k * kLanes, AllLanes{});
  }
  forEachVector(i, count, [&](int64_t j, auto lanes) { sums[0] += term(j, lanes); });
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/** Turns a row of products into logits. */
void applyOptions(int64_t vocabularySize, const LogitOptions& options, float* row) {
  if (options.softCap > 0) {
    const Vec inner = splat(options.scale / options.softCap), cap = splat(options.softCap);
    forEachVector(0, vocabularySize, [&](int64_t j, auto lanes) {
      lanes.store(row + j, hyperbolicTangent(lanes.load(row + j) * inner) * cap);
    });
  } else if (options.scale != 1) {
    const Vec scale = splat(options.scale);
    forEachVector(0, vocabularySize, [&](int64_t j, auto lanes) { lanes.store(row + j, lanes.load(row + j) * scale); });
  }
}

/** −ln of the target's probability, where the largest logit was taken off before exponentials were summed. */
double lossOf(float largestLogit, float sumOfExponentials, float targetLogit) {
  return std::log(static_cast<double>(sumOfExponentials)) + (static_cast<double>(largestLogit) - targetLogit);
}

/**
 * {@link lossAndGradient} with a soft cap c: the gradient by the products is that by the logits y times 1 − (y / c)². Logits are needed
 * to the end, so that exponentials are computed twice.
 */
double cappedLossAndGradient(int64_t vocabularySize, int32_t target, float factor, float softCap, float* row) {
  const float top = largest(vocabularySize, row);
  const float targetLogit = row[target];
  const float total = sumOfExponentials<false>(vocabularySize, top, row);
  const Vec normalize = splat(factor / total), inverseCap = splat(1 / softCap);
  forEachVector(0, vocabularySize, [&](int64_t j, auto lanes) {
    const Vec logit = lanes.load(row + j), t = logit * inverseCap;
    lanes.store(row + j, exponential(logit - splat(top)) * normalize * (splat(1) - t * t));
  });
  const float t = targetLogit * (1 / softCap);
  row[target] -= factor * (1 - t * t);
  return lossOf(top, total, targetLogit);
}

struct RowGradient {
  double loss;
  /** What the row is to be multiplied with to be the gradient: in the products that follow, the other side has fewer columns. */
  float scale;
};

/**
 * Turns a row of products, of which the options make logits, into the gradient of factor · loss by them, but for a scale: factor · (softmax −
 * one-hot target), times what the options multiply.
 */
RowGradient lossAndGradient(int64_t vocabularySize, int32_t target, float factor, const LogitOptions& options, float* row) {
  if (target == kNoTarget) {
    std::fill(row, row + vocabularySize, 0.0f);
    return {0, 0};
  }
  applyOptions(vocabularySize, options, row);
  factor *= options.scale;
  if (options.softCap > 0) return {cappedLossAndGradient(vocabularySize, target, factor, options.softCap, row), 1};
  const float top = largest(vocabularySize, row);
  const float targetLogit = row[target];
  const float total = sumOfExponentials<true>(vocabularySize, top, row);
  row[target] -= total;
  return {lossOf(top, total, targetLogit), factor / total};
}

/** y = x · factor. */
void scaleRow(int64_t count, const float* x, float factor, float* y) {
  forEachVector(0, count, [&](int64_t j, auto lanes) { lanes.store(y + j, lanes.load(x + j) * splat(factor)); });
}

}  // namespace

void tokenLosses(Precision precision, int64_t n, int64_t d, int64_t vocabularySize, const float* x, const float* weight,
                 const int32_t* targets, float* losses, const LogitOptions& options) {
  const int64_t chunk = std::min(n, rowsPerChunk(vocabularySize)), stride = logitStride(vocabularySize);
  float* logits = scratchFloats(Scratch::logits, chunk * stride);
  const SharedB output(precision, d, vocabularySize, {weight, d, true}, Scratch::secondSharedB);
  for (int64_t first = 0; first < n; first += chunk) {
    const int64_t rows = std::min(chunk, n - first);
    output.multiply(rows, {x + first * d, d, false}, logits, stride, false);  // [rows, V]
    parallelRanges(rows, rowsPerPiece(vocabularySize), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        float* row = logits + i * stride;
        const int32_t target = targets[first + i];
        if (target == kNoTarget) {
          losses[first + i] = 0;
          continue;
        }
        applyOptions(vocabularySize, options, row);
        const float top = largest(vocabularySize, row);
        const float total = sumOfExponentials<false>(vocabularySize, top, row);
        losses[first + i] = static_cast<float>(lossOf(top, total, row[target]));
      }
    });
  }
}

double linearCrossEntropy(Precision precision, int64_t n, int64_t d, int64_t vocabularySize, const float* x,
                          const float* weight, const int32_t* targets, float* dX, float* dWeight, const LogitOptions& options) {
  const int64_t count = n - std::count(targets, targets + n, kNoTarget);
  if (count == 0) {
    std::fill(dX, dX + n * d, 0.0f);
    if (dWeight != nullptr) std::fill(dWeight, dWeight + vocabularySize * d, 0.0f);
    return 0;
  }
  const float factor = static_cast<float>(1.0 / static_cast<double>(count));
  const int64_t chunk = std::min(n, rowsPerChunk(vocabularySize)), stride = logitStride(vocabularySize);
  float* logits = scratchFloats(Scratch::logits, chunk * stride);
  float* scaledX = scratchFloats(Scratch::scaledRows, chunk * (d + 1));  // [rows, d], and after them the scales
  float* scales = scaledX + chunk * d;
  double* losses = static_cast<double*>(scratchBytes(Scratch::partials, static_cast<size_t>(chunk) * sizeof(double)));
  const SharedB output(precision, d, vocabularySize, {weight, d, true}, Scratch::secondSharedB);
  const SharedB back(precision, vocabularySize, d, {weight, d, false}, Scratch::sharedB);
  double total = 0;
  for (int64_t first = 0; first < n; first += chunk) {
    const int64_t rows = std::min(chunk, n - first);
    output.multiply(rows, {x + first * d, d, false}, logits, stride, false);  // [rows, V]
    parallelRanges(rows, rowsPerPiece(vocabularySize), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const RowGradient row = lossAndGradient(vocabularySize, targets[first + i], factor, options, logits + i * stride);
        losses[i] = row.loss;
        scales[i] = row.scale;
        if (dWeight != nullptr) scaleRow(d, x + (first + i) * d, row.scale, scaledX + i * d);
      }
    });
    for (int64_t i = 0; i < rows; i++) total += losses[i];
    back.multiply(rows, {logits, stride, false}, dX + first * d, d, false);
    parallelRanges(rows, rowsPerPiece(d), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) scaleRow(d, dX + (first + i) * d, scales[i], dX + (first + i) * d);
    });
    if (dWeight == nullptr) continue;
    // dWeight[V, d] += dLogits[rows, V]ᵀ x[rows, d]
    gemm(precision, vocabularySize, d, rows, {logits, stride, true}, {scaledX, d, false}, dWeight, d, first > 0);
  }
  return total / static_cast<double>(count);
}

}  // namespace arrowsmith

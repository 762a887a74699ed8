/**
 * @file Gated feed-forward networks. Many rows go through all products of a pass in blocks, whose features stay in the cache from product to
 * product; the activated hidden features, which are cheaper to compute again than to keep, exist only while they are needed.
 */
#include <algorithm>

#include "block.h"
#include "gated-activation.h"
#include "grouped-products.h"
#include "parallel.h"
#include "scratch.h"
#include "streaming.h"
#include "tall-products.h"

namespace arrowsmith {
namespace {

/** Rows in a block, at most: two blocks of features, and what is fetched meanwhile, fit into the second-level cache. */
constexpr int64_t kFeatureRows = 48;
/** Fewer rows than these go through product by product: packing all weights first would cost more than the blocks save. */
constexpr int64_t kLeastRows = 512;
/** Floats between the ends of rows of features and the next ones' beginnings, so that rows do not compete for places in the caches. */
constexpr int64_t kGap = kLineFloats;

/** Calls `body(i, lanes)` for the vectors of a region of a matrix with f columns. */
template <class Body>
void forEachVectorOf(const Region& region, int64_t f, Body&& body) {
  for (int64_t row = region.row0; row < region.row1; row++) {
    forEachVector(row * f + region.column0, row * f + region.column1, body);
  }
}

/** Whether a pass goes by blocks of rows. */
bool goesByBlocks(const FeedForwardShape& shape) {
#if defined(ARROWSMITH_ACCELERATE)
  (void)shape;
  return false;  // Apple's library multiplies whole matrices
#else
  return shape.n >= kLeastRows;
#endif
}

/** A block of rows, some features at a time: [rows, width] each. */
struct FeatureBlock {
  int64_t row0, rows, f0, width;
  /** Of both. */
  int64_t stride;
  float *first, *second;

  /** Calls `body(at, local, lanes)` for the features' vectors: in a matrix [n, f], and in the block. */
  template <class Body>
  void forEachVector(int64_t f, Body&& body) const {
    for (int64_t i = 0; i < rows; i++) {
      arrowsmith::forEachVector(0, width, [&](int64_t j, auto lanes) { body((row0 + i) * f + f0 + j, i * stride + j, lanes); });
    }
  }
};

/** Calls `body(block, next)` for all features of all blocks of rows; `next` is for what a block reads besides, and passes from part to part. */
template <class Body>
void forEachBlock(const FeedForwardShape& shape, Body&& body) {
  const int64_t n = shape.n, f = shape.f;
  const int64_t fair = std::max(kLeastBlockRows, pieces(n, 4 * threads())), rows = std::min(kFeatureRows, evenPiece(fair, fair, kTileRows));
  const int64_t width = evenPiece(f, kDepth, kPanelWidth), stride = width + kGap;
  const size_t bytes = sizeof(float) * static_cast<size_t>(2 * rows * stride);
  needOnEachThread(Scratch::features, bytes);
  parallelRanges(n, rows, [&](int64_t row0, int64_t row1) {
    float* const features = static_cast<float*>(scratchBytes(Scratch::features, bytes));
    for (int64_t f0 = 0; f0 < f; f0 += width) {
      body(FeatureBlock{row0, row1 - row0, f0, std::min(width, f - f0), stride, features, features + rows * stride});
    }
  });
}

void forwardByBlocks(Precision precision, const FeedForwardShape& shape, const float* x, const FeedForwardWeights& weights,
                     const float* residual, float* gate, float* up, float* y) {
  const auto [activation, n, d, f] = shape;
  const SharedB gates(precision, d, f, {weights.gate, d, true}, Scratch::sharedB);
  const SharedB ups(precision, d, f, {weights.up, d, true}, Scratch::secondSharedB);
  const SharedB downs(precision, f, d, {weights.down, f, true}, Scratch::thirdSharedB);
  needForBlocks(available(precision), std::max(d, f));
  const StreamingStore storeGate(gate, n, f), storeUp(up, n, f);
  const bool streams = n * d >= kStreamedFloats;
  withActivation(activation, [&, n = n, d = d, f = f](auto function) {
    forEachBlock(shape, [&](const FeatureBlock& block) {
      const int64_t rows = block.rows, first = block.row0 * d, f0 = block.f0, f1 = f0 + block.width;
      ReadNext next;
      if (f0 == 0 && residual != nullptr) next.add(residual + first, d, rows, d);
      if (f1 == f) next.add(x + first + threads() * rows * d, d, std::min(rows, n - block.row0 - threads() * rows), d);
      multiplyInBlocks({rows, f0, f1, block.first, nullptr, block.stride, &next, true}, {x + first, d, false}, gates.packed(), 0, d);
      multiplyInBlocks({rows, f0, f1, block.second, nullptr, block.stride, &next, true}, {x + first, d, false}, ups.packed(), 0, d);
      block.forEachVector(f, [&](int64_t at, int64_t local, auto lanes) {
        const Vec gated = lanes.load(block.first + local), linear = lanes.load(block.second + local);
        storeGate(gate + at, gated, lanes);
        storeUp(up + at, linear, lanes);
        lanes.store(block.first + local, function.value(gated) * linear);
      });
      const float* const addend = f0 > 0 ? y + first : residual == nullptr ? nullptr : residual + first;
      const BlockTarget sums{rows, 0, d, y + first, addend, d, nullptr, false, streams && block.width == f};
      multiplyInBlocks(sums, {block.first, block.stride, false}, downs.packed(), f0, f1);
      completeStreaming();
    });
  });
}

/** dGate, and in place of gate and up the hidden features and dUp; and dX. */
void backwardByBlocks(Precision precision, const FeedForwardShape& shape, const float* dY, const FeedForwardWeights& weights, float* gate,
                      float* up, float* dGate, float* dX) {
  const auto [activation, n, d, f] = shape;
  const SharedB gates(precision, f, d, {weights.gate, d, false}, Scratch::sharedB);
  const SharedB ups(precision, f, d, {weights.up, d, false}, Scratch::secondSharedB);
  const SharedB downs(precision, d, f, {weights.down, f, false}, Scratch::thirdSharedB);
  needForBlocks(available(precision), std::max(d, f));
  const StreamingStore storeGate(dGate, n, f);
  withActivation(activation, [&, n = n, d = d, f = f](auto function) {
    forEachBlock(shape, [&](const FeatureBlock& block) {
      const int64_t rows = block.rows, first = block.row0 * d, f0 = block.f0, f1 = f0 + block.width;
      ReadNext next, after;
      if (f1 == f) after.add(dY + first + threads() * rows * d, d, std::min(rows, n - block.row0 - threads() * rows), d);
      next.add(gate + block.row0 * f + f0, f, rows, block.width);
      next.add(up + block.row0 * f + f0, f, rows, block.width);
      multiplyInBlocks({rows, f0, f1, block.first, nullptr, block.stride, &next, true}, {dY + first, d, false}, downs.packed(), 0, d);
      block.forEachVector(f, [&](int64_t at, int64_t local, auto lanes) {
        const Vec dHidden = lanes.load(block.first + local), linear = lanes.load(up + at);
        const Activated activated = function.valueAndSlope(lanes.load(gate + at));
        const Vec dGated = dHidden * linear * activated.slope, dLinear = dHidden * activated.value;
        lanes.store(block.first + local, dGated);
        lanes.store(block.second + local, dLinear);
        storeGate(dGate + at, dGated, lanes);
        lanes.store(up + at, dLinear);
        lanes.store(gate + at, activated.value * linear);
      });
      float* const sums = dX + first;
      multiplyInBlocks({rows, 0, d, sums, f0 > 0 ? sums : nullptr, d, &after}, {block.first, block.stride, false}, gates.packed(), f0, f1);
      multiplyInBlocks({rows, 0, d, sums, sums, d, &after}, {block.second, block.stride, false}, ups.packed(), f0, f1);
      completeStreaming();
    });
  });
}

void backwardByProducts(Precision precision, const FeedForwardShape& shape, const float* dY, const FeedForwardWeights& weights, float* gate,
                        float* up, float* dGate, float* dX) {
  const auto [activation, n, d, f] = shape;
  withActivation(activation, [&, n = n, d = d, f = f](auto function) {
    const auto differentiate = [&](const Region& region) {
      forEachVectorOf(region, f, [&](int64_t i, auto lanes) {
        const Vec dHidden = lanes.load(dGate + i), linear = lanes.load(up + i);
        const Activated activated = function.valueAndSlope(lanes.load(gate + i));
        lanes.store(dGate + i, dHidden * linear * activated.slope);
        lanes.store(up + i, dHidden * activated.value);
        lanes.store(gate + i, activated.value * linear);
      });
    };
    gemm(precision, n, f, d, {dY, d, false}, {weights.down, f, false}, dGate, {nullptr, differentiate});
  });
  const std::vector<ProductTerm> terms{{{dGate, f, false}, {weights.gate, d, false}, f}, {{up, f, false}, {weights.up, d, false}, f}};
  multiplyGrouped(precision, {{n, d, dX}}, terms);
}

}  // namespace

void gatedFeedForward(Precision precision, const FeedForwardShape& shape, const float* x, const FeedForwardWeights& weights,
                      const float* residual, float* gate, float* up, float* y) {
  if (goesByBlocks(shape)) return forwardByBlocks(precision, shape, x, weights, residual, gate, up, y);
  const auto [activation, n, d, f] = shape;
  float* const hidden = scratchFloats(Scratch::features, n * f);
  gemm(precision, n, f, d, {x, d, false}, {weights.gate, d, true}, gate, f, false);
  withActivation(activation, [&, f = f, n = n, d = d](auto function) {
    const auto activate = [&](const Region& region) {
      forEachVectorOf(region, f, [&](int64_t i, auto lanes) {
        lanes.store(hidden + i, function.value(lanes.load(gate + i)) * lanes.load(up + i));
      });
    };
    gemm(precision, n, f, d, {x, d, false}, {weights.up, d, true}, up, {nullptr, activate});
  });
  gemm(precision, n, d, f, {hidden, f, false}, {weights.down, f, true}, y, {residual, nullptr});
}

void gatedFeedForwardGradient(Precision precision, const FeedForwardShape& shape, const float* dY, const float* x,
                              const FeedForwardWeights& weights, float* gate, float* up, float* memory, float* dX,
                              const FeedForwardGradients& gradients) {
  const auto [activation, n, d, f] = shape;
  // Each element of gate and up is read for the last time just before what takes its place is written.
  float *const dGate = memory, *const dUp = up;
  const float* const hidden = gate;
  const auto backward = goesByBlocks(shape) ? backwardByBlocks : backwardByProducts;
  backward(precision, shape, dY, weights, gate, up, dGate, dX);
  const TallProduct down{d, dY, d, gradients.down, f, false};
  multiplyTall(precision, n, f, hidden, f, &down, 1);
  const TallProduct gateAndUp[] = {{f, dGate, f, gradients.gate, d, false}, {f, dUp, f, gradients.up, d, false}};
  multiplyTall(precision, n, d, x, d, gateAndUp, 2);
}

}  // namespace arrowsmith
